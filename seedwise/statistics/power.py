"""Power of two-sided t tests with a pooled variance: what textbooks say about numbers of seeds.

Effects are in units of the seed standard deviation (Cohen's d). The power of Student's test is known exactly from the
noncentral t distribution (Cohen 1988, chapter 2); Colas et al. 2018 apply it to the number of seeds. Where Welch's test
decides it promises too much at few seeds: reports use `seedwise.statistics.planning`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special
from scipy.optimize import brentq

from seedwise.statistics.intervals import DataError

if TYPE_CHECKING:
    import pandas as pd

MAX_SEEDS = 10_000
"""The largest number of seeds that is ever named: a difference that needs as many is out of reach."""
# Smaller effects need more than 10^9 seeds, for which the noncentral t is not accurate.
SMALLEST_EFFECT = 1e-4


def _power(noncentrality: float, degrees: float, alpha: float) -> float:
    """P(|T| > critical value) for noncentral t; the far tail is left out if it underflows."""
    critical = float(special.stdtrit(degrees, 1 - alpha / 2))
    upper = 1.0 - float(special.nctdtr(degrees, noncentrality, critical))
    if not math.isfinite(upper):
        # With a noncentrality this large, the numerator's noise is negligible beside the denominator's chi-square.
        return float(special.chdtr(degrees, degrees * (noncentrality / critical) ** 2))
    lower = float(special.nctdtr(degrees, noncentrality, -critical))
    return upper + (lower if math.isfinite(lower) else 0.0)


def _check(alpha: float, power: float) -> None:
    if not 0.0 < alpha < power < 1.0:
        raise DataError(f"power analysis needs 0 < alpha < power < 1; found alpha={alpha}, power={power}")


def _check_n(*sizes: int) -> None:
    for n in sizes:
        if n < 2:
            raise DataError(f"power analysis needs at least 2 seeds in each arm; found {n}")


def _smallest_noncentrality(degrees: float, alpha: float, power: float) -> float:
    """Noncentrality at which the test reaches `power`."""
    upper = 2.0
    while _power(upper, degrees, alpha) < power:
        upper *= 2.0
    return float(brentq(lambda shift: _power(shift, degrees, alpha) - power, 0.0, upper, xtol=1e-12))


@lru_cache(maxsize=4096)
def detectable_effect(n: int, n2: int | None = None, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest Cohen's d that `n` seeds against `n2` (default: the same) detect with probability `power`.

    Raises:
        DataError: an arm has fewer than 2 seeds, or 0 < alpha < power < 1 does not hold.
    """
    n2 = n if n2 is None else n2
    _check(alpha, power)
    _check_n(n, n2)
    return _smallest_noncentrality(n + n2 - 2, alpha, power) * math.sqrt(1 / n + 1 / n2)


@lru_cache(maxsize=4096)
def detectable_effect_paired(n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Like `detectable_effect` for the paired t test, in units of the standard deviation of the `n` differences."""
    _check(alpha, power)
    _check_n(n)
    return _smallest_noncentrality(n - 1, alpha, power) / math.sqrt(n)


def _solve_n(power_at: Callable[[float], float], power: float) -> float:
    """Real n >= 2 at which `power_at` reaches `power`; 2 if that is already enough."""
    if power_at(2.0) >= power:
        return 2.0
    upper = 4.0
    while power_at(upper) < power:
        upper *= 2.0
    return float(brentq(lambda n: power_at(n) - power, upper / 2, upper, xtol=1e-9))


def required_n(d: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Seeds per arm (a real number, at least 2) with which an effect `d` is detected with probability `power`.

    Raises:
        DataError: `d` is zero or not finite, or 0 < alpha < power < 1 does not hold.
    """
    _check(alpha, power)
    size = _check_effect(d)
    return _solve_n(lambda n: _power(size * math.sqrt(n / 2), 2 * n - 2, alpha), power)


def required_n_paired(d: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Like `required_n`, in pairs of seeds; `d` is in units of the standard deviation of the differences."""
    _check(alpha, power)
    size = _check_effect(d)
    return _solve_n(lambda n: _power(size * math.sqrt(n), n - 1, alpha), power)


def _check_effect(d: float) -> float:
    if not (math.isfinite(d) and abs(d) > SMALLEST_EFFECT):
        raise DataError(f"no number of seeds detects an effect of {d} standard deviations")
    return abs(float(d))


def seeds_needed(
    difference: float, std: float, alpha: float = 0.05, power: float = 0.8, *, paired: bool = False
) -> int | None:
    """Seeds per arm that detect `difference` with probability `power`; `std` is the seed std (paired: of differences).

    Both are in units of the metric. `MAX_SEEDS` means that many or more. None if there is no answer: the difference or
    the spread is zero, or a value is not finite.
    """
    if not (math.isfinite(difference) and math.isfinite(std)) or difference == 0.0 or std <= 0.0:
        return None
    d = abs(difference) / std
    if d <= SMALLEST_EFFECT:
        return MAX_SEEDS
    # Effects above 1 000 need only two seeds per arm at any usual alpha; a huge noncentrality would overflow.
    solve = required_n_paired if paired else required_n
    return min(MAX_SEEDS, max(2, math.ceil(solve(min(d, 1e3), alpha, power) - 1e-9)))


def power_table(ns: Sequence[int], ds: Sequence[float], alpha: float = 0.05) -> pd.DataFrame:
    """Probability of detecting each effect (columns, Cohen's d) with each number of seeds per arm (rows)."""
    import pandas as pd

    _check_n(*ns)
    cells = np.array([[_power(abs(d) * math.sqrt(n / 2), 2 * n - 2, alpha) for d in ds] for n in ns])
    return pd.DataFrame(
        cells.reshape(len(ns), len(ds)), index=pd.Index(list(ns), name="n"), columns=pd.Index(list(ds), name="d")
    )
