"""The figure of means of many variants: a row for each, with every run as a small dot."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seedwise.basics.words import capital
from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.report.rows import SummaryRow
from seedwise.report.text.format import percent


def plot_means_in_rows(report: Report, png: Path, svg: Path) -> None:
    """Draw a row per variant, in the order of the study: its mean, the t interval and its runs."""
    rows, labels = report.summary_rows, report.labels
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, style.NARROW_ROW * len(rows) + 1.9), layout="constrained")
        axes = figure.add_subplot()
        appearances = style.appearances([row.variant for row in rows], report.plan.baseline)
        baseline = next((row.mean for row in rows if row.variant == report.plan.baseline), None)
        if baseline is not None:
            axes.axvline(baseline, color=style.INK, linewidth=1, zorder=1)
        for y, row in enumerate(rows):
            _draw(axes, y, row, appearances[row.variant].colour)
        axes.set_yticks(range(len(rows)), [style.wrap(labels[row.variant], 26, 1) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"{style.wrap(capital(report.metric), 50)}\n({report.wording.direction})")
        _legend(figure, report)
        style.save(figure, png, svg)


def _draw(axes: Axes, y: int, row: SummaryRow, colour: str) -> None:
    if row.n_diverged:
        axes.plot([0.0], [y], "x", color=style.INK, transform=axes.get_yaxis_transform(), clip_on=False, zorder=5)
    axes.plot(row.values, [y] * len(row.values), "o", color=colour, markersize=3, alpha=0.5, linewidth=0, zorder=2)
    if row.mean is None:
        return
    if row.std and row.t_low is not None and row.t_high is not None:  # without a spread there is no interval
        axes.hlines(y, row.t_low, row.t_high, color=style.INK, linewidth=1.8, zorder=3)
    axes.plot([row.mean], [y], "o", color=colour, markeredgecolor=style.INK, markersize=7, zorder=4)


def _legend(figure: Figure, report: Report) -> None:
    dot = Line2D([], [], marker="o", linestyle="", color="#777777", markersize=3)
    mean = Line2D([], [], marker="o", linestyle="", color="white", markeredgecolor=style.INK, markersize=7)
    line = Line2D([], [], color=style.INK, linewidth=1.8)
    handles, names = [dot, mean], ["one run", "mean"]
    if any(row.std and row.t_low is not None for row in report.summary_rows):
        handles.append(line)
        names.append(f"{percent(report.plan.confidence)} t interval")
    if any(row.n_diverged for row in report.summary_rows):
        handles.append(Line2D([], [], marker="x", linestyle="", color=style.INK))
        names.append("diverged runs")
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), columnspacing=1.2)
