"""Small studies drawn without replacement from pools of many runs.

A study of n seeds drawn from a pool of N runs scatters less around the pool's mean than n fresh runs around the true
one: its variance is (1 - n/N) S²/n (Cochran 1977, section 2.5). Where a study's distance from the pool's mean matters
(power, coverage), that distance is therefore stretched by 1/√(1 - n/N). The spread within an arm needs no such
correction. The difference of two arms drawn from *one* pool has variance 2 S²/n, as for fresh arms, and is not changed.

Scores are counts of correctly classified test images, because the exact bootstrap is fast on whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Studies:
    """Studies of a variant, the baseline and a copy of the baseline, with n runs of each.

    Attributes:
        variant: counts, shape (studies, n).
        baseline: counts, shape (studies, n); column i has the same seed as in `variant` where the setting says so.
        copy: counts, shape (studies, n), of further runs of the baseline.
        variant_shift: added to every score of the variant, shape (studies,).
        baseline_shift: the same for the baseline and its copy.
    """

    variant: Counts
    baseline: Counts
    copy: Counts
    variant_shift: Floats
    baseline_shift: Floats

    @property
    def arms(self) -> tuple[Floats, Floats, Floats]:
        """Return variant, baseline and copy with the shifts applied."""
        variant, other = self.variant_shift[:, None], self.baseline_shift[:, None]
        return self.variant + variant, self.baseline + other, self.copy + other


class Population(Protocol):
    """A population from which studies are drawn."""

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw studies with n seeds per arm."""


@dataclass(frozen=True)
class OnePool:
    """A pool of one variant's runs, from which both arms are drawn: the null hypothesis is exactly true."""

    pool: Counts

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw three groups of n runs from the pool; arms are paired at random because equal seeds mean equal runs."""
        variant, baseline, copy = np.split(self.pool[positions(len(self.pool), 3 * n, studies, rng)], 3, axis=1)
        return Studies(variant, baseline, copy, np.zeros(studies), np.zeros(studies))

    def resampled(self, rng: np.random.Generator) -> OnePool:
        """Return a pool as a repetition of the whole experiment might give it."""
        return OnePool(rng.choice(self.pool, len(self.pool)))


@dataclass(frozen=True)
class TwoPools:
    """A pool of a variant's runs and a pool of the baseline's.

    Attributes:
        variant: counts, shape (N,).
        baseline: counts, shape (M,).
        aligned: entry i of both pools has the same seed.
        same_seeds: a study uses the same seeds in both arms; needs aligned pools.
        recentred: the pools' difference is subtracted, so that the null hypothesis is exactly true.
    """

    variant: Counts
    baseline: Counts
    aligned: bool
    same_seeds: bool
    recentred: bool = False

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw both arms, and stretch their distances from their pools' means."""
        chosen = positions(len(self.baseline), 2 * n, studies, rng)
        own = chosen[:, :n] if self.same_seeds else positions(len(self.variant), n, studies, rng)
        variant, baseline, copy = self.variant[own], self.baseline[chosen[:, :n]], self.baseline[chosen[:, n:]]
        shift = stretch(variant, self.variant)
        if self.recentred:
            shift -= self.variant.mean() - self.baseline.mean()
        return Studies(variant, baseline, copy, shift, stretch(baseline, self.baseline))

    def resampled(self, rng: np.random.Generator) -> TwoPools:
        """Return pools as a repetition of the whole experiment might give them."""
        seeds = rng.integers(len(self.baseline), size=len(self.baseline))
        own = seeds if self.aligned else rng.integers(len(self.variant), size=len(self.variant))
        return replace(self, variant=self.variant[own], baseline=self.baseline[seeds])


@dataclass(frozen=True)
class NormalNoise:
    """Normal scores rounded to whole counts, as in theory.

    Attributes:
        means: means of variant and baseline.
        stds: standard deviations of variant and baseline.
        correlation: correlation between runs with the same seed.
    """

    means: tuple[float, float]
    stds: tuple[float, float]
    correlation: float = 0.0

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw fresh runs."""
        shared, own, copy = rng.standard_normal((3, studies, n))
        z = self.correlation * shared + np.sqrt(1 - self.correlation**2) * own
        (m, m0), (s, s0) = self.means, self.stds
        variant, baseline, third = (np.rint(x).astype(np.int64) for x in (m + s * z, m0 + s0 * shared, m0 + s0 * copy))
        return Studies(variant, baseline, third, np.zeros(studies), np.zeros(studies))


def positions(size: int, n: int, studies: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw n different positions in a pool for each study, in random order; shape (studies, n)."""
    return np.argsort(rng.random((studies, size)), axis=1)[:, :n]


def stretch(scores: Counts, pool: Counts) -> Floats:
    """Return the shift with which the mean of each study's scores varies as that of fresh runs; shape (studies,)."""
    factor = 1 / np.sqrt(1 - scores.shape[1] / len(pool))
    shift: Floats = (factor - 1) * (scores.mean(axis=1) - pool.mean())
    return shift
