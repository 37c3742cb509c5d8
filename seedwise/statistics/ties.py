"""Runs that agree to the last digit: more of them than chance and the steps of the metrics explain.

Two runs agree if they do in every recorded metric that varies between the seeds of any variant. Whether agreement is
improbable is asked of the metric whose steps are finest beside its seed noise: a loss in full precision never ties, an
accuracy in three decimals often does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.statistics.chance import agreement_rate, at_least, resolution, tie_rate
from seedwise.statistics.intervals import LARGEST_SCORE

# Runs of one seed resemble each other across variants: up to a correlation of 0.75 the difference of two of them
# spreads at least half as widely as that of independent runs, and is 0 at most twice as often.
_ALIKE = 2.0
_ENDS = (0.0, 1.0, 100.0)  # of the scale of an accuracy, where scores pile up
# With no other variant to tell the seed noise, it is taken to be at least this part of a score, and two steps.
_LEAST_NOISE = 0.001
_FULL_PRECISION = 1e-6  # of a score: steps that are finer show every difference between two runs


@dataclass(frozen=True)
class Recorded:
    """The finished runs that have a usable score.

    Attributes:
        names: of the variants.
        arm: the variant of each run, as an index.
        seed: the seed of each run, as an index.
        scores: runs × metrics, the compared one first; NaN where a run has none.
    """

    names: tuple[str, ...]
    arm: NDArray[np.int64]
    seed: NDArray[np.int64]
    scores: NDArray[np.float64]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Number of runs by variant."""
        return np.bincount(self.arm, minlength=len(self.names))

    @cached_property
    def steps(self) -> NDArray[np.float64]:
        """The step in which each metric moves."""
        return np.array([resolution(column) for column in self.scores.T])

    @property
    def step(self) -> float:
        """The step of the compared metric."""
        return float(self.steps[0])

    @cached_property
    def _squares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums of squares within each variant, and their degrees of freedom: variants × metrics."""
        count = len(self.names)
        squares, degrees = np.zeros((count, self.scores.shape[1])), np.zeros((count, self.scores.shape[1]))
        for metric, column in enumerate(self.scores.T):
            known = np.isfinite(column)
            arm, own = self.arm[known], column[known]
            sizes = np.bincount(arm, minlength=count)
            means = np.bincount(arm, own, minlength=count) / np.maximum(sizes, 1)
            deviations = own - means[arm]
            deviations[np.abs(deviations) <= 1e-14 * np.abs(own)] = 0.0
            squares[:, metric] = np.bincount(arm, deviations**2, minlength=count)
            degrees[:, metric] = np.maximum(sizes - 1, 0)
        return squares, degrees

    @cached_property
    def stds(self) -> NDArray[np.float64]:
        """The seed standard deviation of each variant in each metric, 0 if it has only one run."""
        squares, degrees = self._squares
        return np.sqrt(squares / np.maximum(degrees, 1))

    @cached_property
    def pooled(self) -> NDArray[np.float64]:
        """The seed standard deviation in each metric, from the variants that vary; 0 if none does."""
        squares, degrees = self._squares
        freedom = np.where(squares > 0, degrees, 0).sum(axis=0)
        return np.asarray(np.sqrt(squares.sum(axis=0) / np.maximum(freedom, 1)))

    @cached_property
    def telling(self) -> list[int]:
        """The metrics that tell runs apart: the compared one, and others that seeds change."""
        return [0, *(metric for metric in range(1, self.scores.shape[1]) if self.stds[:, metric].any())]

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """A number for each run, the same for runs that agree."""
        codes = np.zeros(len(self.arm), dtype=np.int64)
        for metric in self.telling:
            found = pd.factorize(self.scores[:, metric], use_na_sentinel=False)[0]
            codes = pd.factorize(codes * (int(found.max(initial=0)) + 1) + found)[0].astype(np.int64)
        return codes

    @cached_property
    def distinct(self) -> NDArray[np.int64]:
        """Number of runs that differ from each other, by variant."""
        kinds = int(self.codes.max(initial=0)) + 1
        return np.bincount(np.unique(self.arm * kinds + self.codes) // kinds, minlength=len(self.names))

    def constant(self) -> list[int]:
        """The variants of which all runs, at least two, agree in the compared metric."""
        return [int(arm) for arm in np.flatnonzero((self.sizes >= 2) & (self.stds[:, 0] == 0))]

    def rows(self) -> NDArray[np.int64]:
        """The index of each run as variants × seeds, -1 where there is no run."""
        table = np.full((len(self.names), int(self.seed.max(initial=-1)) + 1), -1, dtype=np.int64)
        table[self.arm, self.seed] = np.arange(len(self.arm))
        return table


def recorded(runs: pd.DataFrame, names: Sequence[str], metrics: Sequence[str]) -> Recorded:
    """Collect the finished runs that have a usable value of the first metric."""
    finished = runs.loc[runs["status"] == "finished"] if "status" in runs.columns else runs
    columns = list(dict.fromkeys(metrics))
    values = np.column_stack([pd.to_numeric(finished[name], errors="coerce").to_numpy(np.float64) for name in columns])
    usable = np.abs(values[:, 0]) <= LARGEST_SCORE
    values[~(np.abs(values) <= LARGEST_SCORE)] = np.nan
    order = {name: index for index, name in enumerate(names)}
    code, present = pd.factorize(finished["variant"].astype(str))
    arm = np.array([order[name] for name in present], dtype=np.int64)[code]
    seed = pd.factorize(finished["seed"])[0].astype(np.int64)
    return Recorded(tuple(names), arm[usable], seed[usable], values[usable])


def repeating(found: Recorded, level: float) -> list[str]:
    """Return the variants that vary but in which, at this level for all together, too many runs agree."""
    return _improbable(found, found.distinct, _tie_rates(found).min(axis=1), level)


def repeating_scores(found: Recorded, level: float) -> list[str]:
    """Return the variants that vary but in which, improbably at this level, most runs have another's compared score.

    Such runs may differ in other metrics: then the seed reaches those, and perhaps not what decides.
    """
    count = len(found.names)
    pairs, sizes = np.unique(np.column_stack([found.arm, found.scores[:, 0]]), axis=0, return_counts=True)
    arm = pairs[:, 0].astype(np.int64)
    shared = np.bincount(arm, np.where(sizes > 1, sizes, 0), minlength=count)
    most = set(np.flatnonzero(2 * shared > found.sizes))
    names = _improbable(found, np.bincount(arm, minlength=count), _tie_rates(found)[:, 0], level)
    return [name for name in names if found.names.index(name) in most]


def _improbable(found: Recorded, distinct: NDArray[np.int64], rates: NDArray[np.float64], level: float) -> list[str]:
    """Return the variants with two distinct runs or more in which chance makes so few of them distinct too rarely."""
    expected = found.sizes * (found.sizes - 1) / 2 * rates
    chance = at_least(found.sizes - distinct, expected)
    improbable = (distinct > 1) & (chance < level / max(1, int((found.sizes >= 2).sum())))
    return [found.names[arm] for arm in np.flatnonzero(improbable)]


def _tie_rates(found: Recorded) -> NDArray[np.float64]:
    """Return how often two runs tie by chance, at most, for each variant and metric."""
    rates = tie_rate(found.steps, found.stds)
    if np.isin(found.scores, _ENDS).any():
        # An accuracy of 0 or 1 repeats for another reason, so the accuracy is then no evidence.
        rates[_piled(found)] = 1.0
    return rates


def _piled(found: Recorded) -> NDArray[np.bool_]:
    """Whether two runs of a variant lie at one end of the scale, for each variant and metric."""
    piled = np.zeros((len(found.names), found.scores.shape[1]), dtype=bool)
    for end in _ENDS:
        for metric, column in enumerate(found.scores.T):
            piled[:, metric] |= np.bincount(found.arm[column == end], minlength=len(found.names)) > 1
    return piled


def unused_seed(found: Recorded, level: float) -> list[str]:
    """Return the variants of which all runs agree although, at this level for all together, seeds should differ."""
    arms = [arm for arm in found.constant() if found.distinct[arm] == 1]
    tested = int((found.sizes >= 2).sum())
    names, blind, chance_of_all = [], [], 1.0
    for arm in arms:
        own, n = found.scores[found.arm == arm][0], int(found.sizes[arm])
        known = [metric for metric in range(len(own)) if found.pooled[metric] > 0 and own[metric] not in _ENDS]
        if known:
            chance = min(agreement_rate(found.steps[metric], found.pooled[metric], n) for metric in known)
            names += [found.names[arm]] if chance < level / tested else []
        else:  # nothing shows how widely seeds spread
            blind.append(found.names[arm])
            chance_of_all *= min(_blind_rates(found.steps, own, n), default=1.0)
    return [*names, *(blind if chance_of_all < level else [])]


def _blind_rates(steps: NDArray[np.float64], values: NDArray[np.float64], n: int) -> Iterable[float]:
    """Yield the chance of agreement in each metric where no variant shows how widely seeds spread."""
    for metric, (step, value) in enumerate(zip(steps, np.abs(values), strict=True)):
        # Other columns that never vary may be settings; only full precision shows that one is measured.
        measured = metric == 0 or 0 < step < _FULL_PRECISION * value
        if measured and value not in _ENDS and np.isfinite(value):
            yield agreement_rate(step, max(2 * step, _LEAST_NOISE * value), n)


def equal_variants(found: Recorded, level: float) -> list[list[str]]:
    """Return groups of variants that vary and agree seed by seed, where at this level for all pairs chance does not."""
    rows = found.rows()
    codes = np.where(rows >= 0, found.codes[rows], -1) if rows.size else rows
    varies = found.stds[:, 0] > 0
    tested = math.comb(len(rows), 2)
    group = np.arange(len(rows))
    for a, b in _agreeing(codes):
        if not (varies[a] and varies[b]) or group[a] == group[b]:
            continue
        common = rows[a][(rows[a] >= 0) & (rows[b] >= 0)]
        stds = np.array([_std(column) for column in found.scores[common].T])
        chance = float(np.minimum(_ALIKE * tie_rate(found.steps, stds), 1.0).min()) ** len(common)
        if stds[0] > 0 and chance < level / tested:
            group[group == group[b]] = group[a]
    members: dict[int, list[str]] = {}
    for name, number in zip(found.names, group.tolist(), strict=True):
        members.setdefault(number, []).append(name)
    return [names for names in members.values() if len(names) > 1]


def _agreeing(codes: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Yield pairs of rows that agree wherever both have a run, in at least two places; of equal rows, only links."""
    ran: NDArray[np.bool_] = np.greater_equal(codes, 0)
    complete: NDArray[np.bool_] = np.logical_and.reduce(ran, axis=1)
    first: dict[bytes, int] = {}
    for row in np.flatnonzero(complete):
        other = first.setdefault(codes[row].tobytes(), int(row))
        if other != row and codes.shape[1] >= 2:
            yield other, int(row)
    for row in np.flatnonzero(~complete & ran.any(axis=1)):
        place = int(np.argmax(ran[row]))
        near = np.flatnonzero((codes[:, place] == codes[row, place]) | (codes[:, place] < 0))
        both = ran[near] & ran[row]
        agree = ((codes[near] == codes[row]) | ~both).all(axis=1) & (both.sum(axis=1) >= 2)
        yield from ((int(other), int(row)) for other in near[agree] if complete[other] or other < row)


def _std(column: NDArray[np.float64]) -> float:
    known = column[np.isfinite(column)]
    return float(known.std(ddof=1)) if len(known) > 1 and np.ptp(known) > 0 else 0.0
