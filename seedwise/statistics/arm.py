"""An arm: the scores of one variant's runs, with every lost run counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedwise.statistics.intervals import LARGEST_SCORE


@dataclass(frozen=True)
class Arm:
    """The runs of one variant, in seed order (lost runs that are filled in come last).

    Attributes:
        variant: its name.
        seeds: of the finished runs.
        recorded: the metric of the finished runs; may be NaN or infinite.
        n_diverged: number of runs that diverged.
        n_failed: number of runs that failed.
        lost_seeds: of the runs that diverged or failed.
        lost_values: the metric that was recorded for these, if any; a run that diverged may have a finite one.
    """

    variant: str
    seeds: tuple[object, ...]
    recorded: NDArray[np.float64]
    n_diverged: int
    n_failed: int
    lost_seeds: tuple[object, ...] = ()
    lost_values: tuple[float, ...] = ()

    @property
    def n_lost(self) -> int:
        """Number of runs that ended without a score that counts."""
        return self.n_diverged + self.n_failed

    def with_lost_at(self, value: float | None) -> Arm:
        """Return the arm with its lost runs as if they had finished at `value`; at the mean of the others if None.

        An arm without a finished run, or with one that has no finite value, stays as it is.
        """
        if not self.n_lost or not self.complete or not len(self.scores):
            return self
        filled = float(self.scores.mean()) if value is None else value
        seeds = (*self.seeds, *self.lost_seeds)
        return Arm(self.variant, seeds, np.append(self.recorded, [filled] * self.n_lost), 0, 0)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which of `recorded` are finite."""
        return np.asarray(np.abs(self.recorded) <= LARGEST_SCORE)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The finite values, which can be analysed."""
        return self.recorded[self.usable]

    @property
    def complete(self) -> bool:
        """Whether every finished run has a finite value; if not, nothing is computed from the others."""
        return bool(self.usable.all())


def common_seeds(arm: Arm, other: Arm) -> tuple[tuple[object, ...], NDArray[np.float64], NDArray[np.float64]]:
    """The seeds that are usable in both arms, and the scores of each arm in this order."""
    mine = dict(zip(arm.seeds, arm.recorded, strict=True))
    theirs = dict(zip(other.seeds, other.recorded, strict=True))
    seeds = [seed for seed in mine if seed in theirs]
    pairs = np.array([[mine[seed], theirs[seed]] for seed in seeds], dtype=np.float64).reshape(-1, 2)
    finite = (np.abs(pairs) <= LARGEST_SCORE).all(axis=1)
    usable = tuple(seeds[index] for index in np.flatnonzero(finite))
    return usable, pairs[finite, 0], pairs[finite, 1]
