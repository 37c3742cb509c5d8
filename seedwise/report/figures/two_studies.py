"""The figure of two studies: for every variant that both have, its difference from the baseline in each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from seedwise.plan import Plan
from seedwise.report.figures import style
from seedwise.report.rows import ComparisonRow
from seedwise.report.two_studies import SideBySide
from seedwise.runs.metrics import metric_label

OFFSET = 0.16  # of a study's line above or below the row
MARKERS = "os"


def plot_two_studies(rows: Sequence[SideBySide], names: tuple[str, str], plan: Plan, png: Path, svg: Path) -> None:
    """Draw a forest plot with two lines per variant, the first study above; `plan` names metric and baseline."""
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, 1.3 * style.ROW_HEIGHT * len(rows) + 1.9), layout="constrained")
        axes = figure.add_subplot()
        axes.axvline(0, color=style.INK, linewidth=1, zorder=1)
        for y, row in enumerate(rows):
            for study, comparison in enumerate((row.first, row.second)):
                _draw(axes, y + OFFSET * (2 * study - 1), comparison, study)
        axes.set_yticks(range(len(rows)), [style.wrap(row.variant, 22) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            f"Difference from {style.wrap(plan.baseline, 30)}\nin {metric_label(plan.metric)} (positive is better)"
        )
        handles = [
            Line2D([], [], color=colour, marker=marker, linewidth=4, markeredgecolor=style.INK, markersize=8)
            for colour, marker in zip(style.COLOURS, MARKERS, strict=False)
        ]
        style.legend_above(figure, handles, [style.wrap(name, 28) for name in names])
        style.save(figure, png, svg)


def _draw(axes: Axes, y: float, row: ComparisonRow, study: int) -> None:
    if row.difference is None:
        axes.text(0.02, y, "undefined", transform=axes.get_yaxis_transform(), va="center", style="italic")
        return
    colour = style.COLOURS[study]
    if row.ci_low is not None and row.ci_high is not None:
        axes.hlines(y, row.ci_low, row.ci_high, color=colour, linewidth=4, zorder=3)
    axes.plot([row.difference], [y], MARKERS[study], color=colour, markeredgecolor=style.INK, markersize=8, zorder=4)
