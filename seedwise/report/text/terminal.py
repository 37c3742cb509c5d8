"""The verdicts as plain text for a terminal: a line per variant, the bottom line, the warnings."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from seedwise.plan import Plan
from seedwise.report.rows import Comparison, VariantSummary, read_rows
from seedwise.report.text import sentences
from seedwise.report.text.format import DECIMALS, interval, number, p_cell, percent, signed
from seedwise.statistics.analysis import Analysis

WIDTH = 100
_NARROWEST_NAME = 8
_MOST_DIGITS = 6
_FRAGILE = " (fragile)"
_LEFT_ALIGNED = (0, 5, 7)


def verdict_table(analysis: Analysis, plan: Plan) -> str:
    """Return the table of verdicts, the bottom line and the warnings, in lines of at most `WIDTH` characters."""
    summaries = read_rows(VariantSummary, analysis.summary)
    comparisons = read_rows(Comparison, analysis.comparisons)
    names = {row.variant: row.variant for row in summaries}
    bottom_line = sentences.bottom_line(summaries, comparisons, names, plan, exploratory=False)
    heading = f"{sentences.metric_words(plan)}, {sentences.direction_words(plan)}"
    if comparisons:
        heading += f"; differences from {plan.baseline}, signed so that positive is better"
    parts = [textwrap.fill(heading, WIDTH), _table(summaries, comparisons, plan), textwrap.fill(bottom_line, WIDTH)]
    if analysis.warnings:
        lines = [
            textwrap.fill(warning.sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
            for warning in analysis.warnings
        ]
        parts.append("\n".join(["Warnings:", *lines]))
    return "\n\n".join(parts)


def _table(summaries: Sequence[VariantSummary], comparisons: Sequence[Comparison], plan: Plan) -> str:
    by_variant = {row.variant: row for row in comparisons}
    decimals = _decimals(summaries)
    p_name = "Dunnett p" if any(row.test == "dunnett" for row in comparisons) else "Holm p"
    lines = [["variant", "n", "mean", "std", "difference", f"{percent(plan.confidence)} CI", p_name, "verdict"]]
    for row in summaries:
        line = [row.variant, str(row.n), number(row.mean, decimals), number(row.std, decimals)]
        compared = by_variant.get(row.variant)
        lines.append(line + (_compared(compared, decimals) if compared else ["", "", "", "baseline"]))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rest = sum(widths[1:]) + 2 * (len(widths) - 1)
    widths[0] = min(widths[0], max(_NARROWEST_NAME, WIDTH - rest))
    return "\n".join(_aligned(line, widths) for line in lines)


def _compared(row: Comparison, decimals: int) -> list[str]:
    p = row.p_value if row.test == "dunnett" else row.p_holm
    verdict = row.verdict + (_FRAGILE if row.fragile and sentences.is_claim(row) else "")
    return [signed(row.difference, decimals), interval(row.ci_low, row.ci_high, decimals), p_cell(p), verdict]


def _decimals(summaries: Sequence[VariantSummary]) -> int:
    """Decimals that show scores of this size with at most `_MOST_DIGITS` digits."""
    largest = max((abs(row.mean) for row in summaries if row.mean is not None), default=0.0)
    before = math.floor(math.log10(largest)) + 1 if largest >= 1 else 1
    return max(0, min(DECIMALS, _MOST_DIGITS - before))


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name = line[0] if len(line[0]) <= widths[0] else line[0][: widths[0] - 1] + "…"
    cells = [
        cell.ljust(width) if column in _LEFT_ALIGNED else cell.rjust(width)
        for column, (cell, width) in enumerate(zip([name, *line[1:]], widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
