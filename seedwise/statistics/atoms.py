"""The exact bootstrap distribution of a mean, by enumeration (Fisher & Hall 1991).

A resample of n scores is a multiset with a multinomial probability. There are 10 of them for n = 3 and 92 378 for n =
10: few enough to list, so that no interval at small n depends on a random generator.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from seedwise.statistics.intervals import DataError, as_scores

Floats = NDArray[np.float64]

# Sums of the same scores in different orders differ by rounding; so do cumulative weights that should be equal.
TIE = 16 * float(np.finfo(np.float64).eps)
LEVEL_TOLERANCE = 1e-12
MAX_ENUMERATED_N = 10


@lru_cache(maxsize=16)
def multisets(n: int, draws: int) -> tuple[Floats, Floats]:
    """All multisets of `draws` items out of `n`: counts (multisets × n) and probabilities (multisets)."""
    rows = math.comb(n + draws - 1, draws)
    chosen = itertools.chain.from_iterable(itertools.combinations_with_replacement(range(n), draws))
    items = np.fromiter(chosen, dtype=np.int64, count=rows * draws).reshape(rows, draws)
    flat = (items + n * np.arange(rows)[:, None]).ravel()
    counts = np.bincount(flat, minlength=rows * n).reshape(rows, n)
    orderings = math.factorial(draws) / special.factorial(np.arange(draws + 1))[counts].prod(axis=1)
    table: Floats = counts.astype(np.float64)
    weights: Floats = orderings / float(n) ** draws
    table.flags.writeable = weights.flags.writeable = False
    return table, weights


def merge_ties(values: Floats, weights: Floats, tolerance: float) -> tuple[Floats, Floats]:
    """Sort the atoms by value, and merge those that are closer than `tolerance` to their neighbour."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > tolerance)
    return values[starts], np.add.reduceat(weights, starts)


def sum_atoms(scores: Floats, draws: int) -> tuple[Floats, Floats]:
    """Exact distribution of the sum of `draws` draws with replacement, as offsets from draws · min(scores).

    Returns ascending values and their weights, which add up to one.
    """
    scores = np.sort(scores)
    counts, weights = multisets(scores.size, draws)
    tolerance = TIE * draws * float(np.abs(scores).max())
    return merge_ties(counts @ (scores - scores[0]), weights, tolerance)


def mean_atoms(scores: ArrayLike) -> tuple[Floats, Floats]:
    """Exact bootstrap distribution of the mean of at most 10 scores: ascending values and their weights (sum 1).

    Three distinct scores have 10 atoms; equal means are merged.

    Raises:
        DataError: there are more than 10 scores or none, or scores are not finite.
    """
    x = np.sort(as_scores(scores))
    if x.size > MAX_ENUMERATED_N:
        raise DataError(f"enumeration stops at {MAX_ENUMERATED_N} scores; found {x.size}")
    sums, weights = sum_atoms(x, x.size)
    return np.clip(x[0] + sums / x.size, x[0], x[-1]), weights


class SumOfTwo:
    """Distribution of U + V for independent U and V given as atoms, computed without the outer sum.

    With 10 seeds in both arms the outer sum would have 8.5 · 10⁹ terms. The distribution function at one point
    takes one binary search per atom of U, so a quantile is bracketed by bisection until the few pairs that remain can
    be listed.
    """

    def __init__(self, first: tuple[Floats, Floats], second: tuple[Floats, Floats], tolerance: float) -> None:
        """Take two pairs of (ascending values, weights); sums closer than `tolerance` are equal."""
        (self._u, self._u_weights), (self._v, self._v_weights) = first, second
        self._v_cumulative = np.concatenate([[0.0], np.cumsum(self._v_weights)])
        self._tolerance = tolerance
        parts = [first, second]
        means = [float(values @ weights) for values, weights in parts]
        variances = [
            float((values - mean) ** 2 @ weights) for (values, weights), mean in zip(parts, means, strict=True)
        ]
        self._mean, self._std = sum(means), math.sqrt(sum(variances))

    def _ends(self, point: float) -> NDArray[np.intp]:
        """For each atom of U, the number of atoms of V with which the sum is at most `point`."""
        return np.searchsorted(self._v, point + self._tolerance - self._u, side="right")

    def at_most(self, point: float) -> float:
        """P(U + V <= point)."""
        return float(self._u_weights @ self._v_cumulative[self._ends(point)])

    def middle_rank(self, point: float) -> float:
        """P(U + V < point) + P(U + V = point) / 2."""
        return (self.at_most(point) + self.at_most(point - 4 * self._tolerance)) / 2

    def quantile(self, level: float) -> float:
        """Smallest sum whose cumulative weight reaches `level` − 1e-12."""
        target = level - LEVEL_TOLERANCE
        high = float(self._u[-1] + self._v[-1])
        low = float(self._u[0] + self._v[0]) - 1e-3 * (high - float(self._u[0] + self._v[0])) - 4 * self._tolerance
        starts, ends = np.zeros(self._u.size, dtype=np.intp), np.full(self._u.size, self._v.size)
        normal = float(special.ndtri(min(max(level, 1e-9), 1 - 1e-9)))
        point = self._mean + self._std * normal
        # One over a normal density: how far the quantile moves per unit of probability. Zero if all sums are ties.
        width = self._std * math.sqrt(2 * math.pi) * math.exp(normal**2 / 2)
        # A sum has at most one pair per atom of U, so bisection always reaches this number.
        few, newton_left = max(512, 2 * self._u.size), 8
        while int((ends - starts).sum()) > few and high - low > 8 * self._tolerance:
            if newton_left == 0 or not low < point < high:
                point = (low + high) / 2
            newton_left = max(0, newton_left - 1)
            split = self._ends(point)
            missing = target - float(self._u_weights @ self._v_cumulative[split])
            if missing <= 0:
                high, ends = point, split
            else:
                low, starts = point, split
            # A step a little too long leaves the quantile between the last two points.
            point += missing * width + math.copysign(0.002 * self._std, missing)
        sizes = ends - starts
        u_index = np.repeat(np.arange(self._u.size), sizes)
        v_index = np.arange(u_index.size) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts, sizes)
        values, weights = merge_ties(
            self._u[u_index] + self._v[v_index], self._u_weights[u_index] * self._v_weights[v_index], self._tolerance
        )
        cumulative = float(self._u_weights @ self._v_cumulative[starts]) + np.cumsum(weights)
        return float(values[min(int(np.searchsorted(cumulative, target)), values.size - 1)])
