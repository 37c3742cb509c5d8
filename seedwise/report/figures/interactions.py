"""The figure of interactions: a panel per pair of factors, a line per level of the second."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seedwise.basics.words import capital
from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.report.rows import SummaryRow

DODGE = 0.04  # so that error bars of two lines do not hide each other
MARKERS = "osD^v"


def plot_interactions(report: Report, png: Path, svg: Path) -> None:
    """Draw the means of all combinations, averaged over the factors that a panel does not show, ± a standard error."""
    rows = {row.variant: row for row in report.summary_rows}
    factors: Mapping[str, Sequence[str]] = report.design["factors"]
    found = {tuple(cell): rows[variant] for variant, cell in report.design["cells"].items()}
    pairs = list(itertools.combinations(range(len(factors)), 2))
    with mpl.rc_context(style.RC):
        columns = min(len(pairs), 3)
        lines = -(-len(pairs) // columns)
        figure = Figure(figsize=(style.WIDTH * max(1, 0.75 * columns), style.HEIGHT * lines), layout="constrained")
        panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
        for axes, pair in zip(panels, pairs, strict=False):
            _draw(axes, list(factors.items()), pair, found)
        for axes in panels[len(pairs) :]:
            axes.set_axis_off()
        for axes in panels[::columns]:
            axes.set_ylabel(style.wrap(capital(report.metric), 34))
        style.save(figure, png, svg)


def _draw(
    axes: Axes,
    factors: Sequence[tuple[str, Sequence[str]]],
    pair: tuple[int, int],
    found: Mapping[tuple[str, ...], SummaryRow],
) -> None:
    (across, levels), (by, others) = (factors[index] for index in pair)
    for position, other in enumerate(others):
        points = [
            _mean([row for cell, row in found.items() if (cell[pair[0]], cell[pair[1]]) == (level, other)])
            for level in levels
        ]
        offset = DODGE * (position - (len(others) - 1) / 2)
        axes.errorbar(
            np.arange(len(levels)) + offset,
            [mean for mean, _ in points],
            [error for _, error in points],
            color=style.COLOURS[position % len(style.COLOURS)],
            marker=MARKERS[position % len(MARKERS)],
            linestyle=["-", *style.DASHES][position % (1 + len(style.DASHES))],
            markersize=8,
            linewidth=2,
            capsize=4,
            label=style.wrap(other, 18),
        )
    axes.set_xticks(range(len(levels)), [style.wrap(level, 14) for level in levels])
    axes.set_xlim(-0.4, len(levels) - 0.6)
    axes.set_xlabel(style.wrap(across, 30))
    axes.legend(title=style.wrap(by, 24), loc="best")


def _mean(rows: Sequence[SummaryRow]) -> tuple[float, float]:
    """Mean of several cells' means and its standard error; NaN, which is not drawn, where one has none."""
    means = [np.nan if row.mean is None else row.mean for row in rows]
    errors = [np.nan if row.std is None else row.std / row.n**0.5 for row in rows]
    return float(np.mean(means)), float(np.sqrt(np.sum(np.square(errors))) / len(rows))
