"""The words of a report, explained to readers who know no statistics."""

from __future__ import annotations

from collections.abc import Sequence

from seedwise.plan import Plan
from seedwise.report.examples import ExamplesReport
from seedwise.report.model import Report
from seedwise.report.rows import ComparisonRow
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
        f"*p*: how often two variants that are equal would show a gap at least this large.{_corrected(report.p_name)}",
        *_methods(report.comparison_rows),
        "*Better*, *worse*: p is small enough for a claim. *Not settled* (`NOT_SUPPORTED` in tables): it is not; the "
        f"variants may be equal or different. {_margin(report.plan)}",
    ]
    if any(row.judged for row in report.comparison_rows):
        lines += [
            f"*Luck alone passes in {report.wording.by_luck}*: this holds for roughly normal noise and similar numbers "
            "of runs; with few runs on one side, or where single runs collapse, it can be more, up to about twice "
            "that.",
            "*Fragile*: the verdict hangs on one run (where at least 3 remain), or on the choice of method.",
        ]
    return lines


def example_glossary(report: ExamplesReport) -> list[str]:
    """The same for the report of an evaluation."""
    confidence, level = percent(report.plan.confidence), report.analysis.level
    again = {
        "seed": "*Seed*: the number that starts everything random in a training run; another seed gives another model.",
        "repeat": "*Repeat*: another answer of the same model to the same example.",
    }
    lines = [
        "*Example*: one question, image or task that is scored. The examples are the sample: others like them would "
        "give other means, and that is the noise that a real gap must stand out from.",
        *([again[level]] if level else []),
        "*Standard error*: how far the mean over other such examples typically lies from this one.",
        f"*{confidence} CI* (confidence interval): the true values that these answers make plausible. Made by this "
        f"recipe, {confidence} of intervals contain the true value.",
        f"*p*: how often two equal variants would show a gap at least this large.{_corrected(report.p_name)}",
        "*Paired t test*: takes the difference on each example, which both variants answered, and asks whether their "
        "mean is 0. *df*: its degrees of freedom, about the number of examples (or clusters).",
        "*Better*, *worse*: p is small enough for a claim. *Not settled* (`NOT_SUPPORTED` in tables): it is not; the "
        f"variants may be equal or different. {_margin(report.plan)}",
        "*Fragile*: the verdict hangs on one example (or cluster), or on the choice of method.",
        "*Detectable difference*: a true difference of this size is found in four of five evaluations (power 80%).",
    ]
    if any(row.mcnemar_p is not None for row in report.analysis.comparisons):
        lines.append("*McNemar's exact p*: that of a test which counts only the examples that one variant gets right.")
    return lines


def _corrected(p_name: str) -> str:
    if p_name == "p":
        return ""
    how = "with Holm's method, which asks most of the smallest p" if p_name == "Holm p" else "by Dunnett's test"
    return (
        " Comparing several variants gives several chances to be fooled, so p is corrected for their number: "
        f"*{p_name}*, {how}."
    )


def _methods(rows: Sequence[ComparisonRow]) -> list[str]:
    """The tests and measures of the table of comparisons."""
    tests = {
        "welch": "*Welch's t test*: compares two means, each with the spread of its own runs.",
        "paired": "*Paired t test by seed*: takes the difference between the runs of each seed, and asks whether their "
        "mean is 0.",
        "dunnett": "*Dunnett's test*: compares several means with that of the baseline, with one spread for all.",
    }
    lines = [tests[test] for test in dict.fromkeys(row.test for row in rows) if test in tests]
    if any(row.hedges_g is not None for row in rows):
        lines.append("*Hedges' g*: the difference in standard deviations between seeds, corrected for few runs.")
    if any(row.permutation_p is not None for row in rows):
        lines.append(
            "*Permutation p*: how often the same scores, shared out at random between the two variants, show a gap at "
            "least this large."
        )
    if any(row.wins is not None for row in rows):
        lines.append(
            "*Wins*: if every run of the variant meets every run of the baseline, how many of these pairs it wins; a "
            "tie is half a win."
        )
    return lines


def _margin(plan: Plan) -> str:
    if plan.non_inferiority_margin is None:
        return (
            "*As good as* (`EQUIVALENT`): any difference is smaller than the margin, the smallest difference that "
            "matters."
        )
    return (
        "*Non-inferior* (`NON_INFERIOR`): if it is worse at all, then by no more than the margin, a loss that can be "
        "accepted."
    )
