"""Figure of a learning-rate range test: the loss against the rate, with the suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from seedwise.report.figures import style

MARKERS = {"valley": "o", "steep": "s", "minimum": "^"}


def plot_lr_finder(test: Mapping[str, Any], title: str, png: Path, svg: Path) -> None:
    """Plot a range test.

    Args:
        test: `learning_rates` and `losses` (n,), and `suggestions` by name.
        title: of the figure.
        png: where the PNG goes.
        svg: where the SVG goes.
    """
    rates, losses = np.asarray(test["learning_rates"]), np.asarray(test["losses"])
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, style.HEIGHT), layout="constrained")
        axes = figure.subplots()
        axes.plot(rates, losses, color=style.INK, linewidth=1.5)
        for (name, rate), colour in zip(test["suggestions"].items(), style.COLOURS, strict=False):
            loss = float(np.interp(np.log(rate), np.log(rates), losses))
            axes.plot(rate, loss, MARKERS[name], color=colour, markersize=9, label=f"{name} {rate:.2g}")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xticks([10.0**power for power in range(-7, 2, 2)])
        # The explosion at the end must not flatten what leads to it.
        span = max(losses[0] - losses.min(), 1e-3)
        axes.set_ylim(losses.min() - 0.1 * span, min(losses.max(), losses[0] + 0.5 * span) + 0.05 * span)
        axes.set_xlabel("Learning rate")
        axes.set_ylabel("Training loss, smoothed")
        axes.set_title(style.wrap(title, 60), loc="left", fontsize=13)
        axes.legend(loc="lower left")
        style.save(figure, png, svg)
