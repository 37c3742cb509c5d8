"""How often chance alone makes what the warnings look for, in a study of normal seed noise.

Scores are rounded: an accuracy moves in steps of 1/N, a table may show three decimals. Each check of spread, gap or
correlation takes, of all the scores that could have been rounded to the recorded ones, those that are least unusual.
So rounding can only make it quieter, and its level holds at any resolution.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from seedwise.statistics.lattice import find_lattice

_MOST_EXAMPLES = 100_000
_MOST_DECIMALS, _FEW_DECIMALS = 12, 6
_NOISE = 1e-14  # of floats, relative to the scores
_TIE = 1 / (2 * math.sqrt(math.pi))  # the density of the difference of two normal scores at 0, times their σ

# By n, for the levels below: 1 - the share of the range that the largest gap between neighbours of n normal scores
# exceeds with that probability. Simulated by `python -m benchmarks.false_alarms --gap-table` with 10⁷ samples for each
# n: the error of a level is 0.1 % of it at 0.05, 1 % at 0.001 and 10 % at 0.00001.
_GAP_LEVELS = (0.05, 0.01, 0.001, 0.0001, 0.00001)
_REST_OF_RANGE: dict[int, tuple[float, ...]] = {
    4: (0.1492, 0.06934, 0.02242, 0.007252, 0.002551),
    5: (0.258, 0.1574, 0.07565, 0.03567, 0.0171),
    6: (0.3404, 0.2362, 0.1386, 0.07939, 0.04719),
    7: (0.4017, 0.2999, 0.1967, 0.1291, 0.08179),
    8: (0.4492, 0.3507, 0.2468, 0.1715, 0.1181),
    9: (0.4861, 0.391, 0.2876, 0.2114, 0.1562),
    10: (0.5158, 0.4233, 0.3222, 0.2468, 0.1894),
    11: (0.54, 0.4501, 0.3504, 0.2754, 0.2138),
    12: (0.5603, 0.4726, 0.3744, 0.2989, 0.2406),
    13: (0.5776, 0.4917, 0.3953, 0.3205, 0.2635),
    14: (0.5922, 0.5079, 0.4132, 0.3404, 0.2812),
    15: (0.605, 0.5218, 0.429, 0.357, 0.3009),
    16: (0.6162, 0.5346, 0.4423, 0.3717, 0.3145),
    17: (0.6263, 0.5454, 0.4549, 0.3855, 0.3331),
    18: (0.6352, 0.5556, 0.4665, 0.3971, 0.3385),
    19: (0.6431, 0.5643, 0.4761, 0.4069, 0.3516),
    20: (0.6502, 0.5724, 0.486, 0.4176, 0.3622),
    25: (0.6783, 0.6045, 0.521, 0.456, 0.4063),
    30: (0.6979, 0.6265, 0.546, 0.4827, 0.4316),
    40: (0.7242, 0.6567, 0.5807, 0.5205, 0.4724),
    50: (0.7415, 0.6767, 0.6034, 0.545, 0.5),
}


def resolution(values: NDArray[np.float64]) -> float:
    """Return the step in which recorded values move: 1/N of an accuracy, the last decimal of a table, else float's.

    From few values the step may come out too wide, which makes ties look likelier than they are.
    """
    distinct = np.unique(values[np.isfinite(values)])
    if not distinct.size or not distinct.any():
        return 0.0
    if distinct.size > 1:
        # Of two values alone, any difference would be a step; a count / N is also a whole number of steps from 0.
        step = float(find_lattice(np.unique([*distinct, 0.0])[None, :])[0])
        if step > 0:
            return step
    largest = float(np.abs(distinct).max())
    decimals = _decimals(distinct, largest)
    single = largest <= float(np.finfo(np.float32).max) and bool((distinct.astype(np.float32) == distinct).all())
    if (single or distinct.size == 1) and (decimals is None or decimals > _FEW_DECIMALS):
        found = _examples(distinct, largest * float(np.finfo(np.float32).eps if single else 1e-12))
        if found:
            return 1 / found
    if decimals is not None:
        return 10.0**-decimals
    return float(np.spacing(np.float32(largest) if single else largest))


def _decimals(distinct: NDArray[np.float64], largest: float) -> int | None:
    tolerance = 4 * float(np.finfo(np.float64).eps) * largest
    for decimals in range(_MOST_DECIMALS + 1):
        if (np.abs(distinct - distinct.round(decimals)) <= tolerance).all():
            return decimals
    return None


def _examples(distinct: NDArray[np.float64], tolerance: float) -> int | None:
    """Return the least N such that all values are counts / N, each to the tolerance; None if there is no small one."""
    candidates = np.arange(1, _MOST_EXAMPLES + 1)
    for value in distinct:
        counts = value * candidates
        candidates = candidates[np.abs(counts - np.rint(counts)) <= tolerance * candidates]
        if not candidates.size:
            return None
    return int(candidates[0])


def tie_rate(step: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at most how often two independent normal scores of equal mean are rounded to one multiple of `step`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = _TIE * step / std
    return np.where(np.isfinite(rate), np.minimum(rate, 1.0), 1.0)


def agreement_rate(step: float, std: float, n: int) -> float:
    """Return at most how often `n` independent normal scores are all rounded to one multiple of `step`."""
    if std <= 0:
        return 1.0
    share = step / std / math.sqrt(2 * math.pi)
    return 1.0 if share >= math.sqrt(n) else min(1.0, share ** (n - 1) / math.sqrt(n))


def at_least(count: NDArray[np.int64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often a Poisson number is at least `count`."""
    return np.where(count > 0, special.pdtrc(np.maximum(count - 1, 0), expected), 1.0)


@functools.lru_cache(maxsize=256)
def gap_limit(n: int, level: float) -> float:
    """Return the share of the range that the largest gap of `n` >= 3 normal scores exceeds with probability `level`.

    Exact for n = 3, where the residuals of a normal sample point in a uniform direction of a plane.
    """
    if n == 3:
        return (1 + math.sqrt(3) * math.tan((1 - level) * math.pi / 6)) / 2
    sizes = sorted(_REST_OF_RANGE)
    if n in _REST_OF_RANGE or n > sizes[-1]:  # a wider limit than theirs for samples that are larger
        return 1 - _rest_of_range(_REST_OF_RANGE[min(n, sizes[-1])], level)
    above = next(size for size in sizes if size > n)
    below = sizes[sizes.index(above) - 1]
    share = (n - below) / (above - below)
    return (1 - share) * gap_limit(below, level) + share * gap_limit(above, level)


def _rest_of_range(rests: tuple[float, ...], level: float) -> float:
    """Interpolate a row of the table; beyond its ends, continue its first or last segment."""
    x, y = np.log(_GAP_LEVELS), np.log(rests)
    segment = int(np.clip(np.searchsorted(-x, -math.log(level)) - 1, 0, len(x) - 2))
    slope = (y[segment + 1] - y[segment]) / (x[segment + 1] - x[segment])
    return float(math.exp(min(0.0, y[segment] + slope * (math.log(level) - x[segment]))))


def widest_gap(scores: NDArray[np.float64], step: float) -> tuple[float, float, float]:
    """Return the scores on both sides of the largest gap, and at least what share of the range it was unrounded."""
    ordered = np.sort(scores)
    gaps = np.diff(ordered)
    place = int(np.argmax(gaps))
    low, high = float(ordered[place]), float(ordered[place + 1])
    gap = max(high - low - step, 0.0)
    # A group of one score has no width, whatever it was rounded from.
    below = low - float(ordered[0]) + step if place > 0 else 0.0
    above = float(ordered[-1]) - high + step if place < len(gaps) - 1 else 0.0
    whole = gap + below + above
    return low, high, gap / whole if whole > 0 else 0.0


def spread_chance(stds: tuple[float, float], sizes: tuple[int, int], step: float) -> float:
    """Return at most how often equal normal noise gives standard deviations as unlike as these (two-sided F test)."""
    (low, n_low), (high, n_high) = sorted(zip(stds, sizes, strict=True))
    low, high = low + _rounded_by(step, n_low), high - _rounded_by(step, n_high)
    if high <= low or low <= 0:
        return 1.0
    return min(1.0, 2 * float(special.fdtrc(n_high - 1, n_low - 1, (high / low) ** 2)))


def _rounded_by(step: float, n: int) -> float:
    """Return how much rounding can change a standard deviation (ddof=1)."""
    return step / 2 * math.sqrt(n / (n - 1))


def negative_correlation_chance(a: NDArray[np.float64], b: NDArray[np.float64], step: float) -> float:
    """Return at most how often independent normal pairs are correlated as negatively as these (one-sided t test)."""
    n = len(a)
    x, y = a - a.mean(), b - b.mean()
    lengths = math.sqrt(float(x @ x)), math.sqrt(float(y @ y))
    if lengths[0] <= _NOISE * float(np.abs(a).max()) or lengths[1] <= _NOISE * float(np.abs(b).max()):
        return 1.0  # one of them does not vary
    r = float(x @ y) / (lengths[0] * lengths[1])
    # Rounding turns each vector of residuals by at most this angle.
    turned = sum(math.asin(min(1.0, step / 2 * math.sqrt(n) / length)) for length in lengths)
    angle = math.acos(max(-1.0, min(1.0, r))) - turned
    if angle <= math.pi / 2:
        return 1.0
    return float(special.stdtr(n - 2, math.sqrt(n - 2) / math.tan(angle)))
