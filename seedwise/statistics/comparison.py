"""Variants compared with the baseline: the decision about each, and everything that describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seedwise.statistics.arm import Arm
from seedwise.statistics.bootstrap import bootstrap_ci, bootstrap_difference_cis
from seedwise.statistics.decision import Contest, Decision, Family, contests, decide_all, oriented
from seedwise.statistics.effect import hedges_g, improvement_interval, probability_of_improvement, rule_of_thumb
from seedwise.statistics.fragility import flips
from seedwise.statistics.intervals import DataError, check_confidence
from seedwise.statistics.permutation import permuted_runs
from seedwise.statistics.planning import SeedPlan, plan_seeds
from seedwise.statistics.ttest import mean_difference, spread
from seedwise.statistics.verdict import Verdict

if TYPE_CHECKING:
    from seedwise.plan import Plan

Pairing = Literal["none", "seed"]
Question = Literal["difference", "non-inferiority"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A variant compared with the baseline; None means "not defined for these scores".

    Attributes:
        n: number of runs of the variant that were used; pairs if the plan pairs runs.
        n_baseline: number of runs of the baseline that were used.
        mean: of the variant's runs that were used, in units of the metric.
        mean_baseline: of the baseline's.
        std: standard deviation of the variant's runs that were used (ddof=1).
        std_baseline: of the baseline's.
        difference: of the means, in units of the metric, positive is better.
        test: the test that gives `p_value`, `ci_low` and `ci_high`.
        ci_low: with `ci_high` the interval of the difference at the plan's confidence; Dunnett's is simultaneous.
        p_value: two-sided, never 0; not adjusted for other comparisons, but for Dunnett's test.
        p_holm: adjusted for the number of comparisons (Holm 1979); Dunnett's p as it is.
        simultaneous_low: with `simultaneous_high` the interval that holds for all comparisons at once.
        equivalence_low: with `equivalence_high` the 1 − 2α interval; two one-sided tests show equivalence if it lies
            inside the margin.
        non_inferiority_low: lower end of the interval that decides whether the variant is worse by the margin or more,
            if that is the question: at the level that this comparison has to meet.
        non_inferiority_p: one-sided, adjusted for the number of comparisons; it must stay below α/2.
        hedges_g: difference in units of the pooled seed standard deviation, arms taken as independent.
        probability_of_improvement: `wins` / `pairs`, over all pairs of runs, ties counting one half.
        improvement_low: with `improvement_high` its interval, arms taken as independent.
        permutation_method: how its p was computed.
        permutation_p_min: the smallest p that this computation can give with these numbers of runs.
        rule_separate: whether |difference| > 2·√(s₁² + s₂²), the `rule_separate_threshold`.
        rule_pooled: whether |difference| > 2·pooled std, the `rule_pooled_threshold`.
        bootstrap_low: with `bootstrap_high` the percentile bootstrap interval of the difference; of the paired
            differences if the plan pairs runs.
        correlation: between runs of one seed, if the plan pairs them.
        detectable_difference: true difference that these runs detect with 80 % power, in units of the metric.
        seeds_needed: per arm, to detect the margin (without one, the observed difference) with 80 % power; as many show
            with that power that equal variants are not inferior.
        seeds_for_equivalence: per arm, to show that equal variants are equivalent with 80 % power.
        exaggeration: how much studies that claim a true difference of one seed standard deviation exaggerate it.
        verdict: what the data support.
        fragile: whether the verdict hangs on one run or on the choice of method.
        fragile_because: what would decide otherwise.
        doubt: a reason to doubt the runs themselves, which only `analyse` finds, in the whole study: `constant variant`
            or `constant baseline` (its runs agree although their seeds differ), `repeated variant` or `repeated
            baseline` (most of its scores repeat; a semicolon between all these), or `identical` (both arms agree seed
            by seed); empty if there is none.
    """

    n: int
    n_baseline: int
    mean: float | None
    mean_baseline: float | None
    std: float | None
    std_baseline: float | None
    difference: float | None
    test: Literal["welch", "paired", "dunnett"]
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_holm: float | None
    simultaneous_low: float | None
    simultaneous_high: float | None
    equivalence_low: float | None
    equivalence_high: float | None
    non_inferiority_low: float | None
    non_inferiority_p: float | None
    hedges_g: float | None
    hedges_g_low: float | None
    hedges_g_high: float | None
    probability_of_improvement: float | None
    improvement_low: float | None
    improvement_high: float | None
    wins: float | None
    pairs: int | None
    permutation_test: Literal["permutation", "sign-flip"]
    permutation_method: Literal["", "exact", "Monte Carlo", "approximation"]
    permutation_p: float | None
    permutation_p_min: float | None
    rule_separate_threshold: float | None
    rule_separate: bool | None
    rule_pooled_threshold: float | None
    rule_pooled: bool | None
    bootstrap_low: float | None
    bootstrap_high: float | None
    correlation: float | None
    detectable_difference: float | None
    seeds_needed: int | None
    seeds_for_equivalence: int | None
    exaggeration: float | None
    verdict: Verdict
    fragile: bool
    fragile_because: str
    doubt: str

    @property
    def defined(self) -> bool:
        """Whether the test is defined; it needs two runs in each arm, and variance."""
        return self.p_value is not None


def compare(
    scores: ArrayLike,
    baseline: ArrayLike,
    *,
    confidence: float = 0.95,
    pairing: Pairing = "none",
    higher_is_better: bool = True,
    margin: float | None = None,
    question: Question | None = None,
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
        question: `non-inferiority` asks whether the variant is not worse by more than the margin.
        same_seeds: entries of equal index are runs of one seed although the plan does not pair them; `fragile` then
            also considers the paired test. `fragile_because` calls runs by their index.

    Raises:
        DataError: scores are not finite numbers, paired arms differ in size, or confidence lies outside (0.5, 1).
    """
    from seedwise.plan import Plan  # needs pydantic, as slow to import as all that this package imports

    if check_confidence(confidence) <= 0.5:
        raise DataError(f"confidence must lie between 0.5 and 1 to compare variants; found {confidence}")
    a, b = oriented(scores, True), oriented(baseline, True, "baseline")
    if pairing == "seed" and len(a) != len(b):
        raise DataError(f"a paired test needs runs of the same seeds: got {len(a)} and {len(b)} runs")
    shared = pairing == "seed" or (same_seeds and len(a) == len(b))
    arm = Arm("scores", tuple(range(len(a))), a, 0, 0)
    # Runs are named by their positions; as text, those of the baseline are no seeds that the arms share.
    places = range(len(b)) if shared else map(str, range(len(b)))
    reference = Arm("baseline", tuple(places), b, 0, 0)
    plan = Plan(
        metric="score",
        higher_is_better=higher_is_better,
        baseline="baseline",
        confidence=confidence,
        pairing=pairing,
        question=question,
        margin=margin,
    )
    compared = contests([arm], reference, plan)
    return describe(compared, decide_all(compared, plan), plan)[0]


def describe(
    compared: Sequence[Contest], family: Family, plan: Plan, later_alpha: float | None = None
) -> list[Comparison]:
    """Describe each comparison of a family beside its decision.

    `later_alpha` is the level at which more seeds would be judged, if it is not the plan's: that of the last look.
    """
    plans = plan_seeds(
        [(each.scores, each.baseline) for each in compared],
        plan.alpha,
        paired=plan.pairing == "seed",
        dunnett=family.dunnett,
        margin=plan.margin,
        equivalence=plan.non_inferiority_margin is None,
        later_alpha=later_alpha,
    )
    return [
        _comparison(each, decision, seeds, bootstrap, family, plan)
        for each, decision, seeds, bootstrap in zip(
            compared, family.decisions, plans, _bootstraps(compared, plan), strict=True
        )
    ]


def _bootstraps(compared: Sequence[Contest], plan: Plan) -> list[tuple[float | None, float | None]]:
    """Percentile intervals of the differences; arms of equal size that share a baseline are computed together."""
    found: list[tuple[float | None, float | None]] = [(None, None)] * len(compared)
    groups: dict[tuple[int, bytes], list[int]] = {}
    for index, each in enumerate(compared):
        if min(len(each.scores), len(each.baseline)) < 2:
            continue
        if plan.pairing == "seed":
            interval = bootstrap_ci(each.scores - each.baseline, plan.confidence)
            found[index] = interval.low, interval.high
        else:
            groups.setdefault((len(each.scores), each.baseline.tobytes()), []).append(index)
    for members in groups.values():
        arms = np.stack([compared[index].scores for index in members])
        lows, highs = bootstrap_difference_cis(arms, compared[members[0]].baseline, plan.confidence)
        for index, low, high in zip(members, lows.tolist(), highs.tolist(), strict=True):
            found[index] = low, high
    return found


def _comparison(
    contest: Contest,
    decision: Decision,
    seeds: SeedPlan,
    bootstrap: tuple[float | None, float | None],
    family: Family,
    plan: Plan,
) -> Comparison:
    a, b = contest.scores, contest.baseline
    both, by_seed = min(len(a), len(b)), plan.pairing == "seed"
    confidence, sign = plan.confidence, contest.sign
    effect, rule, improvement = hedges_g(a, b, confidence), rule_of_thumb(a, b), probability_of_improvement(a, b)
    chance, permuted = improvement_interval(a, b, confidence), permuted_runs(a, b, by_seed)
    because = flips(contest, decision, permuted, plan, family.dunnett)
    low, high = decision.interval or (None, None)
    simultaneous_low, simultaneous_high = decision.simultaneous or (None, None)
    equivalence_low, equivalence_high = decision.equivalence or (None, None)
    one_sided = decision.non_inferiority
    return Comparison(
        n=len(a),
        n_baseline=len(b),
        mean=sign * float(a.mean()) if len(a) else None,
        mean_baseline=sign * float(b.mean()) if len(b) else None,
        std=spread(a) if len(a) >= 2 else None,
        std_baseline=spread(b) if len(b) >= 2 else None,
        difference=mean_difference(a, b) if both else None,
        test="paired" if by_seed else "dunnett" if plan.variance == "pooled" else "welch",
        ci_low=low,
        ci_high=high,
        p_value=decision.p_value,
        p_holm=decision.p_adjusted,
        simultaneous_low=simultaneous_low,
        simultaneous_high=simultaneous_high,
        equivalence_low=equivalence_low,
        equivalence_high=equivalence_high,
        non_inferiority_low=None if one_sided is None else one_sided.low,
        non_inferiority_p=None if one_sided is None else one_sided.p_value,
        hedges_g=None if effect is None else effect.g,
        hedges_g_low=None if effect is None else effect.low,
        hedges_g_high=None if effect is None else effect.high,
        probability_of_improvement=None if improvement is None else improvement.probability,
        improvement_low=None if chance is None else chance.low,
        improvement_high=None if chance is None else chance.high,
        wins=None if improvement is None else improvement.wins,
        pairs=None if improvement is None else improvement.pairs,
        permutation_test="sign-flip" if by_seed else "permutation",
        permutation_method="" if permuted is None else permuted.method,
        permutation_p=None if permuted is None else permuted.p_value,
        permutation_p_min=None if permuted is None else permuted.smallest_p,
        rule_separate_threshold=None if rule is None else rule.separate_threshold,
        rule_separate=None if rule is None else rule.separate,
        rule_pooled_threshold=None if rule is None else rule.pooled_threshold,
        rule_pooled=None if rule is None else rule.pooled,
        bootstrap_low=bootstrap[0],
        bootstrap_high=bootstrap[1],
        correlation=_correlation(a, b) if by_seed else None,
        detectable_difference=seeds.detectable_difference,
        seeds_needed=seeds.seeds_needed,
        seeds_for_equivalence=seeds.seeds_for_equivalence,
        exaggeration=seeds.exaggeration,
        verdict=decision.verdict,
        fragile=bool(because),
        fragile_because="; ".join(because),
        doubt="",
    )


def _correlation(a: Floats, b: Floats) -> float | None:
    """Pearson's correlation of at least three pairs that vary in both arms."""
    if len(a) < 3 or spread(a) <= 0 or spread(b) <= 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
