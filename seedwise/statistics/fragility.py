"""Whether a verdict hangs on one run or on the choice of method: a verdict that does is *fragile*.

Each alternative is decided at the level at which the verdict was. The rules of thumb are no part of this: they ask for
a difference of more than two standard deviations, which more seeds cannot mend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from seedwise.statistics.decision import Contest, Decision
from seedwise.statistics.multiple import Dunnett
from seedwise.statistics.permutation import PermutationTest
from seedwise.statistics.ttest import TTest, paired, student, welch
from seedwise.statistics.verdict import FEWEST_SEEDS, JUDGED, Verdict, decide

if TYPE_CHECKING:
    from seedwise.plan import Plan

Floats = NDArray[np.float64]
_CLAIMS = (Verdict.BETTER, Verdict.WORSE)
_NAMED = 2
# A variance this much smaller than that of all runs is float noise of equal scores.
_NO_VARIANCE = 1e-20


def flips(
    contest: Contest, decision: Decision, permuted: PermutationTest | None, plan: Plan, dunnett: Dunnett | None = None
) -> list[str]:
    """What would decide otherwise, each as the end of "the verdict would be different …"; empty if nothing would."""
    if decision.verdict not in JUDGED:
        return []
    found = _single_runs(contest, decision, plan, dunnett)
    if permuted is not None and permuted.smallest_p <= decision.level:
        claimed = permuted.p_value <= decision.level
        if claimed != (decision.verdict in _CLAIMS):
            found.append("by the permutation test" if permuted.test == "permutation" else "by the sign-flip test")
    for name, test in _other_tests(contest, plan):
        if test is not None and _verdict(test, decision.level, plan) != decision.verdict:
            found.append(f"by {name}")
    return found


def _other_tests(contest: Contest, plan: Plan) -> list[tuple[str, TTest | None]]:
    """The t tests that the plan could have declared instead, of the same runs."""
    a, b = contest.scores, contest.baseline
    if plan.pairing == "seed":
        return [("the unpaired t test", welch(a, b))]
    tests = [("Welch's t test", welch(a, b)) if plan.variance == "pooled" else ("the pooled t test", student(a, b))]
    if contest.seeds == contest.baseline_seeds:
        tests.append(("the paired t test", paired(a, b)))
    return tests


def _verdict(test: TTest, level: float, plan: Plan) -> Verdict:
    return decide(
        n=3,
        n_baseline=3,
        difference=test.difference,
        p_adjusted=test.p_value,
        alpha=level,
        equivalence=test.interval(1 - 2 * plan.alpha),
        margin=plan.margin,
    )


def _single_runs(contest: Contest, decision: Decision, plan: Plan, dunnett: Dunnett | None) -> list[str]:
    """Single runs (pairs, if paired) without which the verdict would be different."""
    a, b = contest.scores, contest.baseline
    if plan.pairing == "seed":
        names = [f"without seed {seed} in both arms" for seed in contest.seeds]
        changed = _changed(*_without_one(a - b), decision, plan)
    else:
        names = [f"without seed {seed}" for seed in contest.seeds]
        names += [f"without seed {seed} of the baseline" for seed in contest.baseline_seeds]
        changed = np.concatenate(
            [
                _changed(*_two_arms(a, b, dunnett), decision, plan),
                _changed(*_two_arms(b, a, dunnett, sign=-1.0), decision, plan),
            ]
        )
    found = [names[i] for i in np.flatnonzero(changed)[: _NAMED + 1].tolist()]
    more = int(changed.sum()) - _NAMED
    return [*found[:_NAMED], f"without any one of {more} other runs"] if more > 1 else found


def _changed(difference: Floats, error: Floats, df: Floats, decision: Decision, plan: Plan) -> NDArray[np.bool_]:
    """For each run that is left out, whether the verdict would be different; never where no test is left."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p_values = 2 * stdtr(df, -np.abs(difference) / error)
        half = stdtrit(df, 1 - plan.alpha) * error
    claims = p_values < decision.level
    if decision.verdict in _CLAIMS:
        same = claims & ((difference > 0) == (decision.verdict == Verdict.BETTER))
    else:
        inside = np.zeros(claims.shape, dtype=bool)
        if plan.margin is not None:
            inside = (-plan.margin < difference - half) & (difference + half < plan.margin)
        same = ~claims & (inside == (decision.verdict == Verdict.EQUIVALENT))
    return np.asarray(~same & np.isfinite(p_values) & (error > 0))


def _without_one(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, standard error and degrees of freedom of the scores without each one in turn."""
    means, variances = _left_out(x)
    n = len(x) - 1
    return means, np.sqrt(variances / n), np.full(len(x), n - 1.0)


def _left_out(x: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of `x` without each of its values in turn.

    The variance is NaN where too few runs for a verdict are left: every verdict on three runs hangs on each of them.
    """
    n, centred = len(x), x - x.mean()
    squares = float((centred**2).sum())
    means = x.mean() - centred / (n - 1) if n > 1 else np.full(n, np.nan)
    left = squares - centred**2 * n / max(n - 1, 1)
    left = np.where(left > _NO_VARIANCE * squares, left, 0.0)
    return means, left / (n - 2) if n > FEWEST_SEEDS else np.full(n, np.nan)


def _two_arms(x: Floats, other: Floats, dunnett: Dunnett | None, sign: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Difference, standard error and degrees of freedom without each run of `x` in turn, against all of `other`."""
    means, variances = _left_out(x)
    n, m = len(x) - 1, len(other)
    difference = sign * (means - other.mean())
    if dunnett is not None:
        squares = dunnett.variance * dunnett.df - (len(x) - 1) * x.var(ddof=1) + (n - 1) * variances
        df = np.full(len(x), dunnett.df - 1.0)
        return difference, np.sqrt(np.maximum(squares, 0.0) / df * (1 / n + 1 / m)), df
    own, fixed = variances / n, other.var(ddof=1) / m
    total = own + fixed
    with np.errstate(divide="ignore", invalid="ignore"):
        df = 1.0 / ((own / total) ** 2 / (n - 1) + (fixed / total) ** 2 / (m - 1))
    return difference, np.sqrt(total), df
