"""The size of a difference: Hedges' g, the probability of improvement, and the `2 × combined std` rule of thumb."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaln, nctdtrinc

from seedwise.statistics.ttest import spread

_LARGE_T = 200.0
_TIES_WITHIN = 1e-12


@dataclass(frozen=True)
class EffectSize:
    """A standardised difference, with an interval of its true value."""

    g: float
    low: float
    high: float


@dataclass(frozen=True)
class Improvement:
    """The number of pairs of runs, one from each arm, in which the first arm is better; a tie counts one half."""

    wins: float
    pairs: int

    @property
    def probability(self) -> float:
        """Wins divided by pairs."""
        return self.wins / self.pairs


@dataclass(frozen=True)
class RuleOfThumb:
    """Whether |difference| exceeds twice the "combined std", in both readings of "combined"."""

    separate_threshold: float
    separate: bool
    pooled_threshold: float
    pooled: bool


def pooled_std(scores: NDArray[np.float64], baseline: NDArray[np.float64]) -> float:
    """Pooled standard deviation of two arms with at least one run each and three in total."""
    n, m = len(scores), len(baseline)
    own, other = spread(scores) if n > 1 else 0.0, spread(baseline) if m > 1 else 0.0
    return float(np.sqrt(((n - 1) * own**2 + (m - 1) * other**2) / (n + m - 2)))


def hedges_g(scores: NDArray[np.float64], baseline: NDArray[np.float64], confidence: float = 0.95) -> EffectSize | None:
    """Standardised mean difference with the exact small-sample factor J (Hedges 1981), arms taken as independent.

    The interval is that of the true standardised difference, by inversion of the noncentral t distribution (Steiger &
    Fouladi 1997); J corrects the bias of the point estimate and does not apply to it. None if an arm has fewer than two
    runs, or neither has any variance.
    """
    n, m = len(scores), len(baseline)
    if min(n, m) < 2:
        return None
    deviation = pooled_std(scores, baseline)
    if deviation <= 0:
        return None
    df = n + m - 2
    d = float(scores.mean() - baseline.mean()) / deviation
    correction = float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2))) / float(np.sqrt(df / 2))
    root_n = float(np.sqrt(n * m / (n + m)))
    tail = (1 - confidence) / 2
    low, high = (_noncentrality(d * root_n, df, 1 - p) / root_n for p in (tail, 1 - tail))
    return EffectSize(d * correction, low, high)


def _noncentrality(t: float, df: int, p: float) -> float:
    """The noncentrality at which the observed t is the p quantile."""
    if abs(t) > _LARGE_T:
        # scipy's inversion loses accuracy here, where T = (Z + δ)/√(χ²/df) depends almost only on χ².
        upper_tail = p if t > 0 else 1 - p
        return t * float(np.sqrt(chdtri(df, upper_tail) / df))
    return float(nctdtrinc(df, p, t))


def probability_of_improvement(scores: NDArray[np.float64], baseline: NDArray[np.float64]) -> Improvement | None:
    """Share of the n₁·n₂ pairs of runs in which `scores` is larger (Agarwal et al. 2021); None if an arm has no runs.

    Scores that differ only by float noise are a tie.
    """
    if min(len(scores), len(baseline)) < 1:
        return None
    differences = np.subtract.outer(scores, baseline)
    noise = _TIES_WITHIN * max(np.abs(scores).max(), np.abs(baseline).max())
    ties = np.abs(differences) <= noise
    wins = float(np.count_nonzero((differences > 0) & ~ties) + 0.5 * np.count_nonzero(ties))
    return Improvement(wins, differences.size)


def rule_of_thumb(scores: NDArray[np.float64], baseline: NDArray[np.float64]) -> RuleOfThumb | None:
    """Both readings of `|mean difference| > 2 × combined std`; None if an arm has fewer than two runs.

    "Combined" is read as √(s₁² + s₂²) (separate) or as the pooled standard deviation (pooled). Neither shrinks
    as runs are added, so neither is a significance test.
    """
    if min(len(scores), len(baseline)) < 2:
        return None
    difference = abs(float(scores.mean() - baseline.mean()))
    separate = 2 * float(np.hypot(spread(scores), spread(baseline)))
    pooled = 2 * pooled_std(scores, baseline)
    noise = _TIES_WITHIN * float(max(np.abs(scores).max(), np.abs(baseline).max()))
    return RuleOfThumb(separate, difference > separate + noise, pooled, difference > pooled + noise)
