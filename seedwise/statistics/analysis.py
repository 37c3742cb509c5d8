"""The statistics of a table of runs: a summary of the variants, their comparisons and warnings."""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seedwise.plan import Plan
from seedwise.statistics.arm import Arm
from seedwise.statistics.bootstrap import bootstrap_intervals, percentile_coverage
from seedwise.statistics.chance import negative_correlation_chance
from seedwise.statistics.comparison import describe
from seedwise.statistics.decision import Contest, contests, decide_all
from seedwise.statistics.intervals import (
    LARGEST_SCORE,
    DataError,
    mean_std,
    rate_upper_bound,
    sigma_interval,
    t_interval,
)
from seedwise.statistics.planning import Floats, detectable_by_seeds, plan_seeds
from seedwise.statistics.runs import arms, unknown
from seedwise.statistics.spending import last_level
from seedwise.statistics.verdict import FEWEST_SEEDS, JUDGED, NON_INFERIORITY_COLUMNS
from seedwise.statistics.warnings import DataWarning, find_warnings

# fmt: off
SUMMARY_COLUMNS = (
    "variant", "n", "n_failed", "n_diverged", "values", "mean", "std", "std_low", "std_high", "t_low", "t_high",
    "ci_low", "ci_high", "bootstrap_method", "bootstrap_coverage", "basic_low", "basic_high", "bca_low",
    "bca_high", "diverged_rate_high",
)
COMPARISON_COLUMNS = (
    "variant", "baseline", "n", "n_baseline", "mean", "mean_baseline", "std", "std_baseline", "difference", "test",
    "ci_low", "ci_high", "p_value", "p_holm", "simultaneous_low", "simultaneous_high", "equivalence_low",
    "equivalence_high", "hedges_g", "hedges_g_low", "hedges_g_high", "probability_of_improvement", "improvement_low",
    "improvement_high", "wins", "pairs", "permutation_test", "permutation_method", "permutation_p", "permutation_p_min",
    "rule_separate_threshold", "rule_separate", "rule_pooled_threshold", "rule_pooled", "bootstrap_low",
    "bootstrap_high", "correlation", "detectable_difference", "seeds_needed", "seeds_for_equivalence", "exaggeration",
    "n_lost", "n_lost_baseline", "verdict", "value_if_worst", "verdict_if_worst", "verdict_if_mean", "fragile",
    "fragile_because", "doubt",
)
# fmt: on
_Row = dict[str, object]
CORRELATED_BY_CHANCE = 0.05
"""How often runs of one seed may seem to go up and down together, in any comparison of a study in which they do not."""


@dataclass(frozen=True)
class Analysis:
    """The tables `summary.csv` and `comparisons.csv`, and warnings about the runs.

    Attributes:
        summary: a row for each variant.
        comparisons: a row for each comparison with the baseline.
        warnings: reasons to be careful.
        family: how many comparisons p-values are corrected for together; those of other tables may count too.
    """

    summary: pd.DataFrame
    comparisons: pd.DataFrame
    warnings: list[DataWarning]
    family: int


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
    found = arms(runs, plan.metric, variants)
    baseline = _baseline(runs, found, plan)
    summary, comparisons = _summary(found, plan), _comparisons(found, baseline, deciding, last_level(plan))
    # Columns are known to exist from here on.
    chosen = runs if variants is None else runs.loc[runs["variant"].astype(str).isin([*variants, plan.baseline])]
    return _with_warnings(summary, comparisons, chosen, plan, n_test, other_metrics)


def analyse_family(tables: Sequence[tuple[pd.DataFrame, Plan]]) -> list[Analysis]:
    """Analyse several tables, each by itself, with p-values corrected over all of their comparisons (Holm).

    Args:
        tables: runs as in `analyse`, such as those on one dataset, each with a plan. The plans may differ in metric
            and direction only; their variance is separate.

    Raises:
        DataError: as `analyse`, or a plan pools variances, which is Dunnett's test of one family.
    """
    if any(plan.variance == "pooled" for _, plan in tables):
        raise DataError("Dunnett's test is of one family: take separate variances, or one dataset and metric at a time")
    found = [arms(runs, plan.metric) for runs, plan in tables]
    groups = [(each, _baseline(runs, each, plan), plan) for each, (runs, plan) in zip(found, tables, strict=True)]
    compared = _comparisons_of(groups, last_level(tables[0][1]) if tables else None)
    family = sum(map(len, compared))
    return [
        _with_warnings(_summary(each, plan), comparisons, runs, plan, family=family)
        for each, (runs, plan), comparisons in zip(found, tables, compared, strict=True)
    ]


def _with_warnings(
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    runs: pd.DataFrame,
    plan: Plan,
    n_test: int | None = None,
    other_metrics: Sequence[str] = (),
    family: int | None = None,
) -> Analysis:
    warnings = find_warnings(runs, plan, n_test, other_metrics=other_metrics)
    about = {warning.code: frozenset(warning.variants) for warning in warnings}
    comparisons["doubt"] = [_doubt(row, about) for row in comparisons.to_dict("records")]
    return Analysis(summary, comparisons, warnings, len(comparisons) if family is None else family)


def _doubt(row: Mapping[Hashable, object], about: Mapping[str, frozenset[str]]) -> str:
    """What warnings, by their code the variants that they are about, give as a reason to doubt a comparison's runs."""
    nobody = frozenset[str]()
    same = about.get("constant_arm", nobody) | about.get("identical_runs", nobody)
    shared = about.get("repeated_scores", nobody)
    found = [
        f"{how} {arm}"
        for how, arms in (("constant", same), ("repeated", shared))
        for arm in ("variant", "baseline")
        if row[arm] in arms
    ]
    if found:
        return "; ".join(found)
    alike = {row["variant"], row["baseline"]} <= about.get("identical_variants", nobody)
    return "identical" if alike and row["mean"] == row["mean_baseline"] else ""


def summarise(runs: pd.DataFrame, plan: Plan, variants: Sequence[str] | None = None) -> pd.DataFrame:
    """One row per variant (`SUMMARY_COLUMNS`); arguments and errors as `analyse`.

    `n` counts the finished runs. If one of them has no finite value, the variant has no mean and no interval.
    """
    return _summary(arms(runs, plan.metric, variants), plan)


def _summary(found: Sequence[Arm], plan: Plan) -> pd.DataFrame:
    rows = [_summary_row(arm, plan.confidence) for arm in found]
    by_n: dict[int, list[int]] = {}
    for index, arm in enumerate(found):
        if arm.complete and len(arm.scores) >= 2:
            by_n.setdefault(len(arm.scores), []).append(index)
    for n, members in by_n.items():
        matrix = np.stack([found[index].scores for index in members])
        coverage = percentile_coverage(n, plan.confidence)
        intervals = bootstrap_intervals(matrix, plan.confidence)
        for method, (lows, highs) in intervals.limits.items():
            prefix = "ci" if method == "percentile" else method
            for index, low, high in zip(members, lows.tolist(), highs.tolist(), strict=True):
                rows[index] |= {f"{prefix}_low": low, f"{prefix}_high": high}
        for index, route in zip(members, intervals.routes, strict=True):
            rows[index]["bootstrap_method"] = f"percentile bootstrap, {route}"
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

    Where runs of any arm were lost (p-values are corrected together), `verdict_if_worst` and `verdict_if_mean` are the
    verdicts with each lost run of the study at `value_if_worst`, and at its own arm's mean.
    """
    found = arms(runs, plan.metric, variants)
    return _comparisons(found, _baseline(runs, found, plan), plan, last_level(plan))


def detectable_by_variant(
    runs: pd.DataFrame,
    plan: Plan,
    seeds: Sequence[int],
    variants: Sequence[str] | None = None,
    *,
    family: int | None = None,
) -> dict[str, Floats]:
    """The true difference of each variant that the plan's test would detect with 80 % power, by seeds in both arms.

    The spreads are those of the runs. Variants whose runs have none, or too few to tell, are left out. Arguments and
    errors as `analyse`, and `seeds`: the numbers of seeds, at least 2; `family`: as `Analysis.family`.
    """
    found = arms(runs, plan.metric, variants)
    others = [arm for arm in found if arm.variant != plan.baseline]
    compared = contests(others, _baseline(runs, found, plan), plan)
    curves = detectable_by_seeds(
        [(each.scores, each.baseline) for each in compared],
        seeds,
        plan.alpha,
        paired=plan.pairing == "seed",
        dunnett=decide_all(compared, plan).dunnett,
        comparisons=family,
    )
    return {arm.variant: curve for arm, curve in zip(others, curves, strict=True) if curve is not None}


def seeds_if_paired(
    runs: pd.DataFrame, plan: Plan, variants: Sequence[str] | None = None, *, family: int | None = None
) -> dict[str, int]:
    """How many seeds a study paired by seed would need, by variant, for what an unpaired plan's `seeds_needed` is for.

    Only of variants whose runs have the seeds of the baseline's and clearly go up and down with them, by the t test of
    a correlation at 5 % for all variants together. It plans another study: pairing these runs now would be a second
    choice of test. Arguments and errors as `detectable_by_variant`.
    """
    if plan.pairing == "seed":
        return {}
    found = arms(runs, plan.metric, variants)
    baseline = _baseline(runs, found, plan)
    others = [arm for arm in found if arm.variant != plan.baseline]
    paired = plan.model_copy(update={"pairing": "seed", "variance": "separate"})
    compared = [
        (arm.variant, each.scores, each.baseline)
        for arm, each in zip(others, contests(others, baseline, paired), strict=True)
        if set(arm.seeds) == set(baseline.seeds) and len(each.scores) >= FEWEST_SEEDS
    ]
    level = CORRELATED_BY_CHANCE / max(len(compared), 1)
    together = [each for each in compared if negative_correlation_chance(each[1], -each[2], 0.0) < level]
    plans = plan_seeds(
        [(scores, base) for _, scores, base in together],
        last_level(plan) or plan.alpha,
        paired=True,
        margin=plan.margin,
        equivalence=False,
        comparisons=family or len(others),
    )
    return {
        variant: each.seeds_needed
        for (variant, _, _), each in zip(together, plans, strict=True)
        if each.seeds_needed is not None
    }


def _comparisons(found: Sequence[Arm], baseline: Arm, plan: Plan, later_alpha: float | None = None) -> pd.DataFrame:
    return _comparisons_of([(found, baseline, plan)], later_alpha)[0]


def _comparisons_of(groups: Sequence[tuple[Sequence[Arm], Arm, Plan]], later_alpha: float | None) -> list[pd.DataFrame]:
    """Compare the arms of each group with its baseline by its plan; the comparisons of all groups are one family."""
    others = [[arm for arm in found if arm.variant != plan.baseline] for found, _, plan in groups]
    baselines, plans = [baseline for _, baseline, _ in groups], [plan for _, _, plan in groups]
    compared = _all_contests(others, baselines, plans)
    family = decide_all(compared, plans[0])
    described = iter(zip(compared, describe(compared, family, plans[0], later_alpha), strict=True))
    values = [_worst([*found, baseline], plan) for found, baseline, plan in groups]
    worst = iter(_verdicts_if_lost(others, baselines, plans, values))
    own_mean = iter(_verdicts_if_lost(others, baselines, plans, [None] * len(groups)))
    frames = []
    for group, baseline, value in zip(others, baselines, values, strict=True):
        rows = []
        for arm in group:
            each, comparison = next(described)
            if_worst, if_mean = next(worst), next(own_mean)
            row: _Row = {**vars(comparison), "variant": each.arm.variant, "baseline": baseline.variant}
            row |= {"n_lost": arm.n_lost, "n_lost_baseline": baseline.n_lost}
            row |= {"value_if_worst": None if if_worst is None else value}
            row |= {"verdict_if_worst": if_worst, "verdict_if_mean": if_mean}
            rows.append(row)
        asked = plans[0].non_inferiority_margin is not None
        frames.append(_frame(rows, COMPARISON_COLUMNS + NON_INFERIORITY_COLUMNS * asked))
    return frames


def _all_contests(others: Sequence[Sequence[Arm]], baselines: Sequence[Arm], plans: Sequence[Plan]) -> list[Contest]:
    groups = zip(others, baselines, plans, strict=True)
    return [each for group, baseline, plan in groups for each in contests(group, baseline, plan)]


def _baseline(runs: pd.DataFrame, found: Sequence[Arm], plan: Plan) -> Arm:
    """The arm of the baseline, which need not be among those to analyse."""
    for arm in found:
        if arm.variant == plan.baseline:
            return arm
    if plan.baseline not in set(runs["variant"].astype(str)):
        raise DataError(unknown("baseline variant", plan.baseline, dict.fromkeys(runs["variant"].astype(str))))
    return arms(runs, plan.metric, [plan.baseline])[0]


def _verdicts_if_lost(
    others: Sequence[Sequence[Arm]], baselines: Sequence[Arm], plans: Sequence[Plan], values: Sequence[float | None]
) -> list[str | None]:
    """The verdicts with each lost run at its group's value, or at its arm's mean if None; None where none is judged."""
    if not any(arm.n_lost for group in (*others, baselines) for arm in group):
        return [None for group in others for _ in group]
    filled = [[arm.with_lost_at(value) for arm in group] for group, value in zip(others, values, strict=True)]
    bases = [baseline.with_lost_at(value) for baseline, value in zip(baselines, values, strict=True)]
    compared = _all_contests(filled, bases, plans)
    verdicts = [decision.verdict for decision in decide_all(compared, plans[0]).decisions]
    return [str(verdict) if verdict in JUDGED else None for verdict in verdicts]


def _worst(found: Sequence[Arm], plan: Plan) -> float | None:
    """The value of a lost run at worst: the declared one, or the worst that any run of the study has."""
    if plan.lost_value is not None:
        return plan.lost_value
    recorded = (value for arm in found for value in (*arm.recorded, *arm.lost_values))
    values = [float(value) for value in recorded if abs(value) <= LARGEST_SCORE]
    if not values:
        return None
    return min(values) if plan.higher_is_better else max(values)


_INTEGERS = (
    *("n", "n_failed", "n_diverged", "n_baseline", "pairs", "seeds_needed", "seeds_for_equivalence"),
    *("n_lost", "n_lost_baseline"),
)
_WORDS = (
    *("variant", "baseline", "values", "bootstrap_method", "test", "permutation_test", "permutation_method", "verdict"),
    *("verdict_if_worst", "verdict_if_mean", "fragile_because", "doubt"),
)
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
