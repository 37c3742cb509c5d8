"""Permutation tests of a difference of means: exact when the permutations can be listed, else seeded Monte Carlo.

The statistic is |difference of means|; sums that differ by float noise count as ties, and ties count as extreme.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seedwise.statistics.intervals import DataError

MOST_SPLITS = 200_000
"""Two-sample splits are listed up to this many (10 v 10 runs), signs up to 2¹⁶."""
MOST_SIGNED = 16
MONTE_CARLO = 9_999
_TIES_WITHIN = 1e-12


@dataclass(frozen=True)
class PermutationTest:
    """Result of a permutation test.

    Attributes:
        p_value: two-sided.
        smallest_p: what p_value would be if the arms were separated as far as they can be at these numbers of runs.
        exact: False when permutations were drawn at random.
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
        seed: of the random regroupings, used when there are more than `MOST_SPLITS`.
    """
    n, m = len(scores), len(baseline)
    pooled = np.concatenate([scores, baseline])
    centred = pooled - pooled.mean()
    splits = comb(n + m, n)
    # Centred, a group's sum alone says how far its mean lies from the other group's.
    observed = abs(float(centred[:n].sum()))
    least = observed - _noise(pooled)
    if splits <= MOST_SPLITS:
        sums = np.abs(centred[_splits(n, m)].sum(axis=1))
        p_value = float(np.count_nonzero(sums >= least)) / len(sums)
        smallest = (2 if n == m else 1) / splits
        return PermutationTest("permutation", p_value, smallest, exact=True)
    sums = np.abs(_random_groups(n, m, seed) @ centred)
    p_value = (np.count_nonzero(sums >= least) + 1) / (MONTE_CARLO + 1)
    return PermutationTest("permutation", p_value, 1 / (MONTE_CARLO + 1), exact=False)


def sign_flip_test(differences: NDArray[np.float64], *, seed: int = 0, scale: float | None = None) -> PermutationTest:
    """Test of paired differences that are symmetric about 0, by flipping their signs.

    Args:
        differences: shape (n,), n ≥ 1, of runs of one seed.
        seed: of the random signs, used when n > `MOST_SIGNED`.
        scale: magnitude of the scores that were subtracted, which sets the size of float noise.

    Raises:
        DataError: without differences.
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


@cache
def _splits(n: int, m: int) -> NDArray[np.int64]:
    """Indices of every first group of n among n + m; shape (splits, n).

    With n = m each split has a mirror image with the same statistic, so only those that hold run 0 are listed.
    """
    if n == m:
        rest = _listed(range(1, n + m), n - 1, comb(n + m - 1, n - 1))
        return np.concatenate([np.zeros((len(rest), 1), dtype=np.int64), rest], axis=1)
    return _listed(range(n + m), n, comb(n + m, n))


def _listed(items: range, size: int, count: int) -> NDArray[np.int64]:
    flat = np.fromiter(chain.from_iterable(combinations(items, size)), dtype=np.int64, count=count * size)
    return flat.reshape(count, size)


@cache
def _random_groups(n: int, m: int, seed: int) -> NDArray[np.float64]:
    """Membership of the first group in random splits, as 0 and 1; shape (MONTE_CARLO, n + m)."""
    members = np.zeros((MONTE_CARLO, n + m))
    members[:, :n] = 1.0
    return np.random.default_rng(seed).permuted(members, axis=1)


@cache
def _signs(n: int) -> NDArray[np.float64]:
    """Every assignment of signs with the first one positive, as the rest mirror them; shape (2ⁿ⁻¹, n)."""
    codes = np.arange(2 ** (n - 1))[:, None]
    return np.where((codes >> np.arange(n)) & 1, -1.0, 1.0)


@cache
def _random_signs(n: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(MONTE_CARLO, n))
