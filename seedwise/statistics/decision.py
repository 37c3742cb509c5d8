"""The decision about each comparison of a family, by the test that the plan declares: nothing here only describes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seedwise.statistics.arm import Arm, common_seeds
from seedwise.statistics.intervals import DataError, as_scores
from seedwise.statistics.multiple import Dunnett, dunnett, holm, holm_levels, simultaneous_intervals
from seedwise.statistics.non_inferiority import NonInferiority, dunnett_non_inferiority, non_inferiority
from seedwise.statistics.ttest import TTest, paired, two_sided_p, welch
from seedwise.statistics.verdict import Verdict, decide

if TYPE_CHECKING:
    from seedwise.plan import Plan

Floats = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True)
class Contest:
    """A variant and the baseline, as they are compared.

    Attributes:
        scores: of the variant, oriented so that larger is better; one of each pair if the plan pairs runs.
        baseline: scores of the baseline.
        seeds: of `scores`.
        baseline_seeds: of `baseline`.
        arm: all runs of the variant.
        baseline_arm: all runs of the baseline.
        sign: of the scores as they were recorded: −1 where lower is better.
    """

    scores: Floats
    baseline: Floats
    seeds: tuple[object, ...]
    baseline_seeds: tuple[object, ...]
    arm: Arm
    baseline_arm: Arm
    sign: float = 1.0

    @property
    def complete(self) -> bool:
        """Whether every finished run of both has a finite value; if not, no scores are compared."""
        return self.arm.complete and self.baseline_arm.complete

    @property
    def lost_all(self) -> bool:
        """Whether one of them has runs, and all of them were lost."""
        return any(arm.n_lost and not len(arm.recorded) for arm in (self.arm, self.baseline_arm))


@dataclass(frozen=True)
class Decision:
    """What the declared test says about one comparison; None means "not defined".

    Attributes:
        test: difference, standard error and degrees of freedom.
        p_value: two-sided; of Dunnett's test it is adjusted.
        p_adjusted: family-wise adjusted.
        interval: of the difference, at the plan's confidence; of Dunnett's test it is simultaneous.
        simultaneous: holds together with those of the other comparisons.
        equivalence: the 1 − 2α interval.
        non_inferiority: the one-sided test, if that is the question.
        level: two-sided level that a p-value of this comparison must stay below, while the others are as they are.
        verdict: what the data support.
    """

    test: TTest | None
    p_value: float | None
    p_adjusted: float | None
    interval: Span | None
    simultaneous: Span | None
    equivalence: Span | None
    non_inferiority: NonInferiority | None
    level: float
    verdict: Verdict


@dataclass(frozen=True)
class Family:
    """The decisions about all comparisons, and Dunnett's test of those that have scores, if it decided."""

    decisions: list[Decision]
    dunnett: Dunnett | None = None


def oriented(scores: ArrayLike, higher_is_better: bool, name: str = "scores") -> Floats:
    """Scores as a checked array, which can be empty; negated if lower is better, so that larger is better."""
    found = as_scores(scores, name=name, minimum=0) if np.size(scores) else np.empty(0)
    return found if higher_is_better else -found


def contests(arms: Sequence[Arm], baseline: Arm, plan: Plan) -> list[Contest]:
    """Pair each arm with the baseline; scores are empty if a finished run of either has no finite value."""
    return [_contest(arm, baseline, plan) for arm in arms]


def _contest(arm: Arm, baseline: Arm, plan: Plan) -> Contest:
    empty: tuple[object, ...] = ()
    if not (arm.complete and baseline.complete):
        return Contest(np.empty(0), np.empty(0), empty, empty, arm, baseline)
    a, b, seeds, baseline_seeds = arm.scores, baseline.scores, arm.seeds, baseline.seeds
    if plan.pairing == "seed":
        seeds, a, b = common_seeds(arm, baseline)
        baseline_seeds = seeds
    up = plan.higher_is_better
    better, base = oriented(a, up), oriented(b, up, "baseline")
    return Contest(better, base, seeds, baseline_seeds, arm, baseline, 1.0 if up else -1.0)


def declared_test(scores: Floats, baseline: Floats, pairing: str) -> TTest | None:
    """The t test that a plan without a pooled variance declares, on oriented arms; None if it is not defined."""
    return paired(scores, baseline) if pairing == "seed" else welch(scores, baseline)


def decide_all(compared: Sequence[Contest], plan: Plan) -> Family:
    """Decide about all comparisons of a family.

    Raises:
        DataError: the plan declares both pairing by seed and a pooled variance, or non-inferiority without a margin.
    """
    if plan.question == "non-inferiority" and plan.margin is None:
        raise DataError("non-inferiority needs a margin")
    if plan.pairing == "seed" and plan.variance == "pooled":
        raise DataError("Dunnett's test does not pair: declare pairing: none, or variance: separate")
    return _by_dunnett(compared, plan) if plan.variance == "pooled" else _by_holm(compared, plan)


def _by_holm(compared: Sequence[Contest], plan: Plan) -> Family:
    tests = [declared_test(each.scores, each.baseline, plan.pairing) for each in compared]
    p_values = [None if test is None else test.p_value for test in tests]
    one_sided = non_inferiority(tests, plan.non_inferiority_margin, plan.alpha)
    decisions = [
        _decision(each, plan, test, p, adjusted, together, level, lower)
        for each, test, p, adjusted, together, level, lower in zip(
            compared,
            tests,
            p_values,
            holm(p_values),
            simultaneous_intervals(tests, plan.confidence),
            holm_levels(p_values, plan.alpha),
            one_sided,
            strict=True,
        )
    ]
    return Family(decisions)


def _by_dunnett(compared: Sequence[Contest], plan: Plan) -> Family:
    """By Dunnett's test, over the arms that have scores; the equivalence interval stays Welch's."""
    members = [index for index, each in enumerate(compared) if len(each.scores) and len(each.baseline)]
    arms = [compared[index].scores for index in members]
    control = compared[members[0]].baseline if members else np.empty(0)
    repeated = sum(len(arm) - 1 for arm in arms) + max(len(control) - 1, 0)
    joint = dunnett(arms, control, plan.confidence) if members and repeated > 0 else None
    decisions = [_decision(each, plan, None, None, None, None, plan.alpha, None) for each in compared]
    if joint is not None:
        level = two_sided_p(joint.critical, joint.df)
        one_sided = dunnett_non_inferiority(joint, plan.non_inferiority_margin)
        found = zip(members, joint.tests, joint.p_values, joint.intervals, one_sided, strict=True)
        for index, test, p, span, lower in found:
            decisions[index] = _decision(compared[index], plan, test, p, p, span, level, lower)
    return Family(decisions, joint)


def _decision(
    each: Contest,
    plan: Plan,
    test: TTest | None,
    p_value: float | None,
    p_adjusted: float | None,
    simultaneous: Span | None,
    level: float,
    one_sided: NonInferiority | None,
) -> Decision:
    by_dunnett = plan.variance == "pooled"
    shown = welch(each.scores, each.baseline) if by_dunnett else test
    equivalence = None if shown is None else shown.interval(1 - 2 * plan.alpha)
    both = len(each.scores) and len(each.baseline)
    verdict = decide(
        # An arm with a value that is not finite has enough runs but cannot be analysed: UNDEFINED, not TOO_FEW_SEEDS.
        n=len(each.scores) if each.complete else len(each.arm.recorded),
        n_baseline=len(each.baseline) if each.complete else len(each.baseline_arm.recorded),
        lost_all=each.lost_all,
        difference=float(each.scores.mean() - each.baseline.mean()) if both else None,
        p_adjusted=p_adjusted,
        alpha=plan.alpha,
        equivalence=equivalence,
        margin=plan.margin,
        non_inferior=None if plan.non_inferiority_margin is None else one_sided is not None and one_sided.shown,
    )
    interval = simultaneous if by_dunnett else None if test is None else test.interval(plan.confidence)
    return Decision(test, p_value, p_adjusted, interval, simultaneous, equivalence, one_sided, level, verdict)
