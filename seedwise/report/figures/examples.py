"""The figures of an evaluation: means, differences, and how many examples each variant wins and loses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from seedwise.analysis.example_findings import ALL_DATASETS
from seedwise.basics.words import capital
from seedwise.report.examples import ExamplesReport
from seedwise.report.figures import style
from seedwise.report.text.format import percent

WRAP = 24
LEAST_SHARE = 0.06
"""A part of a bar that is as wide as this has room for its number."""
PARTS = (("better", "#009E73"), ("equal", "#DDDDDD"), ("worse", "#D55E00"))


def plot_means(report: ExamplesReport, png: Path, svg: Path) -> None:
    """Draw a row for each variant, and dataset: its mean with the interval for new examples."""
    rows = [row for row in report.summaries if row.mean is not None]
    colours = _colours(report)
    with mpl.rc_context(style.RC):
        figure, axes = _rows([_label(row.variant, row.dataset, report) for row in rows])
        for y, row in enumerate(rows):
            if row.ci_low is not None and row.ci_high is not None:
                axes.hlines(y, row.ci_low, row.ci_high, color=colours[row.variant], linewidth=5, zorder=3)
            _dot(axes, row.mean or 0.0, y, colours[row.variant])
        axes.set_xlabel(f"{style.wrap(capital(report.metric), 50)} ({report.direction})")
        thick = Line2D([], [], color="#777777", linewidth=5)
        style.legend_above(figure, [thick], [f"{percent(report.plan.confidence)} CI for new examples"])
        style.save(figure, png, svg)


def plot_differences(report: ExamplesReport, png: Path, svg: Path) -> None:
    """Draw a row for each comparison: its difference, its interval for new examples and the simultaneous one."""
    rows, plan, colours = report.analysis.comparisons, report.plan, _colours(report)
    together = len(rows) > 1
    with mpl.rc_context(style.RC):
        figure, axes = _rows([_label(row.variant, row.dataset, report) for row in rows])
        if plan.within_margin is not None:
            axes.axvspan(*plan.within_margin, color=style.MARGIN_COLOUR, zorder=0)
        axes.axvline(0, color=style.INK, linewidth=1, zorder=1)
        for y, row in enumerate(rows):
            if row.difference is None:
                axes.text(0.02, y, "undefined", transform=axes.get_yaxis_transform(), va="center", style="italic")
                continue
            if together and row.simultaneous_low is not None and row.simultaneous_high is not None:
                axes.hlines(y, row.simultaneous_low, row.simultaneous_high, color=style.INK, linewidth=1, zorder=2)
            if row.ci_low is not None and row.ci_high is not None:
                axes.hlines(y, row.ci_low, row.ci_high, color=colours[row.variant], linewidth=5, zorder=3)
            _dot(axes, row.difference, y, colours[row.variant])
        metric = style.wrap(f"in {report.metric} (positive is better)", 60)
        axes.set_xlabel(f"Difference from {style.wrap(plan.baseline, 30)}\n{metric}")
        handles: list[Line2D | Patch] = [Line2D([], [], color="#777777", linewidth=5)]
        names = [f"{percent(plan.confidence)} CI for new examples"]
        if together:
            handles.append(Line2D([], [], color=style.INK, linewidth=1))
            names.append("simultaneous CI")
        if plan.margin is not None:
            handles.append(Patch(color=style.MARGIN_COLOUR))
            one_sided = plan.non_inferiority_margin is not None
            span = (
                f"from {report.digits.number(-plan.margin)} to 0"
                if one_sided
                else f"±{report.digits.number(plan.margin)}"
            )
            names.append(f"margin {span}")
        style.legend_above(figure, handles, names)
        style.save(figure, png, svg)


def plot_wins(report: ExamplesReport, png: Path, svg: Path) -> None:
    """Draw a bar for each comparison: the shares of examples on which the variant is better, equal and worse."""
    rows = [row for row in report.analysis.comparisons if row.n_examples]
    with mpl.rc_context(style.RC):
        figure, axes = _rows([_label(row.variant, row.dataset, report) for row in rows])
        for y, row in enumerate(rows):
            start = 0.0
            for count, (_, colour) in zip((row.wins, row.ties, row.losses), PARTS, strict=True):
                share = count / row.n_examples
                axes.barh(y, share, 0.7, left=start, color=colour, edgecolor=style.INK, linewidth=0.6)
                if share >= LEAST_SHARE:
                    axes.text(start + share / 2, y, str(count), ha="center", va="center", fontsize=style.NOTE_SIZE)
                start += share
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel(f"Examples, by comparison with {style.wrap(report.plan.baseline, 30)}")
        handles = [Patch(facecolor=colour, edgecolor=style.INK, linewidth=0.6) for _, colour in PARTS]
        style.legend_above(figure, handles, [name for name, _ in PARTS], columns=3)
        style.save(figure, png, svg)


EXAMPLE_FIGURES: Mapping[str, Callable[[ExamplesReport, Path, Path], None]] = {
    "means": plot_means,
    "differences": plot_differences,
    "wins": plot_wins,
}
"""Each draws a figure of an evaluation's report as PNG and as SVG."""


def _rows(labels: Sequence[str]) -> tuple[Figure, Axes]:
    """A figure with a row for each label, the first on top."""
    lines = sum(max(1.0, 0.62 * (label.count("\n") + 1)) for label in labels)
    figure = Figure(figsize=(style.WIDTH, style.ROW_HEIGHT * lines + 1.9), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
    axes.spines["left"].set_visible(False)
    return figure, axes


def _dot(axes: Axes, x: float, y: int, colour: str) -> None:
    axes.plot([x], [y], "o", color=colour, markeredgecolor=style.INK, markersize=9, zorder=4)


def _colours(report: ExamplesReport) -> dict[str, str]:
    found = style.appearances(report.analysis.variants, report.plan.baseline)
    return {name: appearance.colour for name, appearance in found.items()}


def _label(variant: str, dataset: str, report: ExamplesReport) -> str:
    wrapped = style.wrap(variant, WRAP)
    if len(report.datasets) <= 1:
        return wrapped
    return f"{wrapped}\n{style.wrap(dataset if dataset != ALL_DATASETS else 'all', WRAP)}"
