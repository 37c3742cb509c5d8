"""The figure of pairs: for every variant a panel in which a line joins the two runs of each seed."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seedwise.basics.words import capital, quantity
from seedwise.plan import Plan
from seedwise.report.figures import style
from seedwise.report.model import Report

COLUMNS = 4
TITLE_WIDTH = 17  # characters over each of four panels
PANEL_WIDTH, PANEL_HEIGHT = 2.1, 3.1
Segments = tuple[list[float], list[float]]


def shared_seeds(runs: pd.DataFrame, plan: Plan) -> dict[str, pd.DataFrame]:
    """By variant, the metric of the baseline (`baseline`) and of the variant (`variant`) for the seeds of both."""
    finished = runs.loc[runs["status"] == "finished"] if "status" in runs else runs
    table = finished.dropna(subset=[plan.metric]).pivot_table(plan.metric, "seed", "variant", sort=False)
    if plan.baseline not in table:
        return {}
    return {
        str(name): pd.DataFrame({"baseline": table[plan.baseline], "variant": table[name]}).dropna()
        for name in table
        if name != plan.baseline
    }


def plot_pairing(report: Report, png: Path, svg: Path) -> None:
    """Draw every seed's run of the baseline beside its run of each variant."""
    labels, plan = report.labels, report.plan
    pairs = shared_seeds(report.runs, plan)
    others = report.variants_with_panels
    columns = max(1, min(COLUMNS, len(others)))
    lines = max(1, -(-len(others) // columns))
    with mpl.rc_context(style.RC):
        width = max(style.WIDTH, PANEL_WIDTH * columns + 1)
        figure = Figure(figsize=(width, PANEL_HEIGHT * lines + 1.1), layout="constrained")
        panels = figure.subplots(lines, columns, squeeze=False, sharey=True, sharex=True).ravel()
        appearances = style.appearances(list(labels), plan.baseline)
        for axes, name in zip(panels, others, strict=False):
            _draw(axes, pairs.get(name, pd.DataFrame()), appearances[name].colour, plan)
            axes.set_title(style.wrap(labels[name], TITLE_WIDTH * COLUMNS // columns), fontsize=style.NOTE_SIZE)
        for axes in panels[len(others) :]:
            axes.set_axis_off()
        if all(pair.empty for pair in pairs.values()):
            panels[0].set_yticks([])
        figure.supylabel(style.wrap(f"{capital(report.metric)} ({report.wording.direction})", 44), fontsize=13)
        baseline = labels[plan.baseline]
        if baseline.casefold() != "baseline":  # the axis calls it that already
            figure.supxlabel(f"baseline: {style.wrap(baseline, 50)}", fontsize=13)
        handles = [
            Line2D([], [], color="#777777", linewidth=1.6),
            Line2D([], [], color="#777777", linewidth=1.6, linestyle="--"),
            Line2D([], [], color=style.INK, linewidth=3),
        ]
        style.legend_above(figure, handles, ["better", "not better", "means of these seeds"], columns=3)
        style.save(figure, png, svg)


def _segments(pairs: pd.DataFrame) -> Segments:
    """The ends of lines as one line with gaps, which is drawn much faster than many."""
    gaps = [math.nan] * len(pairs)
    heights = zip(pairs["baseline"], pairs["variant"], gaps, strict=True)
    return [0.0, 1.0, math.nan] * len(pairs), [height for ends in heights for height in ends]


def _draw(axes: Axes, pairs: pd.DataFrame, colour: str, plan: Plan) -> None:
    axes.set_xticks([0, 1], ["baseline", "variant"])
    axes.set_xlim(-0.35, 1.35)
    if pairs.empty:
        axes.text(0.5, 0.5, "no seed\nin common", ha="center", va="center", transform=axes.transAxes, style="italic")
        return
    sign = 1 if plan.higher_is_better else -1
    better = sign * (pairs["variant"] - pairs["baseline"]) > 0
    points = len(pairs)
    for improved, line in ((better, "-"), (~better, "--")):
        axes.plot(
            *_segments(pairs.loc[improved]),
            line,
            color=colour,
            linewidth=1.6,
            marker="o",
            markeredgecolor=style.INK,
            markersize=6 if points <= 10 else 4,
        )
    if points > 1:
        axes.plot([0, 1], pairs.mean(), color=style.INK, linewidth=3, zorder=5)
    axes.annotate(
        f"better in {int(better.sum())} of {quantity(points, 'seed')}",
        (0.5, 0.0),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=10,
    )
    low, high = float(pairs.min().min()), float(pairs.max().max())
    axes.margins(y=0.12)
    axes.update_datalim([(0, low - 0.12 * (high - low))])  # room for the count
