"""Captions that say what a figure's marks are; kept apart from the figures, so that a report needs no matplotlib."""

from __future__ import annotations

from seedwise.basics.words import quantity
from seedwise.report.model import Report
from seedwise.report.text.format import confidence_percent, level
from seedwise.report.text.sentences import TESTS


def means_caption(report: Report) -> str:
    """Caption of the figure of means."""
    sizes = sorted({row.n for row in report.summary_rows if row.n} or {0})
    diverged = any(row.n_diverged for row in report.summary_rows)
    crosses = " Cross: some runs of this variant diverged; they have no dot." if diverged else ""
    seeds = quantity(sizes[0], "seed") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} seeds"
    confidence = confidence_percent(report.plan.confidence)
    if report.has_many_variants:
        lines = f" Lines: {confidence} t interval of the mean; whether intervals overlap is not a test."
        return (
            f"Large dots: mean {report.wording.metric} over {seeds} ({report.wording.direction})."
            f"{lines if sizes[-1] > 1 else ''} Small dots: one run each.{crosses}"
        )
    text = f"Bars: mean {report.wording.metric} over {seeds} ({report.wording.direction})."
    if sizes[-1] > 1:
        text += (
            f" Error bars: {confidence} t interval of the mean. Brackets: {confidence} percentile bootstrap interval; "
            "whether intervals overlap is not a test."
        )
    return f"{text} Dots: one run each, in seed order from left to right.{crosses}"


def differences_caption(report: Report) -> str:
    """Caption of the forest plot of differences."""
    confidence = confidence_percent(report.deciding.confidence)
    text = f"Dots: difference from the baseline in {report.wording.metric}, signed so that positive is better. "
    if report.plan.variance == "pooled":
        text += f"Lines: {confidence} confidence intervals that hold for all comparisons at once (Dunnett)."
    elif len(report.comparison_rows) == 1:
        text += f"Lines: {confidence} confidence interval."
    else:
        text += (
            f"Thick lines: {confidence} confidence interval of that comparison alone. Thin lines: {confidence} "
            "intervals that hold for all comparisons at once."
        )
    if report.plan.margin is not None:
        text += f" Shaded: {report.wording.the_margin} {report.wording.span}."
    return text


def power_caption(report: Report) -> str:
    """Caption of the power curve."""
    rows = report.comparison_rows
    test = TESTS[rows[0].test] if rows else TESTS["welch"]
    corrected = f" (corrected for {report.family} comparisons)" if report.family > 1 else ""
    spread = "differences between runs of one seed scatter" if report.plan.pairing == "seed" else "runs scatter"
    each = " One curve for all variants where theirs are the same." if len(rows) > 1 else ""
    dots = "Dots: the runs of this study, as in the table"
    if any(row.n != row.n_baseline for row in rows):
        dots += "; off the curve where the baseline has another number of runs"
    return (
        f"Smallest true difference from the baseline in {report.wording.metric} that {test} at the "
        f"{level(report.deciding.alpha)} level{corrected} detects 80% of the time, by seeds per variant, if {spread} "
        f"as they do here.{each} {dots}. Horizontal lines: the observed differences that lie within the axis."
    )


def curves_caption(report: Report) -> str:
    """Caption of the learning curves."""
    return (
        f"Lines: mean over seeds after each {report.step}. Bands: ± one standard deviation between seeds, where two or "
        f"more runs reached the {report.step}. Runs that diverged are left out. The verdicts rest on each run's "
        f"{report.wording.metric}, not on these curves."
    )


def pairing_caption(report: Report) -> str:
    """Caption of the figure of pairs."""
    use = (
        "The test that decides compares within these pairs."
        if report.plan.pairing == "seed"
        else "The test that decides does not pair; parallel lines mean that pairing, declared beforehand, would "
        "sharpen the next study."
    )
    shown, others = len(report.variants_with_panels), len(report.comparison_rows)
    some = f" Shown: the {shown} of {others} variants with the lowest p-values." if shown < others else ""
    return (
        f"Each line joins the {report.wording.metric} of one seed's run of the baseline and of the variant "
        f"({report.wording.direction}). {use}{some}"
    )


def interactions_caption(report: Report) -> str:
    """Caption of the figure of interactions."""
    return (
        f"Mean {report.wording.metric} of each combination, averaged over factors that a panel does not show. Error "
        "bars: ± one standard error of the mean. Lines that are not parallel suggest an interaction; the table tests "
        "it."
    )
