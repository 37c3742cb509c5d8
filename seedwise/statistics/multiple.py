"""Several variants compared with one baseline: Holm's p-values, Dunnett's test, simultaneous intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, roots_hermitenorm, roots_legendre

from seedwise.statistics.intervals import DataError
from seedwise.statistics.ttest import TTest, spread

_NODES = 96


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's (1979) adjusted p-values, in the order given.

    A comparison without a p-value (None) stays None but counts in the family as if its p were 1: a variant that crashed
    must not make claims about the others easier.

    `statsmodels.stats.multitest.multipletests` gives the same numbers, but takes half a second to import and collects
    garbage at each call; the tests compare the two.
    """
    filled = np.array([1.0 if p is None else p for p in p_values])
    order = np.argsort(filled)
    adjusted = np.empty_like(filled)
    adjusted[order] = np.minimum(np.maximum.accumulate(filled[order] * np.arange(filled.size, 0, -1)), 1.0)
    return [None if p is None else float(q) for p, q in zip(p_values, adjusted, strict=True)]


def holm_levels(p_values: Sequence[float | None], alpha: float) -> list[float]:
    """The level below which each p-value would be rejected by Holm's test, the others being as they are.

    With R others that are rejected in their turn (a family of k, stepping down) it is α / (k − R).
    """
    filled = np.array([1.0 if p is None else p for p in p_values])
    k = filled.size
    order = np.argsort(filled, kind="stable")
    ordered = filled[order]
    steps = np.arange(k)
    # Without the comparison at place i, those after it step one place forward.
    forward = ordered < alpha / np.maximum(k - steps + 1, 1)
    rejected = int(np.argmin(np.append(ordered < alpha / (k - steps), False)))
    levels = np.full(k, alpha / max(k - rejected, 1))
    for place in range(rejected):
        following = forward[place + 1 :]
        run = int(np.argmin(np.append(following, False)))
        levels[place] = alpha / (k - place - run)
    found = np.empty(k)
    found[order] = levels
    return found.tolist()


def simultaneous_intervals(tests: Sequence[TTest | None], confidence: float = 0.95) -> list[tuple[float, float] | None]:
    """Intervals that hold together with the given confidence: t intervals at level α/k (Bonferroni; Dunn 1961).

    They keep the family-wise level of Holm's test but are slightly more conservative: an interval that excludes 0
    implies a Holm p below α, but not the reverse.
    """
    level = 1 - (1 - confidence) / max(len(tests), 1)
    return [None if test is None else test.interval(level) for test in tests]


@dataclass(frozen=True)
class Dunnett:
    """Dunnett's test of k arms against one control.

    Attributes:
        tests: the difference of each arm, with the pooled standard error and degrees of freedom.
        intervals: simultaneous intervals of the differences.
        variance: pooled over the arms and the control.
        df: its degrees of freedom.
        critical: what |t| must exceed.
        maximum: distribution of the largest |t|.
    """

    tests: list[TTest]
    intervals: list[tuple[float, float]]
    variance: float
    df: int
    critical: float
    maximum: _StudentisedMaximum

    @property
    def p_values(self) -> list[float]:
        """Family-wise adjusted p-value of each arm, two-sided."""
        return [self.adjusted_p(test) for test in self.tests]

    def adjusted_p(self, test: TTest) -> float:
        """How often the largest |t| of the family exceeds that of a test."""
        # The quadrature's absolute error is small, its relative error far in the tail is not. These bounds always hold.
        p = max(self.maximum.exceeds(abs(test.statistic)), test.p_value)
        return min(p, len(self.tests) * test.p_value, 1.0)


def dunnett(
    arms: Sequence[NDArray[np.float64]], control: NDArray[np.float64], confidence: float = 0.95
) -> Dunnett | None:
    """Many-to-one comparison with one pooled variance (Dunnett 1955); None if no arm varies.

    The studentised maximum is integrated by Gaussian quadrature: the arms share the control and the pooled variance,
    and given those two they are independent. `scipy.stats.dunnett` draws quasi-random points instead: its p changes
    with the seed in the third decimal, its interval may not converge, and many arms take minutes. The tests compare the
    two. Every arm needs at least one run.

    Raises:
        DataError: there are no arms, an arm has no runs, or no degree of freedom is left.
    """
    sizes = np.array([len(arm) for arm in arms])
    df = int(sizes.sum() + len(control) - len(arms) - 1)
    if not arms or min(len(control), *sizes) < 1 or df < 1:
        raise DataError("Dunnett's test needs at least one run of the control and of each arm, and two of one of them")
    squares = sum((len(arm) - 1) * spread(arm) ** 2 for arm in (*arms, control) if len(arm) > 1)
    variance = squares / df
    if variance <= 0:
        return None
    tests = [
        TTest(
            float(arm.mean() - control.mean()), float(np.sqrt(variance * (1 / len(arm) + 1 / len(control)))), float(df)
        )
        for arm in arms
    ]
    maximum = _StudentisedMaximum(sizes, len(control), df)
    critical = maximum.critical(confidence)
    intervals = [
        (test.difference - critical * test.standard_error, test.difference + critical * test.standard_error)
        for test in tests
    ]
    return Dunnett(tests, intervals, variance, df, critical, maximum)


def dunnett_critical(sizes: Sequence[int], n_control: int, confidence: float) -> float:
    """What |t| must exceed in Dunnett's test of arms of these sizes."""
    df = sum(sizes) + n_control - len(sizes) - 1
    return _StudentisedMaximum(np.array(sizes), n_control, df).critical(confidence)


class _StudentisedMaximum:
    """Distribution of max |T| over arms that share a control and a pooled variance."""

    def __init__(self, sizes: NDArray[np.int64], n_control: int, df: int) -> None:
        # Arms of equal size have the same distribution: evaluating each size once makes 1 000 arms as cheap as one.
        self._sizes, self._counts = np.unique(sizes, return_counts=True)
        self._df, self._k = df, len(sizes)
        loading = np.sqrt(self._sizes / (self._sizes + n_control))
        normal, normal_weights = roots_hermitenorm(_NODES)
        uniform, uniform_weights = roots_legendre(_NODES)
        self._weights = np.outer(normal_weights / normal_weights.sum(), uniform_weights / 2)
        self._scale = np.sqrt(chdtri(df, (1 - uniform) / 2) / df)[None, :, None]
        self._residual = np.sqrt(1 - loading**2)
        self._shift = (normal[:, None] * loading)[:, None, :]

    def exceeds(self, threshold: float) -> float:
        """P(max |T| > threshold)."""
        upper = (self._shift - threshold * self._scale) / self._residual
        lower = (-self._shift - threshold * self._scale) / self._residual
        outside = np.minimum(ndtr(upper) + ndtr(lower), 1 - 1e-16)
        all_inside = (self._counts * np.log1p(-outside)).sum(axis=2)
        return float(-(self._weights * np.expm1(all_inside)).sum())

    def critical(self, confidence: float) -> float:
        """The threshold exceeded with probability 1 − confidence."""
        unit = TTest(0.0, 1.0, float(self._df))
        single = unit.interval(confidence)[1]
        if self._k == 1:
            return single
        bonferroni = unit.interval(1 - (1 - confidence) / self._k)[1]
        alpha = 1 - confidence
        low, high = single * 0.9, bonferroni * 1.1
        if (self.exceeds(low) > alpha) == (self.exceeds(high) > alpha):
            return bonferroni  # so far in the tail that the quadrature fails; this is surely enough
        return float(brentq(lambda c: self.exceeds(c) - alpha, low, high, xtol=1e-10))
