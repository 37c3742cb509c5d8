"""The whole bootstrap distribution of a mean, by the most exact route that n and the scores allow.

* n <= 10: every multiset of scores is enumerated ("exact");
* more scores on a lattice, such as counts / N: convolution by FFT ("lattice");
* more than 10 000 scores off a lattice: the same after rounding to a grid of about 10⁶ cells over the distribution of
  the sum, which keeps the mean ("grid"; resampling would draw 10⁴ · n scores);
* otherwise seeded resampling ("Monte Carlo").

A quantile is the smallest value whose cumulative weight reaches the level minus 1e-12, because weights such as 1/27 do
not add up exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from seedwise.statistics.atoms import LEVEL_TOLERANCE, MAX_ENUMERATED_N, TIE, Floats, sum_atoms
from seedwise.statistics.intervals import DataError, as_scores
from seedwise.statistics.lattice import convolution_power, find_lattice, transform_length, window_half_width

Method = Literal["percentile", "basic", "bca"]

MAX_RESAMPLED_N = 10_000
# Scores drawn, or resampled means kept in memory, at once.
CHUNK = 1 << 22
_GRID_CELLS = 1 << 20


def mean_atoms(scores: ArrayLike) -> tuple[Floats, Floats]:
    """Exact bootstrap distribution of the mean of at most 10 scores: ascending values and their weights (sum 1).

    Three distinct scores have 10 atoms; equal means are merged.

    Raises:
        DataError: there are more than 10 scores or none, or scores are not finite.
    """
    x = np.sort(as_scores(scores))
    if x.size > MAX_ENUMERATED_N:
        raise DataError(f"enumeration stops at {MAX_ENUMERATED_N} scores; found {x.size}")
    values, weights = _enumerate(x.tobytes())
    return values.copy(), weights.copy()


@lru_cache(maxsize=4)
def _enumerate(sorted_scores: bytes) -> tuple[Floats, Floats]:
    x = np.frombuffer(sorted_scores)
    sums, weights = sum_atoms(x, x.size)
    return np.clip(x[0] + sums / x.size, x[0], x[-1]), weights


def distribution(x: Floats, n_resamples: int, seed: int | list[int]) -> tuple[Floats, Floats, str]:
    """Atoms, weights and route for ascending scores of any number, not all equal."""
    n = x.size
    if n <= MAX_ENUMERATED_N:
        return *_enumerate(x.tobytes()), "exact"
    steps, offsets = find_lattice(x[None, :])
    power = convolution_power(offsets[0], n) if steps[0] > 0 else None
    if power is not None:
        return np.clip(x[0] + steps[0] * power[0] / n, x[0], x[-1]), power[1], "lattice"
    if n > MAX_RESAMPLED_N:
        step = 2 * window_half_width(float(x.std()), float(x[-1] - x[0]), n) / _GRID_CELLS
        grid = np.rint((x - x[0]) / step).astype(np.int64)
        power = convolution_power(grid, n)
        if power is None:
            raise DataError(f"the spread of these {n} scores is too small for their size to be resolved")
        shift = float(x.mean()) - step * float(grid.mean())
        return np.clip(shift + step * power[0] / n, x[0], x[-1]), power[1], "grid"
    means = np.sort(resampled_means(x[None, :], n_resamples, seed)[0])
    return means, np.full(means.size, 1 / means.size), f"Monte Carlo {n_resamples}"


def routes(rows: Floats, n_resamples: int) -> list[str]:
    """The route that `distribution` takes for each of the ascending rows; "exact" where all scores are equal."""
    n = rows.shape[1]
    if n <= MAX_ENUMERATED_N:
        return ["exact"] * len(rows)
    steps, offsets = find_lattice(rows)
    other = "grid" if n > MAX_RESAMPLED_N else f"Monte Carlo {n_resamples}"
    fits = [step > 0 and transform_length(row, n) is not None for step, row in zip(steps, offsets, strict=True)]
    equal = rows[:, 0] == rows[:, -1]
    return ["exact" if same else "lattice" if fit else other for same, fit in zip(equal, fits, strict=True)]


def resampled_means(rows: Floats, n_resamples: int, seed: int | list[int]) -> Floats:
    """Means (rows × n_resamples) of resamples of each row; all rows use the same draws of positions."""
    if n_resamples < 1:
        raise DataError(f"resampling needs at least one resample; found {n_resamples}")
    generator = np.random.default_rng(seed)
    n = rows.shape[1]
    base = rows[:, :1]
    means = np.empty((rows.shape[0], n_resamples))
    chunk = max(1, CHUNK // n)
    for start in range(0, n_resamples, chunk):
        drawn = generator.integers(n, size=(min(chunk, n_resamples - start), n))
        flat = (drawn + n * np.arange(drawn.shape[0])[:, None]).ravel()
        counts = np.bincount(flat, minlength=drawn.size).reshape(drawn.shape)
        means[:, start : start + chunk] = base + (rows - base) @ counts.T.astype(np.float64) / n
    return means


def levels(method: Method, confidence: float, rank: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Levels (rows) of the two quantiles; `rank` is P(mean* < mean) + P(mean* = mean) / 2, used by BCa only.

    BCa: Efron 1987; for a mean the acceleration is its skewness / (6√n). Ties count half, so that a symmetric
    distribution has no bias correction.
    """
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    if method != "bca":
        return np.full(len(rows), tails[0]), np.full(len(rows), tails[1])
    deviations = rows - rows.mean(axis=1, keepdims=True)
    deviations /= np.abs(deviations).max(axis=1, keepdims=True)
    acceleration = (deviations**3).sum(axis=1) / (6 * (deviations**2).sum(axis=1) ** 1.5)
    bias = special.ndtri(rank)
    normal = [bias + special.ndtri(tail) for tail in tails]
    # The level tends to 0 or 1 as the denominator falls to zero, and stays there.
    low, high = (special.ndtr(bias + z / np.maximum(1 - acceleration * z, 1e-300)) for z in normal)
    return low, high


def table_limits(
    values: Floats, cumulative: Floats, rows: Floats, confidence: float, method: Method
) -> tuple[Floats, Floats]:
    """Interval limits from whole distributions: ascending `values` (rows × m) and their cumulative weights."""
    index = np.arange(len(rows))
    padded = np.concatenate([np.zeros((len(rows), 1)), cumulative], axis=1)
    rank = np.empty(0)
    if method == "bca":
        means, ties = rows.mean(axis=1), TIE * np.abs(rows).max(axis=1)
        below = padded[index, (values < (means - ties)[:, None]).sum(axis=1)]
        rank = (below + padded[index, (values <= (means + ties)[:, None]).sum(axis=1)]) / 2
    found = [
        values[index, np.minimum((cumulative < (level - LEVEL_TOLERANCE)[:, None]).sum(axis=1), values.shape[1] - 1)]
        for level in levels(method, confidence, rank, rows)
    ]
    return found[0], found[1]
