"""Bootstrap intervals of a mean and of a difference of means (Efron & Tibshirani 1993, chapters 6, 12-14).

The whole bootstrap distribution is computed, never sampled, by the first of these routes that fits:

* n <= 6, for a difference n <= 5: every multiset of scores is enumerated ("exact");
* scores on a lattice, such as counts / N: convolution by FFT ("exact" if n <= 10, else "lattice");
* n <= 10, for a difference n <= 7: enumeration too ("exact");
* otherwise the same convolution on a fine grid ("grid"), whose error `lattice` bounds.

A quantile is the smallest value whose cumulative weight reaches the level minus 1e-12, because weights such as 1/27 do
not add up exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from seedwise.statistics.atoms import (
    LEVEL_TOLERANCE,
    MAX_ENUMERATED_N,
    TIE,
    Floats,
    SumOfTwo,
    mean_atoms,
    multisets,
    sum_atoms,
)
from seedwise.statistics.intervals import DataError, Interval, as_scores, check_confidence
from seedwise.statistics.lattice import SumDistribution, choose_cells, distributions, find_lattice

Method = Literal["percentile", "basic", "bca"]
Limits = tuple[Floats, Floats]
METHODS: tuple[Method, ...] = ("percentile", "basic", "bca")

# Up to this n all rows are enumerated in one array of 462 multisets.
_MAX_TABLE_N = 6
# Up to this n a difference is enumerated whatever its scores.
_MAX_QUICK_DIFFERENCE_N = 5
# Up to this n a difference off a lattice is enumerated, from at most 1716 atoms of each arm. At n = 10 there would be
# 92 378, and one difference would take a tenth of a second.
_MAX_ENUMERATED_DIFFERENCE_N = 7
# Differences that vary less than this, compared with the most variable of the same call, are called constant: the steps
# of their grid would be too small for floats.
_NEGLIGIBLE = 1e-290

# Coverage of the 95 % percentile interval of the mean of n normal scores, simulated once for this table. For each
# standard normal sample, the exact probability that a resampled mean lies below the true mean is compared with 2.5 %
# and 97.5 %: n <= 7 by enumeration (10⁶ samples; 4 · 10⁵ at n = 7), above by the Lugannani-Rice saddlepoint
# approximation (4 · 10⁵ samples), which agrees with enumeration within 0.001 at n = 6 and 7. Standard error at most
# 0.0006; n = 2 and 3 (the observed range) are exact.
_COVERAGE_95 = {
    2: 0.5000,
    3: 0.7500,
    4: 0.7979,
    5: 0.8388,
    6: 0.8600,
    7: 0.8762,
    8: 0.8872,
    9: 0.8958,
    10: 0.9020,
    11: 0.9072,
    12: 0.9109,
    13: 0.9146,
    14: 0.9174,
    15: 0.9193,
    16: 0.9221,
    17: 0.9237,
    18: 0.9257,
    19: 0.9259,
    20: 0.9281,
    21: 0.9291,
    22: 0.9306,
    23: 0.9312,
    24: 0.9318,
    25: 0.9327,
    26: 0.9333,
    27: 0.9342,
    28: 0.9348,
    29: 0.9349,
    30: 0.9357,
    40: 0.9400,
    50: 0.9417,
    70: 0.9438,
    100: 0.9460,
    200: 0.9479,
}


def percentile_coverage(n: int, confidence: float = 0.95) -> float | None:
    """How often the percentile interval of `n` normal scores contains their true mean: 0.75 at n = 3.

    It is tabulated for 95 % and interpolated linearly in 1/n, as the error of the interval is of that order. None for
    any other confidence, or for fewer than two scores.
    """
    if n < 2 or abs(confidence - 0.95) > 1e-9:
        return None
    inverse = [0.0, *(1 / size for size in reversed(_COVERAGE_95))]
    return float(np.interp(1 / n, inverse, [0.95, *reversed(_COVERAGE_95.values())]))


@dataclass(frozen=True)
class MeanIntervals:
    """Bootstrap intervals of the means of many variants.

    Attributes:
        limits: by method, the lower and the upper limits, one of each per variant.
        routes: how each variant's distribution was computed: exact, lattice or grid.
    """

    limits: dict[Method, Limits]
    routes: list[str]


def bootstrap_ci(scores: ArrayLike, confidence: float = 0.95, method: Method = "percentile") -> Interval:
    """Bootstrap interval of the mean of at least two scores.

    `percentile` takes the quantiles of the bootstrap distribution, `basic` reflects them in the mean, and `bca`
    corrects their levels for bias and skewness. Equal scores give [m, m].

    Raises:
        DataError: fewer than two scores, scores that are not finite, or an unknown method.
    """
    x = as_scores(scores, minimum=2)
    found = _intervals(x[None, :], confidence, [method])
    low, high = (float(limit[0]) for limit in found.limits[method])
    label = "BCa bootstrap" if method == "bca" else f"{method} bootstrap"
    coverage = percentile_coverage(x.size, confidence) if method == "percentile" and x.min() < x.max() else None
    return Interval(low, high, float(confidence), f"{label}, {found.routes[0]}", coverage)


def bootstrap_cis(matrix: ArrayLike, confidence: float = 0.95, method: Method = "percentile") -> Limits:
    """Intervals of many variants at once; each row of `matrix` (variants × n) gets the interval of `bootstrap_ci`.

    Returns:
        lower and upper limits, one of each per variant.

    Raises:
        DataError: `matrix` is not a matrix of finite numbers with at least two columns, or the method is unknown.
    """
    return _intervals(_as_matrix(matrix), confidence, [method]).limits[method]


def bootstrap_intervals(matrix: ArrayLike, confidence: float = 0.95) -> MeanIntervals:
    """The intervals of `bootstrap_cis` by all methods, in little more time than one; arguments and errors as there."""
    return _intervals(_as_matrix(matrix), confidence, METHODS)


def bootstrap_methods(matrix: ArrayLike) -> list[str]:
    """The `method` of `bootstrap_ci(row)` for each row of `matrix` (variants × n), without computing an interval."""
    scores = np.sort(_as_matrix(matrix), axis=1)
    routes = ["exact"] * len(scores)
    varied = np.flatnonzero(scores[:, 0] < scores[:, -1])
    if varied.size and scores.shape[1] > MAX_ENUMERATED_N:
        cells = choose_cells(*_sums(scores[varied]))
        for row, exact in zip(varied.tolist(), cells.exact.tolist(), strict=True):
            routes[row] = "lattice" if exact else "grid"
    return [f"percentile bootstrap, {route}" for route in routes]


def _as_matrix(matrix: ArrayLike) -> Floats:
    given = np.asarray(matrix)
    if given.ndim != 2 or given.shape[1] < 2:
        raise DataError(f"matrix must be variants × n with n >= 2; found shape {given.shape}")
    return as_scores(given.ravel(), name="matrix", minimum=0).reshape(given.shape)


def _tails(confidence: float) -> tuple[float, float]:
    return (1 - confidence) / 2, (1 + confidence) / 2


def _intervals(matrix: Floats, confidence: float, methods: Sequence[Method]) -> MeanIntervals:
    for method in methods:
        if method not in METHODS:
            raise DataError(f"bootstrap method must be percentile, basic or bca; found {method!r}")
    tails = _tails(check_confidence(confidence))
    scores = np.sort(matrix, axis=1)
    constant = scores[:, 0] == scores[:, -1]
    varied = np.flatnonzero(~constant)
    rows = scores[varied]
    # Lower and upper limits by percentiles, then by BCa.
    found = np.tile(scores[:, [0, -1]].T, (2, 1))
    routes = ["exact"] * len(scores)
    accelerations = _accelerations(rows) if "bca" in methods else None
    if rows.shape[1] <= _MAX_TABLE_N:
        found[:, varied] = _tabulated(rows, tails, accelerations)
    else:
        for row, unit, distribution, route in _row_distributions(rows):
            lowest = float(rows[row, 0])
            levels = list(tails)
            if accelerations is not None:
                rank = distribution.middle_rank(float((rows[row] - lowest).mean()) / unit)
                levels += map(float, _bca_levels(tails, rank, accelerations[row]))
            target = varied[row]
            for place, level in enumerate(levels):
                found[place, target] = lowest + unit * distribution.quantile(level)
            routes[target] = route
        np.clip(found, scores[:, 0], scores[:, -1], out=found)
    low, high, bca_low, bca_high = found
    doubled = np.where(constant, low + high, 2 * scores.mean(axis=1))
    limits: dict[Method, Limits] = {
        "percentile": (low, high),
        "basic": (doubled - high, doubled - low),
        "bca": (bca_low, bca_high),
    }
    return MeanIntervals({method: limits[method] for method in methods}, routes)


def _tabulated(rows: Floats, tails: tuple[float, float], accelerations: Floats | None) -> Floats:
    """Limits (4 × rows) of ascending rows of few scores, by percentiles and, given the accelerations, by BCa."""
    n = rows.shape[1]
    counts, weights = multisets(n, n)
    values = rows[:, :1] + (rows - rows[:, :1]) @ counts.T / n
    order = np.argsort(values, axis=1)
    values = np.minimum(np.take_along_axis(values, order, axis=1), rows[:, -1:])
    cumulative = np.cumsum(weights[order], axis=1)
    index = np.arange(len(rows))
    levels = [np.full(len(rows), tail) for tail in tails] * 2
    if accelerations is not None:
        padded = np.concatenate([np.zeros((len(rows), 1)), cumulative], axis=1)
        means, ties = rows.mean(axis=1), TIE * np.abs(rows).max(axis=1)
        below = padded[index, (values < (means - ties)[:, None]).sum(axis=1)]
        rank = (below + padded[index, (values <= (means + ties)[:, None]).sum(axis=1)]) / 2
        levels[2:] = _bca_levels(tails, rank, accelerations)
    places = [(cumulative < (level - LEVEL_TOLERANCE)[:, None]).sum(axis=1) for level in levels]
    return np.stack([values[index, np.minimum(place, values.shape[1] - 1)] for place in places])


def _accelerations(rows: Floats) -> Floats:
    """BCa's acceleration (Efron 1987), which for a mean is its skewness / 6; rows must vary."""
    deviations = rows - rows.mean(axis=1, keepdims=True)
    deviations /= np.abs(deviations).max(axis=1, keepdims=True)
    found: Floats = (deviations**3).sum(axis=1) / (6 * (deviations**2).sum(axis=1) ** 1.5)
    return found


def _bca_levels(tails: tuple[float, float], rank: Floats | float, acceleration: Floats | float) -> list[Floats]:
    """Levels of the two quantiles (Efron 1987); `rank` is P(mean* < mean) + P(mean* = mean) / 2.

    Ties count half, so that a symmetric distribution has no bias correction.
    """
    bias = special.ndtri(rank)
    normal = [bias + special.ndtri(tail) for tail in tails]
    # The level tends to 0 or 1 as the denominator falls to zero, and stays there.
    return [special.ndtr(bias + z / np.maximum(1 - acceleration * z, 1e-300)) for z in normal]


def _sums(rows: Floats) -> tuple[list[Floats], Floats]:
    """Arguments of `choose_cells` for the mean of each row less the minimum, in spans of the row."""
    n, span = rows.shape[1], rows[:, -1] - rows[:, 0]
    return [(rows - rows[:, :1]) / span[:, None] / n], find_lattice(rows) / span / n


def _row_distributions(rows: Floats) -> Iterator[tuple[int, float, SumDistribution | SumOfTwo, str]]:
    """Yield (row, unit, distribution of (mean* − minimum) / unit, route) for ascending rows of seven scores or more."""
    n = rows.shape[1]
    arms, lattice = _sums(rows)
    cells = choose_cells(arms, lattice)
    small = n <= MAX_ENUMERATED_N
    for row, distribution in distributions(arms, cells, np.flatnonzero(cells.exact | (not small))):
        route = "exact" if small else "lattice" if distribution.exact else "grid"
        yield row, float(rows[row, -1] - rows[row, 0]), distribution, route
    for row in np.flatnonzero(~cells.exact & small).tolist():
        # At n = 10, parts of 4 and 6 draws have 715 and 5005 atoms, the whole has 92 378. Each part is sorted once; a
        # quantile takes a few searches per atom of the first.
        x, draws = rows[row], 2 * n // 5
        parts = sum_atoms(x, draws), sum_atoms(x, n - draws)
        yield row, 1 / n, SumOfTwo(*parts, TIE * n * float(np.abs(x).max())), "exact"


def bootstrap_difference_ci(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """Percentile interval of mean(a) - mean(b); both arms are resampled independently.

    Raises:
        DataError: an arm has fewer than two scores, or scores that are not finite.
    """
    lows, highs, routes = _difference_limits(as_scores(a, name="a", minimum=2)[None, :], b, confidence)
    label = f"percentile bootstrap of the difference, {routes[0]}"
    return Interval(float(lows[0]), float(highs[0]), float(confidence), label, None)


def bootstrap_difference_cis(matrix: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> Limits:
    """Intervals of many variants at once: `bootstrap_difference_ci` of each row of `matrix` (variants × n).

    Returns:
        lower and upper limits of mean(row) - mean(baseline), one of each per variant.

    Raises:
        DataError: `matrix` is not a matrix of finite numbers with at least two columns, or `baseline` not a flat list
            of at least two.
    """
    return _difference_limits(_as_matrix(matrix), baseline, confidence)[:2]


def _difference_limits(matrix: Floats, baseline: ArrayLike, confidence: float) -> tuple[Floats, Floats, list[str]]:
    tails = _tails(check_confidence(confidence))
    a, b = np.sort(matrix, axis=1), np.sort(as_scores(baseline, name="b", minimum=2))
    lowest, highest = a[:, 0] - b[-1], a[:, -1] - b[0]
    # A power of two does not round; rows that share it share the transforms of the baseline.
    unit = 2.0 ** math.frexp(float((highest - lowest).max(initial=0.0)))[1]
    varied = np.flatnonzero(highest - lowest > _NEGLIGIBLE * unit)
    found, routes = np.stack([lowest, highest]), ["exact"] * len(a)
    rows, n, m = a[varied], a.shape[1], b.size
    both = np.concatenate([rows, np.broadcast_to(b, (len(rows), m))], axis=1)
    largest = max(n, m)
    enumerated = np.ones(len(rows), dtype=bool)
    if largest > _MAX_QUICK_DIFFERENCE_N:
        # The difference of the means less that of the minima, in units.
        arms = [(rows - rows[:, :1]) / unit / n, np.broadcast_to((b[0] - b) / unit / m, (len(rows), m))]
        cells = choose_cells(arms, find_lattice(np.sort(both, axis=1)) / unit / math.lcm(n, m))
        enumerated = ~cells.exact & (largest <= _MAX_ENUMERATED_DIFFERENCE_N)
        on_lattice = "exact" if largest <= MAX_ENUMERATED_N else "lattice"
        for row, distribution in distributions(arms, cells, np.flatnonzero(~enumerated)):
            base = rows[row, 0] - b[0]
            found[:, varied[row]] = [base + unit * distribution.quantile(tail) for tail in tails]
            routes[varied[row]] = on_lattice if distribution.exact else "grid"
    if enumerated.any():
        values, weights = mean_atoms(b)
        for row in np.flatnonzero(enumerated).tolist():
            tolerance = TIE * float(np.abs(both[row]).max())
            difference = SumOfTwo(mean_atoms(rows[row]), (-values[::-1], weights[::-1]), tolerance)
            found[:, varied[row]] = [difference.quantile(tail) for tail in tails]
    np.clip(found, lowest, highest, out=found)
    return found[0], found[1], routes
