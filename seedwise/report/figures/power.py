"""The figure of power: the smallest difference that a number of seeds detects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedwise.basics.words import quantity
from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.statistics.analysis import detectable_by_variant

FEWEST_SEEDS, MOST_SEEDS = 3, 30  # of the curves
SAME = 0.01  # relative difference that nobody sees

Curves = Mapping[str, NDArray[np.float64]]
"""Detectable differences by number of seeds, of each variant."""


def plot_power(report: Report, png: Path, svg: Path) -> None:
    """Draw the smallest difference that is detected 80% of the time, by seeds per variant.

    Variants that scatter differently have a curve each, as they have a detectable difference each in the text.
    """
    most = max((max(row.n, row.n_baseline) for row in report.comparison_rows), default=0)
    seeds = range(FEWEST_SEEDS, max(MOST_SEEDS, most + 5) + 1)
    curves = detectable_by_variant(report.runs, report.deciding, seeds, list(report.labels), family=report.family)
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, style.HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        if not curves:
            axes.text(
                0.5, 0.5, "No spread between seeds to plan with", ha="center", va="center", transform=axes.transAxes
            )
            axes.set_axis_off()
        else:
            handles = _draw(axes, report, seeds, curves)
            if handles:
                figure.set_figheight(style.HEIGHT + 0.35)
                style.legend_above(figure, handles, [str(handle.get_label()) for handle in handles])
        style.save(figure, png, svg)


def _draw(axes: Axes, report: Report, seeds: Sequence[int], curves: Curves) -> list[Artist]:
    """Draw everything; return what the legend explains."""
    margin = report.deciding.margin
    together = _agree(list(curves.values()))
    appearances = style.appearances(list(report.labels), report.plan.baseline)
    for name, curve in list(curves.items())[: 1 if together else None]:
        look = appearances[name]
        axes.plot(seeds, curve, "-" if together else look.line, color=style.INK if together else look.colour, lw=2)
    dots = [
        (row.n, row.detectable_difference, style.INK if together else appearances[row.variant].colour)
        for row in report.comparison_rows
        if row.detectable_difference is not None
    ]
    for n, difference, colour in dots:
        axes.plot([n], [difference], "o", color=colour, markeredgecolor=style.INK, markersize=9)
    _name_dots(axes, [(difference, n) for n, difference, _ in dots], seeds[-1])
    # A difference above all curves is within reach of any number of seeds; it would only flatten the curves.
    top = 1.1 * max(*(float(curve[0]) for curve in curves.values()), margin or 0.0)
    handles: list[Artist] = []
    named = not report.has_many_variants  # a legend of many is taller than the figure
    for row in report.comparison_rows:
        look = appearances[row.variant]
        seen = row.difference is not None and abs(row.difference) < top
        if seen and row.difference is not None:
            axes.axhline(abs(row.difference), color=look.colour, linestyle=look.dash, linewidth=2)
        label = report.labels[row.variant]
        if named and together and seen:
            name = style.wrap(f"observed, {label}", 26)
            handles.extend(axes.plot([], [], color=look.colour, linestyle=look.dash, linewidth=2, label=name))
        elif named and not together and (seen or row.variant in curves):
            handles.extend(axes.plot([], [], color=look.colour, linestyle=look.line, lw=2, label=style.wrap(label, 26)))
    if not together:
        handles.extend(axes.plot([], [], color=style.INK, linestyle=":", linewidth=2, label="observed"))
    if margin is not None:
        handles.append(axes.axhline(margin, color=style.INK, linestyle="--", linewidth=1.2, label="margin"))
    axes.set_xlabel("Seeds per variant")
    axes.set_ylabel(f"Detectable difference\nin {style.wrap(report.metric, 34)}")
    axes.set_xlim(seeds[0] - 0.5, seeds[-1])
    axes.set_ylim(0, top)
    return handles


def _agree(curves: Sequence[NDArray[np.float64]]) -> bool:
    """Whether curves look like one."""
    return bool(np.all(np.ptp(curves, axis=0) <= SAME * np.min(curves, axis=0)))


def _name_dots(axes: Axes, dots: Sequence[tuple[float, int]], last: int) -> None:
    """Say beside the highest dot, or near the right edge below the lowest one, that the dots are this study."""
    if not dots:
        return
    few, many = min(n for _, n in dots), max(n for _, n in dots)
    number = quantity(many, "seed") if few == many else f"{few} to {many} seeds"
    near_right_edge = many > last / 2
    difference, n = min(dots) if near_right_edge else max(dots)
    axes.annotate(
        f"this study: {number}",
        (n, difference),
        (0, -10) if near_right_edge else (10, 10),
        textcoords="offset points",
        ha="right" if near_right_edge else "left",
        va="top" if near_right_edge else "bottom",
        bbox={"facecolor": "white", "edgecolor": "white", "pad": 1},
    )
