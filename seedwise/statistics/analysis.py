"""The statistics of a table of runs: a summary of the variants, their comparisons and warnings."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seedwise.plan import Plan
from seedwise.statistics.bootstrap import bootstrap_cis, bootstrap_methods, percentile_coverage
from seedwise.statistics.comparison import Comparison, compare, declared_test, oriented
from seedwise.statistics.intervals import DataError, mean_std, rate_upper_bound, sigma_interval, t_interval
from seedwise.statistics.multiple import dunnett, holm, simultaneous_intervals
from seedwise.statistics.runs import Arm, arms, common_seeds, unknown
from seedwise.statistics.verdict import decide
from seedwise.statistics.warnings import DataWarning, find_warnings

# fmt: off
SUMMARY_COLUMNS = (
    "variant", "n", "n_failed", "n_diverged", "values", "mean", "std", "std_low", "std_high", "t_low", "t_high",
    "ci_low", "ci_high", "bootstrap_method", "bootstrap_coverage", "basic_low", "basic_high", "bca_low",
    "bca_high", "diverged_rate_high",
)
COMPARISON_COLUMNS = (
    "variant", "baseline", "n", "n_baseline", "difference", "test", "ci_low", "ci_high", "p_value", "p_holm",
    "simultaneous_low", "simultaneous_high", "equivalence_low", "equivalence_high", "hedges_g", "hedges_g_low",
    "hedges_g_high", "probability_of_improvement", "wins", "pairs", "permutation_test", "permutation_p",
    "permutation_p_min", "rule_separate_threshold", "rule_separate", "rule_pooled_threshold", "rule_pooled",
    "bootstrap_low", "bootstrap_high", "detectable_difference", "seeds_needed", "verdict", "fragile",
)
# fmt: on
_Row = dict[str, object]
_Family = list[tuple[float | None, tuple[float, float] | None]]


@dataclass(frozen=True)
class Analysis:
    """The tables `summary.csv` and `comparisons.csv`, and warnings about the runs."""

    summary: pd.DataFrame
    comparisons: pd.DataFrame
    warnings: list[DataWarning]


def analyse(
    runs: pd.DataFrame,
    plan: Plan,
    variants: Sequence[str] | None = None,
    *,
    n_test: int | None = None,
    other_metrics: Sequence[str] = (),
    alpha: float | None = None,
) -> Analysis:
    """Summarise the variants, compare them with the baseline, and look for reasons to be careful.

    Args:
        runs: one row per run; columns as in `seedwise.statistics.runs.arms`.
        plan: the declared plan.
        variants: those to analyse, in the order of the tables; None means all, in order of first appearance. With the
            plan's baseline they are the family for which p-values are adjusted.
        n_test: number of examples in the test set, if known; used by a warning.
        other_metrics: further columns of numbers by which two runs can differ; used by a warning.
        alpha: false-claim rate of the comparisons, if it is not the plan's: at a look, the look's nominal level.
            Intervals of single variants keep the plan's confidence.

    Raises:
        DataError: a column or variant that does not exist, values that are not numbers, seeds that repeat, or a
            plan that declares both pairing by seed and a pooled variance.
    """
    deciding = plan if alpha is None else plan.at_level(alpha)
    summary, comparisons = summarise(runs, plan, variants), compare_all(runs, deciding, variants)
    # Columns are known to exist from here on.
    chosen = runs if variants is None else runs.loc[runs["variant"].astype(str).isin([*variants, plan.baseline])]
    return Analysis(summary, comparisons, find_warnings(chosen, plan, n_test, other_metrics=other_metrics))


def summarise(runs: pd.DataFrame, plan: Plan, variants: Sequence[str] | None = None) -> pd.DataFrame:
    """One row per variant (`SUMMARY_COLUMNS`); arguments and errors as `analyse`.

    `n` counts the finished runs. If one of them has no finite value, the variant has no mean and no interval.
    """
    found = arms(runs, plan.metric, variants)
    rows = [_summary_row(arm, plan.confidence) for arm in found]
    by_n: dict[int, list[int]] = {}
    for index, arm in enumerate(found):
        if arm.complete and len(arm.scores) >= 2:
            by_n.setdefault(len(arm.scores), []).append(index)
    for n, members in by_n.items():
        matrix = np.stack([found[index].scores for index in members])
        coverage = percentile_coverage(n, plan.confidence)
        for prefix, (lows, highs) in {
            "ci": bootstrap_cis(matrix, plan.confidence),
            "basic": bootstrap_cis(matrix, plan.confidence, "basic"),
            "bca": bootstrap_cis(matrix, plan.confidence, "bca"),
        }.items():
            for index, low, high in zip(members, lows, highs, strict=True):
                rows[index] |= {f"{prefix}_low": float(low), f"{prefix}_high": float(high)}
        for index, method in zip(members, bootstrap_methods(matrix), strict=True):
            rows[index]["bootstrap_method"] = method
            # Coverage has no meaning where all scores are equal.
            rows[index]["bootstrap_coverage"] = coverage if np.ptp(found[index].scores) > 0 else None
    return _frame(rows, SUMMARY_COLUMNS)


def _summary_row(arm: Arm, confidence: float) -> _Row:
    row: _Row = dict.fromkeys(SUMMARY_COLUMNS)
    row |= {"variant": arm.variant, "n": len(arm.recorded), "n_failed": arm.n_failed, "n_diverged": arm.n_diverged}
    row["values"] = ";".join(_cell(value) or "nan" for value in arm.recorded)
    trained = len(arm.recorded) + arm.n_diverged
    if trained:
        row["diverged_rate_high"] = rate_upper_bound(arm.n_diverged, trained, confidence)
    if arm.complete and len(arm.scores) == 1:
        row["mean"] = float(arm.scores[0])
    if arm.complete and len(arm.scores) >= 2:
        sigma, t = sigma_interval(arm.scores, confidence), t_interval(arm.scores, confidence)
        row["mean"], row["std"] = mean_std(arm.scores)
        row |= {"std_low": sigma.low, "std_high": sigma.high, "t_low": t.low, "t_high": t.high}
    return row


def compare_all(runs: pd.DataFrame, plan: Plan, variants: Sequence[str] | None = None) -> pd.DataFrame:
    """One row per variant other than the baseline (`COMPARISON_COLUMNS`); arguments and errors as `analyse`.

    With a pooled variance `p_value` is Dunnett's, which is already adjusted: `p_holm` repeats it, and `ci_low`
    and `ci_high` are the simultaneous interval. The equivalence interval stays Welch's.
    """
    if plan.pairing == "seed" and plan.variance == "pooled":
        raise DataError("Dunnett's test does not pair: declare pairing: none, or variance: separate")
    found = arms(runs, plan.metric, variants)
    baseline = _baseline(runs, plan)
    others = [arm for arm in found if arm.variant != plan.baseline]
    usable = [_aligned(arm, baseline, plan) for arm in others]
    results = [
        compare(
            a,
            b,
            confidence=plan.confidence,
            pairing=plan.pairing,
            higher_is_better=plan.higher_is_better,
            margin=plan.margin,
            same_seeds=arm.seeds == baseline.seeds,
        )
        for arm, (a, b) in zip(others, usable, strict=True)
    ]
    pooled = plan.variance == "pooled"
    results, family = _dunnett_family(results, usable, plan) if pooled else _holm_family(results, usable, plan)
    rows = [
        _comparison_row(arm, baseline, result, adjusted, simultaneous, plan)
        for arm, result, (adjusted, simultaneous) in zip(others, results, family, strict=True)
    ]
    return _frame(rows, COMPARISON_COLUMNS)


def _baseline(runs: pd.DataFrame, plan: Plan) -> Arm:
    if plan.baseline not in set(runs["variant"].astype(str)):
        raise DataError(unknown("baseline variant", plan.baseline, dict.fromkeys(runs["variant"].astype(str))))
    return arms(runs, plan.metric, [plan.baseline])[0]


def _aligned(arm: Arm, baseline: Arm, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Scores of both arms; both empty if a finished run of either has no finite value."""
    if not (arm.complete and baseline.complete):
        return np.empty(0), np.empty(0)
    return common_seeds(arm, baseline) if plan.pairing == "seed" else (arm.scores, baseline.scores)


def _holm_family(
    results: list[Comparison], usable: Sequence[tuple[np.ndarray, np.ndarray]], plan: Plan
) -> tuple[list[Comparison], _Family]:
    tests = [declared_test(*oriented(a, b, plan.higher_is_better), plan.pairing) for a, b in usable]
    intervals = simultaneous_intervals(tests, plan.confidence)
    return results, list(zip(holm([result.p_value for result in results]), intervals, strict=True))


def _dunnett_family(
    results: list[Comparison], usable: Sequence[tuple[np.ndarray, np.ndarray]], plan: Plan
) -> tuple[list[Comparison], _Family]:
    """Replace Welch's test by Dunnett's, over the arms that have scores."""
    members = [index for index, (a, b) in enumerate(usable) if len(a) and len(b)]
    samples = [oriented(*usable[index], plan.higher_is_better) for index in members]
    repeated = sum(len(a) - 1 for a, _ in samples) + (len(samples[0][1]) - 1 if samples else 0)
    joint = dunnett([a for a, _ in samples], samples[0][1], plan.confidence) if repeated > 0 else None
    results = [
        replace(result, test="dunnett", ci_low=None, ci_high=None, p_value=None, defined=False) for result in results
    ]
    family: _Family = [(None, None)] * len(results)
    if joint is not None:
        for index, p, (low, high) in zip(members, joint.p_values, joint.intervals, strict=True):
            results[index] = replace(results[index], ci_low=low, ci_high=high, p_value=p, defined=True)
            family[index] = (p, (low, high))
    return results, family


def _comparison_row(
    arm: Arm,
    baseline: Arm,
    result: Comparison,
    adjusted: float | None,
    simultaneous: tuple[float, float] | None,
    plan: Plan,
) -> _Row:
    complete = arm.complete and baseline.complete
    verdict = decide(
        # An arm with a value that is not finite has enough runs but cannot be analysed: UNDEFINED, not TOO_FEW_SEEDS.
        n=result.n if complete else len(arm.recorded),
        n_baseline=result.n_baseline if complete else len(baseline.recorded),
        difference=result.difference,
        p_adjusted=adjusted,
        alpha=plan.alpha,
        equivalence=_both(result.equivalence_low, result.equivalence_high),
        margin=plan.margin,
    )
    low, high = simultaneous or (None, None)
    extra = {"p_holm": adjusted, "simultaneous_low": low, "simultaneous_high": high, "verdict": str(verdict)}
    return {**vars(result), "variant": arm.variant, "baseline": baseline.variant, **extra}


def _both(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


_INTEGERS = ("n", "n_failed", "n_diverged", "n_baseline", "pairs", "seeds_needed")
_WORDS = ("variant", "baseline", "values", "bootstrap_method", "test", "permutation_test", "verdict")
_ANSWERS = ("rule_separate", "rule_pooled", "fragile")


def _frame(rows: Sequence[_Row], columns: Sequence[str]) -> pd.DataFrame:
    """Make a frame whose types do not depend on what is missing: nullable integers, floats with NaN."""
    frame = pd.DataFrame([[row[name] for name in columns] for row in rows], columns=list(columns), dtype=object)
    kinds = dict.fromkeys(_INTEGERS, "Int64") | dict.fromkeys((*_WORDS, *_ANSWERS), "object")
    return frame.astype({name: kinds.get(name, "float64") for name in columns})


def format_table(frame: pd.DataFrame) -> str:
    """Format a frame as CSV text: the shortest exact floats, true and false, empty cells for missing values.

    The same numbers give the same text.
    """
    cells = pd.DataFrame({name: [_cell(value) for value in frame[name]] for name in frame.columns}, dtype=object)
    return cells.to_csv(index=False, lineterminator="\n")


def _cell(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    return repr(float(value)) if isinstance(value, numbers.Real) else str(value)
