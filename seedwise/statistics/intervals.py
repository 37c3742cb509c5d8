"""Intervals for one variant's scores: Student's t for the mean, chi-square for σ, Clopper-Pearson for a rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

# Squares of larger numbers overflow; no score is that large unless its run diverged.
LARGEST_SCORE = 1e150


class DataError(ValueError):
    """The data cannot be analysed; the message says what was found."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval, in the units of the scores.

    `coverage` is how often an interval of this kind contains the true value at this n, for normal noise; None if that
    is not known, or has no meaning because all scores are equal.
    """

    low: float
    high: float
    confidence: float
    method: str
    coverage: float | None


def as_scores(values: ArrayLike, *, name: str = "scores", minimum: int = 1) -> NDArray[np.float64]:
    """Copy `values` into a 1-d array of finite floats.

    Raises:
        DataError: the values are not numbers, not one-dimensional, not finite, or fewer than `minimum`.
    """
    try:
        found = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} must be a flat list of numbers; found rows of unequal length") from error
    if found.ndim != 1:
        raise DataError(f"{name} must be one-dimensional; found an array of shape {found.shape}")
    if found.size < minimum:
        raise DataError(f"{name} needs at least {minimum} value{'s' if minimum != 1 else ''}; found {found.size}")
    if found.dtype.kind not in "biuf":
        raise DataError(f"{name} must be numbers; found {found.dtype} values such as {found.tolist()[0]!r}")
    scores = found.astype(np.float64)
    unusable = ~(np.abs(scores) <= LARGEST_SCORE)
    if unusable.any():
        first = int(np.argmax(unusable))
        raise DataError(f"{name} must be finite (at most {LARGEST_SCORE:g}); found {scores[first]} at position {first}")
    return scores


def check_confidence(confidence: float) -> float:
    """Return `confidence` as a float; DataError unless 0 < confidence < 1."""
    if not 0.0 < confidence < 1.0:
        raise DataError(f"confidence must lie between 0 and 1 (0.95 is 95 %); found {confidence}")
    return float(confidence)


def mean_std(scores: ArrayLike) -> tuple[float, float]:
    """Mean and sample standard deviation (ddof=1) of at least two scores; equal scores give exactly zero."""
    x = as_scores(scores, minimum=2)
    if x.min() == x.max():
        return float(x[0]), 0.0
    return float(x.mean()), float(x.std(ddof=1))


def t_interval(scores: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean: mean ± t(n-1) · s/√n (Student 1908); its coverage is exact for normal noise.

    Equal scores give the degenerate interval [m, m], with unknown coverage.

    Raises:
        DataError: fewer than two scores, or scores that are not finite.
    """
    x = as_scores(scores, minimum=2)
    confidence = check_confidence(confidence)
    mean, std = mean_std(x)
    if std == 0.0:
        return Interval(mean, mean, confidence, "Student t", None)
    half_width = float(special.stdtrit(x.size - 1, 0.5 + confidence / 2)) * std / math.sqrt(x.size)
    return Interval(mean - half_width, mean + half_width, confidence, "Student t", confidence)


def sigma_interval(scores: ArrayLike, confidence: float = 0.95) -> Interval:
    """Equal-tailed interval of the standard deviation σ, from (n-1)s²/σ² ~ χ²(n-1) for normal noise.

    Equal scores give [0, 0], with unknown coverage.

    Raises:
        DataError: fewer than two scores, or scores that are not finite.
    """
    x = as_scores(scores, minimum=2)
    confidence = check_confidence(confidence)
    _, std = mean_std(x)
    if std == 0.0:
        return Interval(0.0, 0.0, confidence, "chi-square", None)
    degrees = x.size - 1
    low = std * math.sqrt(degrees / float(special.chdtri(degrees, (1 - confidence) / 2)))
    high = std * math.sqrt(degrees / float(special.chdtri(degrees, (1 + confidence) / 2)))
    return Interval(low, high, confidence, "chi-square", confidence)


def rate_upper_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of a rate after `k` events in `n` trials (Clopper & Pearson 1934): 0 of 3 gives 0.632.

    Raises:
        DataError: unless 0 <= k <= n and n >= 1, both whole numbers.
    """
    if int(k) != k or int(n) != n or not 0 <= k <= n or n < 1:
        raise DataError(f"a rate needs whole numbers with 0 <= k <= n and n >= 1; found k={k}, n={n}")
    confidence = check_confidence(confidence)
    return 1.0 if k == n else float(special.betaincinv(k + 1, n - k, confidence))
