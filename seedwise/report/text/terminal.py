"""The verdicts as plain text for a terminal: a line per variant, the bottom line, the warnings."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from seedwise.basics.names import visible
from seedwise.plan import Plan
from seedwise.report.digits import Digits, digits_of_metric
from seedwise.report.rows import ComparisonRow, SummaryRow, p_name, read_rows
from seedwise.report.text.columns import WIDTH, in_columns
from seedwise.report.text.format import p_cell, percent
from seedwise.report.text.sentences import bottom_line
from seedwise.report.wording import Wording
from seedwise.runs.metrics import metric_label
from seedwise.statistics.analysis import Analysis

_FRAGILE = " (fragile)"


def verdict_table(analysis: Analysis, plan: Plan, *, direction_assumed: bool = False, notes: Sequence[str] = ()) -> str:
    """Return the table of verdicts, the bottom line, notes and warnings, in lines of at most `WIDTH` characters.

    Args:
        analysis: what was found.
        plan: by which runs were compared.
        direction_assumed: whether nobody said which way of the metric is better.
        notes: sentences about how the table was read.
    """
    summaries = read_rows(SummaryRow, analysis.summary)
    comparisons = read_rows(ComparisonRow, analysis.comparisons)
    names = {row.variant: row.variant for row in summaries}
    digits = digits_of_metric(summaries, comparisons)
    named = p_name(comparisons, analysis.family)
    wording = Wording(names, metric_label(plan.metric), plan, plan, digits, p_name=named, family=analysis.family)
    heading = f"{wording.metric}, {wording.direction}"
    if direction_assumed:
        other = "lower" if plan.higher_is_better else "higher"
        heading += f" (assumed from its name; --{other}-is-better says otherwise)"
    if comparisons:
        heading += f"; differences from {plan.baseline}, signed so that positive is better"
    parts = [
        textwrap.fill(heading, WIDTH),
        _table(summaries, comparisons, wording),
        textwrap.fill(bottom_line(summaries, comparisons, wording), WIDTH),
    ]
    warnings = [warning.sentence for warning in analysis.warnings]
    for title, sentences in (("How the table was read:", notes), ("Warnings:", warnings)):
        if sentences:
            lines = [textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ") for text in sentences]
            parts.append("\n".join([title, *lines]))
    return visible("\n\n".join(parts))


def _table(summaries: Sequence[SummaryRow], comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """Return a line for each variant; where that is too wide, a name that does not fit has a line of its own."""
    by_variant, digits = {row.variant: row for row in comparisons}, wording.digits
    interval = f"{percent(wording.plan.confidence)} CI"
    lines = [["variant", "n", "mean", "std", "difference", interval, wording.p_name, "verdict"]]
    for row in summaries:
        line = [row.variant, str(row.n), digits.number(row.mean), digits.number(row.std)]
        compared = by_variant.get(row.variant)
        lines.append(line + (_compared(compared, digits) if compared else ["", "", "", "baseline"]))
    legend = ""
    if _width(lines) > WIDTH and any(line[-1].endswith(_FRAGILE) for line in lines):
        lines = [[*line[:-1], line[-1].replace(_FRAGILE, "*")] for line in lines]
        legend = "\n* fragile"
    # What is left out where numbers are very long is in summary.csv, and the verdict needs it least.
    return in_columns(lines, left={interval, "verdict"}, droppable=("std", "n")) + legend


def _width(lines: Sequence[Sequence[str]]) -> int:
    return sum(max(len(line[column]) for line in lines) + 2 for column in range(len(lines[0]))) - 2


def _compared(row: ComparisonRow, digits: Digits) -> list[str]:
    verdict = row.verdict + (_FRAGILE if row.is_fragile else "")
    return [digits.signed(row.difference), digits.interval(row.ci_low, row.ci_high), p_cell(row.p), verdict]
