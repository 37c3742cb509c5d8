"""The figure of means: bars with error bars, the percentile bootstrap interval and every run as a dot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as MarkerPath

from seedwise.basics.words import capital
from seedwise.report.figures import style
from seedwise.report.figures.means_in_rows import plot_means_in_rows
from seedwise.report.model import Report
from seedwise.report.rows import SummaryRow
from seedwise.report.text.format import percent

BAR_WIDTH = 0.8
DOTS = (-0.33, -0.09)  # positions of the seeds of a bar; the error bar is at 0, the bracket to the right of it
BRACKET = 0.2
MOST_UPRIGHT_LABELS = 4
UPRIGHT_CHARACTERS = 52  # that fit side by side under the bars
TILTED_WRAP, TILTED_LINES = 26, 2  # a third line would run into the next label
TILT: dict[str, Any] = {"rotation": 60, "ha": "right", "va": "top", "rotation_mode": "anchor"}
BRACKET_MARKER = MarkerStyle(MarkerPath([(-0.6, 1), (0, 1), (0, -1), (-0.6, -1)]), fillstyle="none")


def plot_means(report: Report, png: Path, svg: Path) -> None:
    """Draw bars of the means with t and bootstrap intervals and a dot per run; diverged runs are marked.

    Many variants have a narrow row each instead.
    """
    if report.has_many_variants:
        plot_means_in_rows(report, png, svg)
        return
    rows = report.summary_rows
    with mpl.rc_context(style.RC):
        tilted = len(rows) > MOST_UPRIGHT_LABELS
        width = max(style.WIDTH, style.WIDTH_PER_VARIANT * len(rows) + 1.2)
        figure = Figure(figsize=(width, style.HEIGHT + (1.4 if tilted else 0.4)), layout="constrained")
        axes = figure.add_subplot()
        appearances = style.appearances([row.variant for row in rows], report.plan.baseline)
        start = bar_start(rows)
        for x, row in enumerate(rows):
            _draw_variant(axes, x, row, appearances[row.variant], start)
        edge = 0.6 + max(0, 3 - len(rows)) / 2  # one or two bars keep the width they have among three
        axes.set_xlim(-edge, len(rows) - 1 + edge)
        wrap = TILTED_WRAP if tilted else UPRIGHT_CHARACTERS // max(len(rows), 3)
        most = TILTED_LINES if tilted else style.MOST_LINES
        totals = Counter(run.variant for run in report.run_rows)
        texts = [
            _tick_label(row, style.wrap(report.labels[row.variant], wrap, most), totals[row.variant], wrap)
            for row in rows
        ]
        axes.set_xticks(range(len(rows)), texts, **(TILT if tilted else {}))
        axes.tick_params(axis="x", length=0)
        _label_metric_axis(axes, report, start)
        _legend(figure, report)
        style.save(figure, png, svg)


def _draw_variant(axes: Axes, x: int, row: SummaryRow, appearance: style.Appearance, start: float) -> None:
    if row.n_diverged:
        axes.plot(
            [x],
            [0.035],
            "x",
            color=style.INK,
            markersize=9,
            markeredgewidth=2,
            transform=axes.get_xaxis_transform(),
            zorder=5,
            clip_on=False,
        )
    if row.mean is None:
        return
    axes.bar(
        x,
        row.mean - start,
        BAR_WIDTH,
        bottom=start,
        color=appearance.colour,
        alpha=0.55,
        hatch=appearance.hatch,
        edgecolor=appearance.colour if not appearance.hatch else style.INK,
        linewidth=0,
        zorder=1,
    )
    axes.hlines(row.mean, x - BAR_WIDTH / 2, x + BAR_WIDTH / 2, color=style.INK, linewidth=1.8, zorder=2)
    if row.std and row.t_low is not None and row.t_high is not None:  # without a spread there is no interval
        axes.vlines(x, row.t_low, row.t_high, color=style.INK, linewidth=1.8, zorder=3)
        axes.hlines([row.t_low, row.t_high], x - 0.07, x + 0.07, color=style.INK, linewidth=1.8, zorder=3)
    if row.std and row.ci_low is not None and row.ci_high is not None:
        axes.vlines(x + BRACKET, row.ci_low, row.ci_high, color=style.INK, linewidth=0.9, zorder=3)
        axes.hlines(
            [row.ci_low, row.ci_high], x + BRACKET - 0.07, x + BRACKET, color=style.INK, linewidth=0.9, zorder=3
        )
    offsets = np.linspace(*DOTS, len(row.values)) if len(row.values) > 1 else [sum(DOTS) / 2]
    axes.scatter(
        [x + offset for offset in offsets],
        row.values,
        s=34 if row.n <= 10 else 20,
        color=appearance.colour,
        edgecolors=style.INK,
        linewidths=0.8,
        zorder=4,
    )


def _extent(rows: Sequence[SummaryRow]) -> tuple[float, float] | None:
    """Smallest and largest value that the figure of means shows."""
    shown = [
        value
        for row in rows
        for value in (*row.values, row.mean, row.t_low, row.t_high, row.ci_low, row.ci_high)
        if value is not None
    ]
    return (min(shown), max(shown)) if shown else None


def bar_start(rows: Sequence[SummaryRow]) -> float:
    """Return where bars start: at 0, or closer to the values if these are far from 0 compared with their spread."""
    extent = _extent(rows)
    if extent is None or extent[0] <= 0 <= extent[1]:
        return 0.0
    low, high = extent
    nearest = low if low > 0 else high
    spread = max(high - low, 0.02 * abs(nearest))
    if spread > 0.5 * abs(nearest):
        return 0.0
    # One significant digit finer than the spread gives a start that reads as a round number.
    step = 10.0 ** math.floor(math.log10(spread))
    rounded = math.floor((low - 0.4 * spread) / step) if low > 0 else math.ceil((high + 0.4 * spread) / step)
    return max(0.0, rounded * step) if low > 0 else min(0.0, rounded * step)


def _label_metric_axis(axes: Axes, report: Report, start: float) -> None:
    axes.set_ylabel(f"{style.wrap(capital(report.metric), 34)}\n({report.wording.direction})")
    extent = _extent(report.summary_rows)
    if extent is None:
        axes.set_yticks([])
        return
    low, high = extent
    if low >= 0 or start > 0:
        axes.set_ylim(start, high + 0.06 * max(high - start, 1e-12))
    elif high <= 0:
        axes.set_ylim(low - 0.06 * max(start - low, 1e-12), start)
        axes.spines["bottom"].set_visible(False)
    else:
        pad = 0.06 * (high - low)
        axes.set_ylim(low - pad, high + pad)
        axes.axhline(0, color=style.INK, linewidth=1)
    if start:
        verb = "starts" if start > 0 else "ends"
        axes.set_title(
            f"y axis {verb} at {f'{start:.6g}'.replace('-', '−')}, not at 0", loc="left", fontsize=10, style="italic"
        )


def _tick_label(row: SummaryRow, label: str, total: int, width: int) -> str:
    lines = [label]
    if row.n_diverged:
        lines.append(style.wrap(f"({row.n_diverged} of {total} diverged)", width))
    if row.n_failed:
        lines.append(style.wrap(f"({row.n_failed} of {total} failed)", width))
    return "\n".join(lines)


def _legend(figure: Figure, report: Report) -> None:
    rows, confidence = report.summary_rows, percent(report.plan.confidence)
    sizes = sorted({row.n for row in rows})
    n = f"n = {sizes[0]}" if len(sizes) == 1 else f"n = {sizes[0]} to {sizes[-1]}"
    dot = Line2D([], [], marker="o", linestyle="", color="white", markeredgecolor=style.INK, markersize=6)
    thick = Line2D([], [], marker="|", linestyle="", color=style.INK, markersize=14, markeredgewidth=2)
    thin = Line2D([], [], marker=BRACKET_MARKER, linestyle="", color=style.INK, markersize=13, markeredgewidth=1)
    cross = Line2D([], [], marker="x", linestyle="", color=style.INK, markersize=8, markeredgewidth=2)
    handles, names = [dot], [f"one run ({n})"]
    if any(row.std and row.t_low is not None for row in rows):
        handles += [thick, thin]
        names += [f"{confidence} t interval", f"{confidence} percentile bootstrap"]
    if any(row.n_diverged for row in rows):
        handles.append(cross)
        names.append("diverged runs")
    columns = 3 if len(names) == 3 else 2
    figure.legend(handles, names, loc="outside upper center", ncols=columns, columnspacing=1.0, handletextpad=0.1)
