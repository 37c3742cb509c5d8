"""The figure of learning curves: a line per variant and epoch, with a band for the spread between seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seedwise.plan import Plan
from seedwise.report.figures import style
from seedwise.runs.history import read_history_of_runs

HEIGHT = 3.0  # of each panel
MOST_BANDS = 6  # more would hide each other

Histories = Mapping[str, Sequence[pd.DataFrame]]


def read_histories(runs: pd.DataFrame, folder: Path) -> dict[str, list[pd.DataFrame]]:
    """Read history.csv of every run in `runs`, by variant; runs that left none are passed over."""
    found: dict[str, list[pd.DataFrame]] = {str(variant): [] for variant in runs["variant"].unique()}
    for (variant, _), history in read_history_of_runs(runs, folder).items():
        found[variant].append(history)
    return found


def plot_curves(histories: Histories, labels: Mapping[str, str], plan: Plan, path_png: Path, path_svg: Path) -> None:
    """The compared metric on the validation images, and the training loss, by epoch."""
    metric = "validation_accuracy" if plan.metric.endswith("_accuracy") else "validation_loss"
    panels = {metric: metric.replace("_", " ").capitalize(), "train_loss": "Training loss"}
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, HEIGHT * len(panels) + 0.9), layout="constrained")
        axes = figure.subplots(len(panels), 1, sharex=True)
        for panel, (column, name) in zip(axes, panels.items(), strict=True):
            _draw(panel, column, histories, labels, plan)
            panel.set_ylabel(name)
        figure.align_ylabels(axes)
        axes[-1].set_xlabel("Epoch")
        axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        handles, names = axes[0].get_legend_handles_labels()
        if handles:
            style.legend_above(figure, handles, names)
        else:
            axes[0].text(0.5, 0.5, "No run left a history", ha="center", va="center", transform=axes[0].transAxes)
        style.save(figure, path_png, path_svg)


def _draw(axes: Axes, column: str, histories: Histories, labels: Mapping[str, str], plan: Plan) -> None:
    appearance = style.appearances(list(labels), plan.baseline)
    for variant, label in labels.items():
        epochs, mean, std = course(histories.get(variant, ()), column)
        if not len(epochs):
            continue
        look = appearance[variant]
        axes.plot(
            epochs,
            mean,
            marker="o" if len(epochs) == 1 else None,
            color=look.colour,
            linestyle=look.line,
            linewidth=2,
            label=style.wrap(label, 28),
        )
        if len(labels) <= MOST_BANDS:
            axes.fill_between(epochs, mean - std, mean + std, color=look.colour, alpha=0.25, linewidth=0)


def course(histories: Iterable[pd.DataFrame], column: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Epochs, and the mean and standard deviation over the runs that reached each with a finite value."""
    values = [history.set_index("epoch")[column] for history in histories if column in history]
    if not values:
        return (np.empty(0),) * 3
    by_epoch = pd.concat(values, axis=1).replace([np.inf, -np.inf], np.nan).sort_index().dropna(how="all")
    return by_epoch.index.to_numpy(), by_epoch.mean(axis=1).to_numpy(), by_epoch.std(axis=1).fillna(0).to_numpy()
