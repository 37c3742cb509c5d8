"""The figure of power: the smallest difference that a number of seeds detects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seedwise.basics.words import quantity
from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.report.rows import SummaryRow
from seedwise.statistics.planning import detectable_differences

FEWEST_SEEDS, MOST_SEEDS = 3, 30  # of the curve


def plot_power(report: Report, png: Path, svg: Path) -> None:
    """Draw the smallest difference that is detected 80% of the time, by seeds per variant."""
    std = pooled_std(report.summary_rows)
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, style.HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        if not std:
            axes.text(
                0.5, 0.5, "No spread between seeds to plan with", ha="center", va="center", transform=axes.transAxes
            )
            axes.set_axis_off()
        else:
            _draw(axes, report, std)
            handles, names = axes.get_legend_handles_labels()
            if handles:
                figure.set_figheight(style.HEIGHT + 0.35)
                style.legend_above(figure, handles, names)
        style.save(figure, png, svg)


def pooled_std(rows: Sequence[SummaryRow]) -> float | None:
    """Seed-to-seed standard deviation pooled over variants, weighted by degrees of freedom; None without any."""
    usable = [(row.n - 1, row.std) for row in rows if row.n > 1 and row.std is not None]
    degrees = sum(weight for weight, _ in usable)
    return math.sqrt(sum(weight * std**2 for weight, std in usable) / degrees) if degrees else None


def _draw(axes: Axes, report: Report, std: float) -> None:
    plan = report.deciding
    current = max(row.n for row in report.summary_rows)
    seeds = list(range(FEWEST_SEEDS, max(MOST_SEEDS, current + 5) + 1))
    curve = detectable_differences(seeds, std, plan.alpha / max(len(report.comparison_rows), 1)).tolist()
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
    appearances = style.appearances(list(report.labels), plan.baseline)
    for row in report.comparison_rows:
        # A difference above the whole curve is within reach of any number of seeds; it would only flatten the curve.
        if row.difference is not None and abs(row.difference) < top:
            appearance = appearances[row.variant]
            label = style.wrap(f"observed, {report.labels[row.variant]}", 26)
            axes.axhline(
                abs(row.difference), color=appearance.colour, linestyle=appearance.dash, linewidth=2, label=label
            )
    if plan.margin is not None:
        axes.axhline(plan.margin, color=style.INK, linestyle="--", linewidth=1.2, label="margin")
    axes.set_xlabel("Seeds per variant")
    axes.set_ylabel(f"Detectable difference\nin {style.wrap(report.metric, 34)}")
    axes.set_xlim(seeds[0] - 0.5, seeds[-1])
    axes.set_ylim(0, top)
