"""Whether a verdict hangs on one run or on the choice of method: a verdict that does is *fragile*.

Each alternative is decided at the level at which the verdict was. The rules of thumb are no part of this: they ask for
a difference of more than two standard deviations, which more seeds cannot cure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from seedwise.statistics.decision import Contest, Decision
from seedwise.statistics.multiple import Dunnett
from seedwise.statistics.permutation import PermutationTest, permuted_runs
from seedwise.statistics.ttest import TTest, paired, spread, student, welch, welch_df
from seedwise.statistics.verdict import FEWEST_SEEDS, JUDGED, Verdict, decide, upholds

if TYPE_CHECKING:
    from seedwise.plan import Plan

Floats = NDArray[np.float64]
_CLAIMS = (Verdict.BETTER, Verdict.WORSE)
_NAMED = 2
_ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Relative to the scores, a smaller standard deviation is an error of rounding; so is a smaller rest of a variance."""


def flips(
    contest: Contest, decision: Decision, permuted: PermutationTest | None, plan: Plan, dunnett: Dunnett | None = None
) -> list[str]:
    """What would decide otherwise, each as the end of "the verdict would be different …"; empty if nothing would."""
    if decision.verdict not in JUDGED:
        return []
    found = _single_runs(contest, decision, plan, dunnett)
    if permuted is not None and _permutation_differs(contest, decision, permuted, plan):
        found.append("by the permutation test" if permuted.test == "permutation" else "by the sign-flip test")
    for name, test in _other_tests(contest, plan):
        if test is not None and not upholds(decision.verdict, _verdict(test, decision, plan)):
            found.append(f"by {name}")
    return found


def _permutation_differs(contest: Contest, decision: Decision, permuted: PermutationTest, plan: Plan) -> bool:
    """Whether a permutation test that can reach the level decides otherwise.

    Non-inferiority is tested by permuting runs after the variant's were raised by the margin.
    """
    one_sided, verdict = decision.non_inferiority, decision.verdict
    if one_sided is not None and verdict in (Verdict.NON_INFERIOR, Verdict.NOT_SUPPORTED):
        raised = contest.scores + one_sided.margin
        shifted = permuted_runs(raised, contest.baseline, plan.pairing == "seed")
        if shifted is not None and shifted.smallest_p < one_sided.level:
            shown = shifted.p_value < one_sided.level and raised.mean() > contest.baseline.mean()
            if shown != (verdict == Verdict.NON_INFERIOR):
                return True
    if verdict == Verdict.NON_INFERIOR or permuted.smallest_p >= decision.level:
        return False
    return (permuted.p_value < decision.level) != (verdict in _CLAIMS)


def _other_tests(contest: Contest, plan: Plan) -> list[tuple[str, TTest | None]]:
    """The t tests that the plan could have declared instead, of the same runs."""
    a, b = contest.scores, contest.baseline
    if plan.pairing == "seed":
        return [("the unpaired t test", welch(a, b))]
    tests = [("Welch's t test", welch(a, b)) if plan.variance == "pooled" else ("the pooled t test", student(a, b))]
    if contest.seeds == contest.baseline_seeds:
        tests.append(("the paired t test", paired(a, b)))
    return tests


def _verdict(test: TTest, decision: Decision, plan: Plan) -> Verdict:
    one_sided = decision.non_inferiority
    return decide(
        n=FEWEST_SEEDS,
        n_baseline=FEWEST_SEEDS,
        difference=test.difference,
        p_adjusted=test.p_value,
        alpha=decision.level,
        equivalence=test.interval(1 - 2 * plan.alpha),
        margin=plan.margin,
        non_inferior=None if one_sided is None else one_sided.shown_by(test),
    )


def _single_runs(contest: Contest, decision: Decision, plan: Plan, dunnett: Dunnett | None) -> list[str]:
    """Single runs (pairs, if paired) without which the verdict would be different."""
    a, b = contest.scores, contest.baseline
    scale = float(max(np.abs(a).max(), np.abs(b).max()))
    if plan.pairing == "seed":
        noun, names = "seeds", [f"without seed {_name(seed)} in both arms" for seed in contest.seeds]
        tests = _without_one_pair(a - b, scale)
        changed = _changed(tests, tests, decision, plan)
    else:
        noun, names = "runs", [f"without seed {_name(seed)} of the variant" for seed in contest.seeds]
        names += [f"without seed {_name(seed)} of the baseline" for seed in contest.baseline_seeds]
        of_a, of_b = _without_one_run(a, b, scale), _without_one_run(b, a, scale)
        of_b = of_b._replace(difference=-of_b.difference)
        by_welch = _Tests(*(np.concatenate(parts) for parts in zip(of_a, of_b, strict=True)))
        tests = by_welch if dunnett is None else _pooled(a, b, by_welch.difference, dunnett, scale)
        changed = _changed(tests, by_welch, decision, plan)
    found = [names[i] for i in np.flatnonzero(changed)[: _NAMED + 1].tolist()]
    more = int(changed.sum()) - _NAMED
    return [*found[:_NAMED], f"without any one of {more} other {noun}"] if more > 1 else found


def _name(seed: object) -> str:
    # A semicolon separates the reasons in comparisons.csv.
    return str(seed).replace(";", ",")


class _Tests(NamedTuple):
    """A t test for each run that is left out; NaN where too few runs for a verdict are left."""

    difference: Floats
    error: Floats
    df: Floats


def _changed(tests: _Tests, by_welch: _Tests, decision: Decision, plan: Plan) -> NDArray[np.bool_]:
    """For each run that is left out, whether the verdict would be different; never where no test is left.

    As for the verdict itself, `tests` give the p-values, and `by_welch` (or the paired tests) the equivalence interval.
    """
    difference, one_sided = tests.difference, decision.non_inferiority
    level = plan.alpha if one_sided is None else one_sided.level
    with np.errstate(divide="ignore", invalid="ignore"):
        p_values = 2 * stdtr(tests.df, -np.abs(difference) / tests.error)
        half = stdtrit(by_welch.df, 1 - plan.alpha) * by_welch.error
        low = difference - stdtrit(tests.df, 1 - level / 2) * tests.error
    claims = p_values < decision.level
    better, worse = claims & (difference > 0), claims & (difference < 0)
    if one_sided is not None:
        order = {Verdict.BETTER: better, Verdict.NON_INFERIOR: low > -one_sided.margin, Verdict.WORSE: worse}
    else:
        margin = plan.margin or 0.0
        inside = (-margin < difference - half) & (difference + half < margin)
        order = {Verdict.BETTER: better, Verdict.WORSE: worse, Verdict.EQUIVALENT: inside}
    verdicts = np.select([*order.values()], [str(verdict) for verdict in order], str(Verdict.NOT_SUPPORTED))
    same = np.array([upholds(decision.verdict, str(verdict)) for verdict in verdicts], dtype=bool)
    return np.asarray(~same & np.isfinite(p_values) & (tests.error > 0))


def _left_out(x: Floats, scale: float) -> tuple[Floats, Floats]:
    """Mean and variance of `x` without each of its values in turn.

    Both are NaN where too few runs for a verdict are left: every verdict on three runs hangs on each of them.
    """
    n, centred = len(x), x - x.mean()
    if n <= FEWEST_SEEDS:
        return np.full(n, np.nan), np.full(n, np.nan)
    squares = float((centred**2).sum())
    variances = (squares - centred**2 * n / (n - 1)) / (n - 2)
    noise = max((_ROUNDING * scale) ** 2, _ROUNDING * squares)
    return x.mean() - centred / (n - 1), np.where(variances > noise, variances, 0.0)


def _without_one_pair(x: Floats, scale: float) -> _Tests:
    means, variances = _left_out(x, scale)
    return _Tests(means, np.sqrt(variances / (len(x) - 1)), np.full(len(x), len(x) - 2.0))


def _without_one_run(x: Floats, other: Floats, scale: float) -> _Tests:
    """Welch's tests of `x` without each run in turn against all of `other`."""
    means, variances = _left_out(x, scale)
    n, m = len(x) - 1, len(other)
    own, fixed = variances / n, np.full(len(x), spread(other) ** 2 / m)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Tests(means - other.mean(), np.sqrt(own + fixed), np.asarray(welch_df(own, fixed, n, m)))


def _pooled(a: Floats, b: Floats, difference: Floats, dunnett: Dunnett, scale: float) -> _Tests:
    """Dunnett's tests without each run of `a`, then of `b`: the other arms keep their part of the variance.

    The level stays that of all runs, which hardly changes with one run less.
    """
    squares, errors = dunnett.variance * dunnett.df, []
    for x, m in ((a, len(b)), (b, len(a))):
        n = len(x) - 1
        left = squares - n * spread(x) ** 2 + (n - 1) * _left_out(x, scale)[1]
        errors.append(np.sqrt(np.maximum(left, 0.0) / (dunnett.df - 1) * (1 / n + 1 / m)))
    return _Tests(difference, np.concatenate(errors), np.full(difference.shape, dunnett.df - 1.0))
