"""Captions that say what a figure's marks are; kept apart from the figures, so that the report needs no matplotlib."""

from __future__ import annotations

from collections.abc import Sequence

from seedwise.basics.words import quantity
from seedwise.plan import Plan
from seedwise.report.text.format import number, percent
from seedwise.report.text.sentences import direction_words, metric_words

FIGURES = {name: f"figures/{name}.png" for name in ("means", "differences", "power", "pairing")}
INTERACTIONS = {"interactions": "figures/interactions.png"}
CURVES = {"curves": "figures/curves.png"}
"""Where a report's figures lie, relative to results.md."""


def means_caption(plan: Plan, sizes: Sequence[int], diverged: bool = False) -> str:
    """Caption of the figure of means; `sizes` are the numbers of usable seeds, `diverged` whether any run diverged."""
    crosses = " Crosses: variants with diverged runs, which have no dot." if diverged else ""
    distinct = sorted(set(sizes))
    seeds = quantity(distinct[0], "seed") if len(distinct) == 1 else f"{distinct[0]} to {distinct[-1]} seeds"
    confidence = percent(plan.confidence)
    text = f"Bars: mean {metric_words(plan)} over {seeds} ({direction_words(plan)})."
    if distinct[-1] > 1:
        text += (
            f" Error bars: {confidence} t interval of the mean. Brackets: {confidence} percentile bootstrap interval; "
            "whether intervals overlap is not a test."
        )
    return f"{text} Dots: one run each, in seed order from left to right.{crosses}"


def differences_caption(plan: Plan, comparisons: int) -> str:
    """Caption of the forest plot of differences; `comparisons` is how many rows it has."""
    confidence = percent(plan.confidence)
    text = f"Dots: difference from the baseline in {metric_words(plan)}, signed so that positive is better. "
    if plan.variance == "pooled":
        text += f"Lines: {confidence} confidence intervals that hold for all comparisons at once (Dunnett)."
    elif comparisons == 1:
        text += f"Lines: {confidence} confidence interval."
    else:
        text += (
            f"Thick lines: {confidence} confidence interval of that comparison alone. Thin lines: {confidence} "
            "intervals that hold for all comparisons at once."
        )
    return text + (f" Shaded: the declared margin ±{number(plan.margin)}." if plan.margin is not None else "")


def power_caption(plan: Plan) -> str:
    """Caption of the power curve."""
    return (
        f"Smallest true difference in {metric_words(plan)} that an unpaired t test at the {number(plan.alpha, 2)} "
        "level detects 80% of the time, by seeds per variant, if the seed-to-seed standard deviation is the one pooled "
        "over this study's variants. Horizontal lines: the observed differences that lie within "
        "the axis."
    )


def curves_caption(plan: Plan) -> str:
    """Caption of the learning curves."""
    return (
        "Lines: mean over seeds after each epoch, on the validation images. Bands: ± one standard deviation between "
        "seeds, where two or more runs reached the epoch. A run that diverged counts until it did. The verdicts rest "
        f"on {metric_words(plan)} at the end, not on these curves."
    )


def pairing_caption(plan: Plan) -> str:
    """Caption of the figure of pairs."""
    use = (
        "The declared test compares within these pairs."
        if plan.pairing == "seed"
        else "The declared test does not pair; parallel lines mean that pairing, declared beforehand, would sharpen "
        "the next study."
    )
    return (
        f"Each line joins the {metric_words(plan)} of one seed's run of the baseline and of the variant "
        f"({direction_words(plan)}). {use}"
    )
