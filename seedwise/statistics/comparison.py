"""One variant compared with the baseline: everything that does not depend on the other variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seedwise.statistics.bootstrap import bootstrap_difference_ci
from seedwise.statistics.effect import hedges_g, pooled_std, probability_of_improvement, rule_of_thumb
from seedwise.statistics.intervals import DataError, as_scores, check_confidence
from seedwise.statistics.permutation import PermutationTest, permutation_test, sign_flip_test
from seedwise.statistics.power import detectable_effect, detectable_effect_paired, seeds_needed
from seedwise.statistics.ttest import TTest, difference_spread, paired, welch
from seedwise.statistics.verdict import is_fragile

Pairing = Literal["none", "seed"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A variant compared with the baseline; None means "not defined for these scores".

    Attributes:
        n: number of runs of the variant that were used.
        n_baseline: number of runs of the baseline that were used.
        difference: of the means, in units of the metric, positive is better.
        test: the test that gives `p_value`, `ci_low` and `ci_high`.
        ci_low: with `ci_high` the interval of the difference at the plan's confidence.
        p_value: two-sided, not adjusted for other comparisons, never 0.
        equivalence_low: with `equivalence_high` the 1 − 2α interval; two one-sided tests show equivalence if it lies
            inside the margin.
        hedges_g: difference in units of the pooled seed standard deviation, arms taken as independent.
        probability_of_improvement: `wins` / `pairs`, over all pairs of runs, ties counting one half.
        permutation_p_min: the smallest p that the permutation test can reach with these numbers of runs.
        rule_separate: whether |difference| > 2·√(s₁² + s₂²), the `rule_separate_threshold`.
        rule_pooled: whether |difference| > 2·pooled std, the `rule_pooled_threshold`.
        bootstrap_low: with `bootstrap_high` the percentile bootstrap interval of the difference.
        detectable_difference: difference that these numbers of runs detect with 80 % power, in units of the metric.
        seeds_needed: per arm, to detect the margin (without one, the observed difference) with 80 % power.
        fragile: whether the methods disagree about "there is a difference".
        defined: whether the test is defined; it needs two runs in each arm, and variance.
    """

    n: int
    n_baseline: int
    difference: float | None
    test: Literal["welch", "paired", "dunnett"]
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    equivalence_low: float | None
    equivalence_high: float | None
    hedges_g: float | None
    hedges_g_low: float | None
    hedges_g_high: float | None
    probability_of_improvement: float | None
    wins: float | None
    pairs: int | None
    permutation_test: Literal["permutation", "sign-flip"]
    permutation_p: float | None
    permutation_p_min: float | None
    rule_separate_threshold: float | None
    rule_separate: bool | None
    rule_pooled_threshold: float | None
    rule_pooled: bool | None
    bootstrap_low: float | None
    bootstrap_high: float | None
    detectable_difference: float | None
    seeds_needed: int | None
    fragile: bool
    defined: bool


def compare(
    scores: ArrayLike,
    baseline: ArrayLike,
    *,
    confidence: float = 0.95,
    pairing: Pairing = "none",
    higher_is_better: bool = True,
    margin: float | None = None,
    same_seeds: bool = False,
) -> Comparison:
    """Compare a variant's scores with the baseline's.

    Args:
        scores: shape (n,), one score per usable run; can be empty.
        baseline: shape (m,).
        confidence: of all intervals; α is 1 − confidence. Above 0.5, so that the 1 − 2α interval exists.
        pairing: `seed` tests the differences of `scores[i]` and `baseline[i]`, which must be runs of one seed.
        higher_is_better: False for a loss.
        margin: smallest difference that matters, if declared.
        same_seeds: entries of equal index are runs of one seed although the plan does not pair them; `fragile` then
            also considers the paired test.

    Raises:
        DataError: scores are not finite numbers, paired arms differ in size, or confidence lies outside (0.5, 1).
    """
    a, b = oriented(scores, baseline, higher_is_better)
    alpha = 1 - check_confidence(confidence)
    if alpha >= 0.5:
        raise DataError(f"confidence must lie between 0.5 and 1 to compare variants; found {confidence}")
    by_seed = pairing == "seed"
    test = declared_test(a, b, pairing)
    low, high = (None, None) if test is None else test.interval(confidence)
    equivalence_low, equivalence_high = (None, None) if test is None else test.interval(1 - 2 * alpha)
    both = min(len(a), len(b))
    effect, rule, improvement = hedges_g(a, b, confidence), rule_of_thumb(a, b), probability_of_improvement(a, b)
    permuted = _permuted(a, b, by_seed)
    bootstrap = bootstrap_difference_ci(a, b, confidence) if both >= 2 else None
    difference = float(a.mean() - b.mean()) if both >= 1 else None
    other = _other_test(a, b, by_seed, same_seeds)
    detectable, needed = _power(a, b, alpha, difference if margin is None else margin, by_seed)
    return Comparison(
        n=len(a),
        n_baseline=len(b),
        difference=difference,
        test="paired" if by_seed else "welch",
        ci_low=low,
        ci_high=high,
        p_value=None if test is None else test.p_value,
        equivalence_low=equivalence_low,
        equivalence_high=equivalence_high,
        hedges_g=None if effect is None else effect.g,
        hedges_g_low=None if effect is None else effect.low,
        hedges_g_high=None if effect is None else effect.high,
        probability_of_improvement=None if improvement is None else improvement.probability,
        wins=None if improvement is None else improvement.wins,
        pairs=None if improvement is None else improvement.pairs,
        permutation_test="sign-flip" if by_seed else "permutation",
        permutation_p=None if permuted is None else permuted.p_value,
        permutation_p_min=None if permuted is None else permuted.smallest_p,
        rule_separate_threshold=None if rule is None else rule.separate_threshold,
        rule_separate=None if rule is None else rule.separate,
        rule_pooled_threshold=None if rule is None else rule.pooled_threshold,
        rule_pooled=None if rule is None else rule.pooled,
        bootstrap_low=None if bootstrap is None else bootstrap.low,
        bootstrap_high=None if bootstrap is None else bootstrap.high,
        detectable_difference=detectable,
        seeds_needed=needed,
        fragile=is_fragile(
            alpha=alpha,
            p_values=[None if t is None else t.p_value for t in (test, other)],
            rules=[] if rule is None else [rule.separate, rule.pooled],
            permutation_p=None if permuted is None else permuted.p_value,
            smallest_permutation_p=None if permuted is None else permuted.smallest_p,
        ),
        defined=test is not None,
    )


def oriented(scores: ArrayLike, baseline: ArrayLike, higher_is_better: bool) -> tuple[Floats, Floats]:
    """Both arms as checked arrays, which can be empty; negated if lower is better, so that larger is better."""
    sign = 1.0 if higher_is_better else -1.0
    a, b = (
        sign * (as_scores(arm, name=name, minimum=0) if np.size(arm) else np.empty(0))
        for arm, name in ((scores, "scores"), (baseline, "baseline"))
    )
    return a, b


def declared_test(scores: Floats, baseline: Floats, pairing: Pairing) -> TTest | None:
    """The t test that the plan declares, on oriented arms; None if it is not defined."""
    return paired(scores, baseline) if pairing == "seed" else welch(scores, baseline)


def _other_test(a: Floats, b: Floats, by_seed: bool, same_seeds: bool) -> TTest | None:
    """The test that the plan did not choose, for `fragile`."""
    if by_seed:
        return welch(a, b)
    return paired(a, b) if same_seeds and len(a) == len(b) else None


def _permuted(a: Floats, b: Floats, by_seed: bool) -> PermutationTest | None:
    if min(len(a), len(b)) < 1:
        return None
    if by_seed:
        return sign_flip_test(a - b, scale=float(max(np.abs(a).max(), np.abs(b).max())))
    return permutation_test(a, b)


def _power(
    a: Floats, b: Floats, alpha: float, target: float | None, by_seed: bool, power: float = 0.8
) -> tuple[float | None, int | None]:
    """Detectable difference and seeds needed to detect the target, both for the declared test."""
    if min(len(a), len(b)) < 2 or target is None:
        return None, None
    std = difference_spread(a, b) if by_seed else pooled_std(a, b)
    if std <= 0:
        return None, None
    detectable = (
        detectable_effect_paired(len(a), alpha, power) if by_seed else detectable_effect(len(a), len(b), alpha, power)
    )
    return detectable * std, seeds_needed(target, std, alpha, power, paired=by_seed)
