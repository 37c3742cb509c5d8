"""The figure of learning curves: a line per variant over the steps of its runs, with a band for the spread of seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seedwise.basics.words import capital
from seedwise.report.curves import panel_columns, step_column
from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.runs.metrics import metric_label

HEIGHT = 3.0  # of each panel
MOST_BANDS = 6  # more would hide each other


def plot_curves(report: Report, png: Path, svg: Path) -> None:
    """Draw the columns of the histories that are nearest to the compared metric, by step."""
    by_variant: dict[str, list[pd.DataFrame]] = {name: [] for name in report.labels}
    lost = {(run.variant, run.seed) for run in report.run_rows if run.lost}
    for (variant, seed), history in report.histories.items():
        if (variant, seed) not in lost:
            by_variant[variant].append(history)
    panels = panel_columns(report.histories.values(), report.panels)
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, HEIGHT * max(len(panels), 1) + 0.9), layout="constrained")
        axes = figure.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False).ravel()
        for panel, column in zip(axes, panels, strict=False):
            _draw(panel, column, by_variant, report)
            panel.set_ylabel(capital(metric_label(column)))
        figure.align_ylabels(axes)
        axes[-1].set_xlabel(capital(metric_label(_step(report))))
        axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        handles, names = axes[0].get_legend_handles_labels()
        if handles:
            style.legend_above(figure, handles, names)
        else:
            missing = "No run left a history" if not report.histories else "No run with a history has a result"
            axes[0].text(0.5, 0.5, missing, ha="center", va="center", transform=axes[0].transAxes)
        style.save(figure, png, svg)


def _step(report: Report) -> str:
    return next((step_column(history) for history in report.histories.values()), report.step)


def _draw(axes: Axes, column: str, by_variant: Mapping[str, Sequence[pd.DataFrame]], report: Report) -> None:
    appearances = style.appearances(list(report.labels), report.plan.baseline)
    for variant, label in report.labels.items():
        steps, mean, std = mean_curve(by_variant[variant], column)
        if not len(steps):
            continue
        appearance = appearances[variant]
        axes.plot(
            steps,
            mean,
            marker="o" if len(steps) == 1 else None,
            color=appearance.colour,
            linestyle=appearance.line,
            linewidth=2,
            label=style.wrap(label, 28),
        )
        if len(report.labels) <= MOST_BANDS:
            axes.fill_between(steps, mean - std, mean + std, color=appearance.colour, alpha=0.25, linewidth=0)


def mean_curve(histories: Iterable[pd.DataFrame], column: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps, and the mean and standard deviation over the runs that reached each with a finite value."""
    values = [history.set_index(step_column(history))[column] for history in histories if column in history]
    if not values:
        return (np.empty(0),) * 3
    by_step = pd.concat(values, axis=1).replace([np.inf, -np.inf], np.nan).sort_index().dropna(how="all")
    return by_step.index.to_numpy(), by_step.mean(axis=1).to_numpy(), by_step.std(axis=1).fillna(0).to_numpy()
