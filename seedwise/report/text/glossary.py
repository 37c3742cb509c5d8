"""The words of a report, explained to readers who know no statistics."""

from __future__ import annotations

from seedwise.report.model import Report
from seedwise.report.text.format import percent


def glossary(report: Report) -> list[str]:
    """Return a line of Markdown for each word; those that the report has no use for are left out."""
    confidence = percent(report.plan.confidence)
    lines = [
        "*Seed*: the number that starts everything random in a run. Run it again with another seed and the score "
        "moves; these moves are the noise that a real gap must stand out from.",
        "*Standard deviation*: how far single seeds typically lie from their mean.",
        f"*{confidence} CI* (confidence interval): the true values that these runs make plausible. Made by this "
        f"recipe, {confidence} of intervals contain the true value. The percentile bootstrap's do so less often than "
        "their name says; how often stands below its table.",
        "*p*: how often two variants that are equal would show a gap at least this large. Comparing several variants "
        "gives several chances to be fooled, so p is corrected for their number.",
        "*Better*, *worse*: p is small enough for a claim. *Not settled* (`NOT_SUPPORTED` in tables): it is not; the "
        f"variants may be equal or different. {_margin(report)}",
    ]
    if any(row.judged for row in report.comparison_rows):
        lines += [
            f"*Luck alone passes in {report.wording.by_luck}*: this holds for roughly normal noise and similar numbers "
            "of runs; with few runs on one side, or where single runs collapse, it can be more, up to about twice "
            "that.",
            "*Fragile*: the verdict hangs on one run (where at least 3 remain), or on the choice of method.",
        ]
    return lines


def _margin(report: Report) -> str:
    if report.plan.non_inferiority_margin is None:
        return (
            "*As good as* (`EQUIVALENT`): any difference is smaller than the margin, the smallest difference that "
            "matters."
        )
    return (
        "*Non-inferior* (`NON_INFERIOR`): if it is worse at all, then by no more than the margin, a loss that can be "
        "accepted."
    )
