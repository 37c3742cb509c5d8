"""Figures of a study as PNG and SVG; the same data give the same files, byte for byte.

Drawing goes through `matplotlib.figure.Figure` and never through pyplot, so it needs no display and no global state.
Labels map a variant's name to what the reader sees; variants keep their look (`style.looks`) across figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from seedwise.basics.words import quantity
from seedwise.plan import Plan
from seedwise.report.figures import style
from seedwise.report.figures.means import plot_means
from seedwise.report.rows import Comparison, VariantSummary, read_rows
from seedwise.report.text.format import number, percent
from seedwise.report.text.sentences import metric_words
from seedwise.statistics.power import detectable_effect

__all__ = ["plot_differences", "plot_means", "plot_power", "pooled_std"]

FEWEST_SEEDS, MOST_SEEDS = 3, 30  # of the power curve


def plot_differences(
    comparisons: pd.DataFrame, labels: Mapping[str, str], plan: Plan, path_png: Path, path_svg: Path
) -> None:
    """Forest plot: a row per variant with its difference from the baseline, its interval and the simultaneous one.

    `labels` lists all variants of the study in its order, which fixes their colours.
    """
    rows = read_rows(Comparison, comparisons)
    with mpl.rc_context(style.RC):
        names = [style.wrap(labels[row.variant], 22) for row in rows]
        row_height = style.ROW_HEIGHT + (0.15 if any(name.count("\n") > 1 for name in names) else 0)
        height = row_height * max(len(rows), 1) + 1.9
        figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        appearance = style.appearances(list(labels), plan.baseline)
        if plan.margin is not None:
            axes.axvspan(-plan.margin, plan.margin, color=style.MARGIN_COLOUR, zorder=0)
        axes.axvline(0, color=style.INK, linewidth=1, zorder=1)
        for y, row in enumerate(rows):
            _draw_difference(axes, y, row, appearance[row.variant].colour, thin=_shows_simultaneous(rows, plan))
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))  # signed numbers of four digits are wide
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            f"Difference from {style.wrap(labels[plan.baseline], 30)}\nin {metric_words(plan)} (positive is better)"
        )
        _differences_legend(figure, rows, plan)
        style.save(figure, path_png, path_svg)


def plot_power(
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    labels: Mapping[str, str],
    plan: Plan,
    path_png: Path,
    path_svg: Path,
) -> None:
    """Power curve: the smallest difference detected 80% of the time, by seeds per variant."""
    summaries = read_rows(VariantSummary, summary)
    std = pooled_std(summaries)
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, style.HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        if not std:
            axes.text(
                0.5, 0.5, "No spread between seeds to plan with", ha="center", va="center", transform=axes.transAxes
            )
            axes.set_axis_off()
        else:
            _draw_power(axes, summaries, read_rows(Comparison, comparisons), std, labels, plan)
            handles, names = axes.get_legend_handles_labels()
            if handles:
                figure.set_figheight(style.HEIGHT + 0.35)
                style.legend_above(figure, handles, names)
        style.save(figure, path_png, path_svg)


def pooled_std(rows: Sequence[VariantSummary]) -> float | None:
    """Seed-to-seed standard deviation pooled over variants, weighted by degrees of freedom; None without any."""
    usable = [(row.n - 1, row.std) for row in rows if row.n > 1 and row.std is not None]
    degrees = sum(weight for weight, _ in usable)
    return math.sqrt(sum(weight * std**2 for weight, std in usable) / degrees) if degrees else None


def _shows_simultaneous(rows: Sequence[Comparison], plan: Plan) -> bool:
    """Whether the simultaneous interval says more than the plain one; Dunnett's plain interval is simultaneous."""
    return len(rows) > 1 and plan.variance == "separate" and any(row.simultaneous_low is not None for row in rows)


def _draw_difference(axes: Axes, y: int, row: Comparison, colour: str, *, thin: bool) -> None:
    if row.difference is None:
        axes.text(0.02, y, "undefined", transform=axes.get_yaxis_transform(), va="center", style="italic")
        return
    if thin and row.simultaneous_low is not None and row.simultaneous_high is not None:
        axes.hlines(y, row.simultaneous_low, row.simultaneous_high, color=style.INK, linewidth=1, zorder=2)
    if row.ci_low is not None and row.ci_high is not None:
        axes.hlines(y, row.ci_low, row.ci_high, color=colour, linewidth=5, zorder=3)
    axes.plot([row.difference], [y], "o", color=colour, markeredgecolor=style.INK, markersize=9, zorder=4)


def _differences_legend(figure: Figure, rows: Sequence[Comparison], plan: Plan) -> None:
    confidence = percent(plan.confidence)
    handles: list[Line2D | Patch] = [Line2D([], [], color="#777777", linewidth=5)]
    names = [f"{confidence} CI"]
    if _shows_simultaneous(rows, plan):
        handles.append(Line2D([], [], color=style.INK, linewidth=1))
        names.append("simultaneous CI")
    if plan.margin is not None:
        handles.append(Patch(color=style.MARGIN_COLOUR))
        names.append(f"margin ±{number(plan.margin)}")
    figure.legend(handles, names, loc="outside upper center", ncols=3, columnspacing=1.2)


def _draw_power(
    axes: Axes,
    summaries: Sequence[VariantSummary],
    comparisons: Sequence[Comparison],
    std: float,
    labels: Mapping[str, str],
    plan: Plan,
) -> None:
    current = max(row.n for row in summaries)
    seeds = list(range(FEWEST_SEEDS, max(MOST_SEEDS, current + 5) + 1))
    curve = [detectable_effect(n, alpha=plan.alpha) * std for n in seeds]
    axes.plot(seeds, curve, color=style.INK, linewidth=2)
    if current >= FEWEST_SEEDS:
        here = curve[current - FEWEST_SEEDS]
        near_right_edge = current > seeds[-1] / 2
        axes.plot([current], [here], "o", color=style.INK, markersize=9)
        axes.annotate(
            f"this study: {quantity(current, 'seed')}",
            (current, here),
            (0, -10) if near_right_edge else (10, 10),
            textcoords="offset points",
            ha="right" if near_right_edge else "left",
            va="top" if near_right_edge else "bottom",
            bbox={"facecolor": "white", "edgecolor": "white", "pad": 1},
        )
    top = 1.1 * max(curve[0], plan.margin or 0.0)
    appearance = style.appearances(list(labels), plan.baseline)
    for row in comparisons:
        # A difference above the whole curve is within reach of any number of seeds; it would only flatten the curve.
        if row.difference is not None and abs(row.difference) < top:
            look = appearance[row.variant]
            label = style.wrap(f"observed, {labels[row.variant]}", 26)
            axes.axhline(abs(row.difference), color=look.colour, linestyle=look.dash, linewidth=2, label=label)
    if plan.margin is not None:
        axes.axhline(plan.margin, color=style.INK, linestyle="--", linewidth=1.2, label="declared margin")
    axes.set_xlabel("Seeds per variant")
    axes.set_ylabel(f"Detectable difference\nin {metric_words(plan)}")
    axes.set_xlim(seeds[0] - 0.5, seeds[-1])
    axes.set_ylim(0, top)
