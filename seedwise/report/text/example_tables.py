"""The tables in the report of an evaluation, each with a note on how to read it."""

from __future__ import annotations

from seedwise.analysis.example_findings import ExampleComparison
from seedwise.basics.words import quantity
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.example_sentences import rounded_count, test_name
from seedwise.report.text.format import (
    MISSING,
    code,
    confidence_percent,
    config_value,
    escape,
    level,
    markdown_table,
    p_cell,
    percent,
)
from seedwise.statistics.verdict import CLAIMS


def means_table(report: ExamplesReport) -> str:
    """Every variant on its own."""
    digits, several = report.digits, len(report.datasets) > 1
    confidence = confidence_percent(report.plan.confidence)
    clustered, repeated = report.analysis.clustered, bool(report.analysis.level)
    header = [*(["Dataset"] if several else []), "Variant", "Mean", "Standard error", f"{confidence} CI", "Examples"]
    header += [*(["Clusters"] if clustered else []), *([report.levels.capitalize()] if repeated else [])]
    header += ["Answers", "Without a score"]
    rows = [
        [
            *([escape(row.dataset)] if several else []),
            escape(row.variant),
            digits.number(row.mean),
            digits.number(row.standard_error),
            digits.interval(row.ci_low, row.ci_high),
            str(row.n_examples),
            *([str(row.n_clusters)] if clustered else []),
            *([str(row.n_seeds if report.analysis.level == "seed" else row.n_repeats)] if repeated else []),
            str(row.n_scores),
            str(row.n_missing),
        ]
        for row in report.summaries
    ]
    return markdown_table(header, rows, numeric=range(1 + several, len(header)))


def comparisons_table(report: ExamplesReport) -> str:
    """Every comparison with the baseline; empty where nothing is compared."""
    rows, several = report.analysis.comparisons, len(report.datasets) > 1
    exact = any(row.mcnemar_p is not None for row in rows)
    header = [*(["Dataset"] if several else []), "Variant", "Difference", "Standard error"]
    header += [f"{confidence_percent(report.plan.confidence)} CI", "df", report.p_name, "Better/tie/worse on"]
    header += [*(["McNemar's exact p"] if exact else []), "Verdict"]
    lines = [
        [
            *([escape(row.dataset)] if several else []),
            escape(row.variant),
            report.digits.signed(row.difference),
            report.digits.number(row.standard_error),
            report.digits.interval(row.ci_low, row.ci_high),
            MISSING if row.df is None else f"{row.df:.4g}",
            p_cell(row.p_holm),
            f"{row.wins}/{row.ties}/{row.losses}",
            *([p_cell(row.mcnemar_p)] if exact else []),
            row.verdict + (" (fragile)" if row.fragile else ""),
        ]
        for row in rows
    ]
    return markdown_table(header, lines, numeric=range(1 + several, len(header) - 1)) if rows else ""


def levels_table(report: ExamplesReport) -> str:
    """New examples, new seeds or repeats, and both; empty where that is not known."""
    rows = [row for row in report.analysis.comparisons if row.variance_residual is not None]
    if not rows:
        return ""
    digits, several, crossed = report.digits, len(report.datasets) > 1, report.analysis.level == "seed"
    header = [*(["Dataset"] if several else []), "Variant", f"New examples, these {report.levels}"]
    if not crossed:
        header[-1] = "New examples (with new repeats)"
    header += [f"These examples, new {report.levels}", *(["New examples and new seeds"] if crossed else [])]
    header += ["From examples", *(["From seeds"] if crossed else [])]
    header += ["From both at once" if crossed else "From repeats"]
    lines = []
    for row in rows:
        parts = [row.variance_example or 0.0, row.variance_seed or 0.0, row.variance_residual or 0.0]
        total = sum(parts)
        shares = [percent(part / total) if total > 0 else MISSING for part in parts]
        lines.append(
            [
                *([escape(row.dataset)] if several else []),
                escape(row.variant),
                digits.interval(row.ci_low, row.ci_high),
                digits.interval(row.same_examples_low, row.same_examples_high),
                *([digits.interval(row.both_low, row.both_high)] if crossed else []),
                shares[0],
                *([shares[1]] if crossed else []),
                shares[2],
            ]
        )
    return markdown_table(header, lines, numeric=range(1 + several, len(header)))


def levels_note(report: ExamplesReport) -> str:
    """How to read `levels_table`."""
    rows = [row for row in report.analysis.comparisons if row.variance_residual]
    if report.analysis.level == "seed":
        text = (
            "Intervals of the difference. The shares are of its variance for new examples and new seeds: more examples "
            "lower the first, more seeds the second, either of them the third."
        )
        if any(0 in (row.variance_example, row.variance_seed) for row in rows):
            text += " A share of 0% is an estimate: it is too small to be told from the part of both at once."
        return text
    text = (
        "Intervals of the difference. The shares are of its variance: more examples lower both, more repeats of each "
        "example only the second."
    )
    if any(row.variance_example == 0 for row in rows):
        text += (
            " “From examples 0%” is an estimate: the repeats of an example differ so much that they account for all of "
            "the scatter between examples. The two intervals then estimate the same width, one from the scatter "
            "between examples, one from that between repeats, and either can come out wider."
        )
    return text


def outlook_table(report: ExamplesReport) -> str:
    """What these examples can detect; empty where nothing is compared."""
    rows = [row for row in report.analysis.comparisons if row.detectable_difference is not None]
    if not rows:
        return ""
    several, margin = len(report.datasets) > 1, report.plan.equivalence_margin is not None
    levels = any(row.exhausted_error is not None for row in rows)
    header = [*(["Dataset"] if several else []), "Variant", "Detectable difference", "Examples", "Examples needed"]
    header += [*(["For equivalence"] if margin else []), *([f"{report.levels.capitalize()} needed"] if levels else [])]
    lines = [
        [
            *([escape(row.dataset)] if several else []),
            escape(row.variant),
            report.digits.number(row.detectable_difference),
            str(row.n_examples),
            rounded_count(row.examples_needed),
            *([rounded_count(row.examples_for_equivalence)] if margin else []),
            *([_repeats_cell(row)] if levels else []),
        ]
        for row in rows
    ]
    return markdown_table(header, lines, numeric=range(1 + several, len(header)))


def _repeats_cell(row: ExampleComparison) -> str:
    if row.exhausted_error is None:
        return MISSING
    return "no number" if row.repeats_needed is None else str(row.repeats_needed)


def outlook_note(report: ExamplesReport) -> str:
    """What `outlook_table` promises."""
    together, apart = len(report.main), len(report.analysis.comparisons) - len(report.main)
    corrected = f", corrected for {quantity(together, 'comparison')}" if max(together, apart) > 1 else ""
    corrected += f" (for single datasets: {apart})" if apart else ""
    target = "the margin" if report.plan.margin is not None else "the observed one, which is itself uncertain"
    if report.plan.non_inferiority_margin is not None:
        target = "the margin, or for a variant as good as the baseline to be shown non-inferior"
    clusters = ", in clusters of the same sizes" if report.analysis.clustered else ""
    text = (
        f"For a power of 80% of {test_name(report)} at the {level(report.plan.alpha)} level{corrected}, if the spread "
        f"seen here is the true one. Examples needed{clusters}: if the true difference is {target}."
    )
    if report.levels:
        text += f" {report.levels.capitalize()} needed: on the same examples; no number does where examples differ too "
        text += "much."
    more = [row for row in report.analysis.comparisons if (row.examples_needed or 0) > row.n_examples]
    if report.plan.margin is None and any(row.verdict in CLAIMS for row in more):
        text += " This is about power and takes no verdict back: a difference that is shown is shown. With so many "
        text += "examples, four in five *new* evaluations would show one as large."
    return text


def passes_table(report: ExamplesReport) -> str:
    """pass@k and pass^k; empty where answers were not repeated, or are not right or wrong."""
    digits = report.digits
    rows = [
        [
            escape(row.variant),
            str(row.k),
            f"{digits.number(row.any_of_k)} {digits.interval(row.any_low, row.any_high)}",
            _gap(row.any_difference, row.any_difference_low, row.any_difference_high, report),
            f"{digits.number(row.all_of_k)} {digits.interval(row.all_low, row.all_high)}",
            _gap(row.all_difference, row.all_difference_low, row.all_difference_high, report),
        ]
        for row in report.analysis.passes
    ]
    header = ["Variant", "k", "pass@k: any of k", "Difference", "pass^k: all of k", "Difference"]
    return markdown_table(header, rows, numeric=range(1, 6)) if rows else ""


def _gap(gap: float | None, low: float | None, high: float | None, report: ExamplesReport) -> str:
    return MISSING if gap is None else f"{report.digits.signed(gap)} {report.digits.interval(low, high)}"


def judges_table(report: ExamplesReport) -> str:
    """What each judge alone would decide."""
    judges = report.analysis.judges
    if judges is None:
        return ""
    several, digits = len(report.datasets) > 1, report.digits
    rows = [
        [
            *([escape(found.dataset)] if several else []),
            escape(found.variant),
            escape(found.judge),
            digits.number(found.mean),
            digits.signed(found.difference),
            digits.interval(found.ci_low, found.ci_high),
            found.verdict,
        ]
        for found in judges.findings
    ]
    header = [*(["Dataset"] if several else []), "Variant", "Judge", "Mean of all variants", "Difference"]
    header += [f"{confidence_percent(report.plan.confidence)} CI", "Verdict by this judge alone"]
    return markdown_table(header, rows, numeric=range(2 + several, len(header) - 1))


def plan_table(report: ExamplesReport) -> str:
    """Everything that decides a verdict."""
    plan = report.plan
    rows = {
        "sample": "examples",
        "metric": plan.metric,
        "higher_is_better": str(plan.higher_is_better).lower(),
        "baseline": plan.baseline,
        "confidence": f"{plan.confidence:g}",
        "margin": None if plan.margin is None else f"{plan.margin:g}",
        **dict(report.columns),
        **{key: config_value(value) for key, value in report.choices.items()},
    }
    return markdown_table(
        ["Given", "Value"], [[code(key), "not set" if value is None else code(value)] for key, value in rows.items()]
    )
