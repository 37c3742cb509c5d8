"""Permutation tests of a difference of means: exact if there are few enough runs, otherwise seeded Monte Carlo.

The statistic is |difference of means|. Sums that differ only by float noise are ties, and ties count as extreme.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seedwise.statistics.intervals import DataError

MOST_LISTED = 14
"""Size of the larger arm up to which the test of two samples is exact (14 v 14 has 40 million splits)."""
MOST_SIGNED = 16
"""Number of pairs up to which the sign-flip test is exact."""
MONTE_CARLO = 9_999
_TIES_WITHIN = 1e-12


@dataclass(frozen=True)
class PermutationTest:
    """Result of a permutation test.

    Attributes:
        p_value: two-sided.
        smallest_p: the smallest p that the test can reach with these numbers of runs.
        exact: False if permutations were drawn at random.
    """

    test: Literal["permutation", "sign-flip"]
    p_value: float
    smallest_p: float
    exact: bool


def permutation_test(scores: NDArray[np.float64], baseline: NDArray[np.float64], *, seed: int = 0) -> PermutationTest:
    """Test of exchangeable arms by regrouping their runs (Fisher 1935; Phipson & Smyth 2010 for Monte Carlo).

    Args:
        scores: shape (n,), n ≥ 1.
        baseline: shape (m,), m ≥ 1.
        seed: of the random regroupings; used if an arm has more than `MOST_LISTED` runs.
    """
    n, m = len(scores), len(baseline)
    pooled = np.concatenate([scores, baseline])
    centred = pooled - pooled.mean()
    # When scores are centred, the sum of one group determines the difference of the means.
    least = abs(float(centred[:n].sum())) - _noise(pooled)
    if max(n, m) <= MOST_LISTED:
        splits = comb(n + m, n)
        p_value = _count_extreme(centred[:n], centred[n:], least) / splits if least > 0 else 1.0
        return PermutationTest("permutation", p_value, (2 if n == m else 1) / splits, exact=True)
    sums = np.abs(_random_groups(n, m, seed) @ centred)
    p_value = (np.count_nonzero(sums >= least) + 1) / (MONTE_CARLO + 1)
    return PermutationTest("permutation", p_value, 1 / (MONTE_CARLO + 1), exact=False)


def sign_flip_test(differences: NDArray[np.float64], *, seed: int = 0, scale: float | None = None) -> PermutationTest:
    """Test of paired differences that are symmetric about 0, by flipping their signs.

    Args:
        differences: shape (n,), n ≥ 1, one per pair of runs of one seed.
        seed: of the random signs; used if n > `MOST_SIGNED`.
        scale: magnitude of the scores that were subtracted, which determines the size of float noise.

    Raises:
        DataError: there are no differences.
    """
    n = len(differences)
    if n == 0:
        raise DataError("a sign-flip test needs at least one pair of runs")
    noise = _noise(differences) if scale is None else _TIES_WITHIN * scale * n
    least = abs(float(differences.sum())) - noise
    if n <= MOST_SIGNED:
        sums = np.abs(_signs(n) @ differences)
        p_value = float(np.count_nonzero(sums >= least)) / len(sums)
        return PermutationTest("sign-flip", p_value, 2 / 2**n, exact=True)
    sums = np.abs(_random_signs(n, seed) @ differences)
    p_value = (np.count_nonzero(sums >= least) + 1) / (MONTE_CARLO + 1)
    return PermutationTest("sign-flip", p_value, 1 / (MONTE_CARLO + 1), exact=False)


def _noise(values: NDArray[np.float64]) -> float:
    return _TIES_WITHIN * float(np.abs(values).max()) * len(values)


def _count_extreme(a: NDArray[np.float64], b: NDArray[np.float64], least: float) -> int:
    """Count the groups of len(a) runs whose sum is at least `least` > 0 in absolute value.

    A group consists of a subset of `a` and a subset of `b`, so all groups can be counted with the sorted sums of the
    subsets of `b`, without listing them.
    """
    own, other = _members(len(a)), _members(len(b))
    own_sums, other_sums = own @ a, other @ b
    own_sizes, other_sizes = own.sum(axis=1), other.sum(axis=1)
    count = 0
    for size in range(min(len(a), len(b)) + 1):
        left = own_sums[own_sizes == len(a) - size]
        right = np.sort(other_sums[other_sizes == size])
        count += int((len(right) - np.searchsorted(right, least - left, side="left")).sum())
        count += int(np.searchsorted(right, -least - left, side="right").sum())
    return count


@cache
def _members(n: int) -> NDArray[np.float64]:
    """Every subset of n runs as 0 and 1; shape (2ⁿ, n)."""
    return np.where((np.arange(2**n)[:, None] >> np.arange(n)) & 1, 1.0, 0.0)


@cache
def _random_groups(n: int, m: int, seed: int) -> NDArray[np.float64]:
    """Membership of the first group in random splits, as 0 and 1; shape (MONTE_CARLO, n + m)."""
    members = np.zeros((MONTE_CARLO, n + m))
    members[:, :n] = 1.0
    return np.random.default_rng(seed).permuted(members, axis=1)


@cache
def _signs(n: int) -> NDArray[np.float64]:
    """Every assignment of signs in which the first is positive (the others mirror these); shape (2ⁿ⁻¹, n)."""
    return 1.0 - 2.0 * np.pad(_members(n - 1), ((0, 0), (1, 0)))


@cache
def _random_signs(n: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(MONTE_CARLO, n))
