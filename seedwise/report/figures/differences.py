"""The figure of differences: a forest plot of every variant against the baseline."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.report.rows import ComparisonRow
from seedwise.report.text.format import percent


def plot_differences(report: Report, png: Path, svg: Path) -> None:
    """Draw a row per variant: its difference from the baseline, its interval and the simultaneous one."""
    rows, labels, plan = report.comparison_rows, report.labels, report.deciding
    with mpl.rc_context(style.RC):
        many = report.has_many_variants
        names = [style.wrap(labels[row.variant], *((26, 1) if many else (22,))) for row in rows]
        row_height = style.ROW_HEIGHT + (0.15 if any(name.count("\n") > 1 for name in names) else 0)
        height = (style.NARROW_ROW if many else row_height) * max(len(rows), 1) + 1.9
        figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        appearances = style.appearances(list(labels), plan.baseline)
        if plan.within_margin is not None:
            axes.axvspan(*plan.within_margin, color=style.MARGIN_COLOUR, zorder=0)
        axes.axvline(0, color=style.INK, linewidth=1, zorder=1)
        for y, row in enumerate(rows):
            _draw_difference(axes, y, row, appearances[row.variant].colour, thin=_shows_simultaneous(report), many=many)
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))  # signed numbers of four digits are wide
        axes.spines["left"].set_visible(False)
        metric = style.wrap(f"in {report.metric} (positive is better)", 60)
        axes.set_xlabel(f"Difference from {style.wrap(labels[plan.baseline], 30)}\n{metric}")
        _legend(figure, report)
        style.save(figure, png, svg)


def _shows_simultaneous(report: Report) -> bool:
    """Whether the simultaneous interval says more than the plain one; Dunnett's plain interval is simultaneous."""
    rows = report.comparison_rows
    return (
        len(rows) > 1 and report.plan.variance == "separate" and any(row.simultaneous_low is not None for row in rows)
    )


def _draw_difference(axes: Axes, y: int, row: ComparisonRow, colour: str, *, thin: bool, many: bool) -> None:
    if row.difference is None:
        axes.text(0.02, y, "undefined", transform=axes.get_yaxis_transform(), va="center", style="italic")
        return
    if thin and row.simultaneous_low is not None and row.simultaneous_high is not None:
        axes.hlines(y, row.simultaneous_low, row.simultaneous_high, color=style.INK, linewidth=1, zorder=2)
    if row.ci_low is not None and row.ci_high is not None:
        axes.hlines(y, row.ci_low, row.ci_high, color=colour, linewidth=3 if many else 5, zorder=3)
    axes.plot(
        [row.difference], [y], "o", color=colour, markeredgecolor=style.INK, markersize=6 if many else 9, zorder=4
    )


def _legend(figure: Figure, report: Report) -> None:
    handles: list[Line2D | Patch] = [Line2D([], [], color="#777777", linewidth=5)]
    names = [f"{percent(report.deciding.confidence)} CI"]
    if _shows_simultaneous(report):
        handles.append(Line2D([], [], color=style.INK, linewidth=1))
        names.append("simultaneous CI")
    if report.plan.margin is not None:
        handles.append(Patch(color=style.MARGIN_COLOUR))
        names.append(f"margin {report.wording.span}")
    figure.legend(handles, names, loc="outside upper center", ncols=3, columnspacing=1.2)
