"""What the rule of thumb "difference > 2 combined standard deviations" is worth, for normal seed noise of equal size.

With n seeds in both arms the rule is a t test in disguise: with √(s₁² + s₂²) it asks for |t| > 2√n, with the pooled
standard deviation for |t| > 2/√(1/n₁ + 1/n₂). Its error rates follow from the t distribution (Student 1908) and its
power from the noncentral t (Cohen 1988); for unequal arms the first reading is evaluated at the smaller n.
"""

from __future__ import annotations

import math

from scipy import stats

EXAMPLE_EFFECT = 2.0


def separate_false_positives(n: int, n_baseline: int) -> float:
    """Chance that the reading with √(s₁² + s₂²) claims a difference between equal variants."""
    smaller = min(n, n_baseline)
    return float(2 * stats.t.sf(2 * math.sqrt(smaller), 2 * smaller - 2))


def pooled_false_positives(n: int, n_baseline: int) -> float:
    """Chance that the reading with the pooled standard deviation claims a difference between equal variants."""
    return float(2 * stats.t.sf(2 / math.sqrt(1 / n + 1 / n_baseline), n + n_baseline - 2))


def separate_power(n: int, n_baseline: int, effect: float = EXAMPLE_EFFECT) -> float:
    """Chance that the reading with √(s₁² + s₂²) notices a true difference of `effect` seed standard deviations.

    It falls as n grows, because the rule compares the difference of two means with the spread of single runs.
    """
    smaller = min(n, n_baseline)
    degrees, shift = 2 * smaller - 2, effect * math.sqrt(smaller / 2)
    limit = 2 * math.sqrt(smaller)
    return float(stats.nct.sf(limit, degrees, shift) + stats.nct.cdf(-limit, degrees, shift))
