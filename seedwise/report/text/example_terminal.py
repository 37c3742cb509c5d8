"""The verdicts of an evaluation in a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from seedwise.analysis.example_findings import ALL_DATASETS, ExampleComparison, ExampleSummary
from seedwise.basics.names import visible
from seedwise.basics.words import quantity
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.columns import WIDTH, in_columns
from seedwise.report.text.example_sentences import alone, answer, evidence, judges_lines, scope
from seedwise.report.text.format import p_cell, percent
from seedwise.statistics.verdict import CLAIMS

LISTED = 3
"""Of so many variants, one line says what is known of each."""


def examples_terminal(report: ExamplesReport) -> str:
    """The verdicts for a terminal, in lines of at most `WIDTH` characters."""
    heading = f"{report.metric}, {report.direction}"
    if report.direction_assumed:
        other = "lower" if report.plan.higher_is_better else "higher"
        heading += f" (assumed from its name; --{other}-is-better says otherwise)"
    heading += "; the question is new examples"
    if report.main:
        heading += f"; differences from {report.plan.baseline}, positive is better"
    paragraphs = [textwrap.fill(heading, WIDTH), _table(report)]
    if not report.main:
        paragraphs += [textwrap.fill(_plain(alone(row, report)), WIDTH) for row in report.summaries]
    elif len(report.main) <= 3:
        for row in report.main:
            told = answer(row, report)
            paragraphs.append(textwrap.fill(_plain(told["found"]), WIDTH))
            for label, key in ((f"New {report.levels}?", "again"), ("To settle it:", "settle")):
                if told[key] and (row.verdict not in CLAIMS if key == "settle" else report.levels):
                    paragraphs.append(_bullet(f"{label} {_plain(told[key])}"))
    paragraphs.append(textwrap.fill(_plain(scope(report)), WIDTH))
    if judged := judges_lines(report):
        paragraphs.append("\n".join(_bullet(_plain(line)) for line in judged))
    if report.analysis.warnings:
        paragraphs.append(
            "\n".join(["Warnings:", *(_bullet(warning.sentence) for warning in report.analysis.warnings)])
        )
    return visible("\n\n".join(paragraphs))


def _bullet(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _plain(text: str) -> str:
    return text.replace("*", "").replace("\\", "")


def _table(report: ExamplesReport) -> str:
    """A line for each variant; with several datasets, a block for each of them below that of all together."""
    if len(report.datasets) <= 1:
        return _block(report.summaries, report.analysis.comparisons, report)
    blocks = [f"{ALL_DATASETS}\n{_block([], report.main, report)}"]
    for dataset in report.datasets:
        summaries = [row for row in report.summaries if row.dataset == dataset]
        compared = [row for row in report.analysis.comparisons if row.dataset == dataset]
        blocks.append(f"{dataset}\n{_block(summaries, compared, report)}")
    return "\n\n".join(blocks)


def _block(
    summaries: Sequence[ExampleSummary], comparisons: Sequence[ExampleComparison], report: ExamplesReport
) -> str:
    digits, by_variant = report.digits, {row.variant: row for row in comparisons}
    confidence = f"{percent(report.plan.confidence)} CI"
    lines = [["variant", "mean", "difference", confidence, report.p_name, "verdict"]]
    means = {row.variant: row.mean for row in summaries} or {
        **{row.baseline: row.mean_baseline for row in comparisons},
        **{row.variant: row.mean for row in comparisons},
    }
    for variant, mean in means.items():
        row = by_variant.get(variant)
        cells = ["", "", "", "baseline"]
        if row is not None:
            interval = digits.interval(row.ci_low, row.ci_high)
            verdict = row.verdict + (" *" if row.fragile else "")
            cells = [digits.signed(row.difference), interval, p_cell(row.p_holm), verdict]
        lines.append([variant, digits.number(mean), *cells])
    # The interval shows the difference too, where numbers are very long.
    text = in_columns(lines, left={confidence, "verdict"}, droppable=("mean", "difference"))
    return f"{text}\n* fragile" if any(row.fragile for row in comparisons) else text


def examples_line(report: ExamplesReport) -> str:
    """The outcome in one line, for a commit or a chat."""
    mark = "EXPLORATORY " if report.exploratory else ""
    if not report.main:
        found = [f"{row.variant} {report.digits.number(row.mean)}" for row in report.summaries]
    elif len(report.main) <= LISTED:
        found = [f"{row.variant} {row.verdict} {evidence(row, report)}" for row in report.main]
    else:
        verdicts = [row.verdict for row in report.main]
        found = [f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts)]
    against = f" vs {report.plan.baseline}" if report.main else ""
    examples = sorted({row.n_examples for row in report.main or report.summaries})
    size = quantity(examples[0], "example") if len(examples) == 1 else f"{examples[0]} to {examples[-1]} examples"
    line = f"{report.study or 'results'}: {mark}{'; '.join(found)}; {report.metric}{against}, {size}"
    return re.sub(r"\s+", " ", line)
