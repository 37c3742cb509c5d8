"""Figures of the calibration, in the style of the reports."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from benchmarks.calibration.measure import SIZES
from benchmarks.calibration.rules import ALPHA
from benchmarks.calibration.runs import TEST_IMAGES, Pools
from seedwise.report.figures import style

ORDER = (
    "percentile_difference",
    "percentile_overlap",
    "rule_pooled",
    "rule_separate",
    "t_overlap",
    "permutation",
    "pooled_t",
    "paired_t",
    "welch",
    "welch_family",
    "holm_welch",
)
SHORT = {
    "percentile_difference": "bootstrap CI of difference",
    "percentile_overlap": "bootstrap CIs apart",
    "rule_pooled": "> 2·pooled std",
    "rule_separate": "> 2·√(s₁² + s₂²)",
    "t_overlap": "t intervals apart",
    "permutation": "permutation test",
    "pooled_t": "pooled t",
    "paired_t": "paired t",
    "welch": "Welch",
    "welch_family": "Welch, 2 variants, no correction",
    "holm_welch": "Welch, 2 variants, Holm",
}
MARKERS = dict(zip(SIZES, ("o", "s", "D"), strict=True))


def plot_false_claims(measured: pd.DataFrame, stem: Path) -> None:
    """Plot the false-claim rate by rule and number of seeds, with the nominal level of 5 %."""
    rows = measured[(measured["quantity"] == "false_claims") & (measured["setting"] == "one_pool")]
    with mpl.rc_context(style.RC):
        figure, axes = _canvas(len(ORDER))
        axes.axvline(100 * ALPHA, color=style.INK, linewidth=1.2, linestyle="--", zorder=1, label="5 %")
        _dots(axes, rows, ORDER)
        axes.set_xlabel("Studies of identical variants\nin which a difference is claimed (%)")
        axes.set_xlim(left=-0.5)
        _finish(figure, axes, stem)


def plot_power(measured: pd.DataFrame, stem: Path) -> None:
    """Plot the power by rule and number of seeds."""
    rows = measured[(measured["quantity"] == "power") & (measured["setting"] == "effect")]
    rules = [rule for rule in ORDER if rule != "welch_family"]
    with mpl.rc_context(style.RC):
        figure, axes = _canvas(len(rules))
        _dots(axes, rows, rules)
        axes.set_xlabel("Studies of the real effect\nin which it is claimed (%)")
        axes.set_xlim(-2, 102)
        _finish(figure, axes, stem)


def plot_noise(pools: Pools, stem: Path) -> None:
    """Plot both pools against normal quantiles: normal noise would give points on the line."""
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, style.HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        appearances = style.appearances(["baseline", pools.name], "baseline")
        for name, pool, marker in (("baseline", pools.baseline, "o"), (pools.name, pools.variant, "s")):
            scores = np.sort(pool) * 100 / TEST_IMAGES
            expected = stats.norm.ppf((np.arange(len(scores)) + 0.625) / (len(scores) + 0.25))  # Blom 1958
            axes.plot(
                expected, scores.mean() + scores.std(ddof=1) * expected, color=appearances[name].colour, linewidth=1.4
            )
            axes.plot(
                expected, scores, marker, label=f"{name} ({len(scores)} runs)", color=appearances[name].colour,
                markeredgecolor=style.INK, markeredgewidth=0.5, markersize=5,
            )  # fmt: skip
        axes.set_xlabel("Expected of normal noise (standard deviations)")
        axes.set_ylabel("Test accuracy (%)")
        axes.legend(loc="upper left")
        style.save(figure, stem.with_suffix(".png"), stem.with_suffix(".svg"))


def _canvas(rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(style.WIDTH, 1.4 + 0.36 * rows), layout="constrained")
    return figure, figure.add_subplot()


def _dots(axes: Axes, measured: pd.DataFrame, rules: list[str] | tuple[str, ...]) -> None:
    for number, (n, marker) in enumerate(MARKERS.items()):
        found = measured[measured["n"] == n].set_index("rule").loc[list(rules)]
        y = np.arange(len(rules)) + 0.22 * (number - 1)
        rate = 100 * found["rate"]
        error = 196 * np.hypot(found["mc_se"], found["pool_se"])
        error = [np.minimum(error, rate), np.minimum(error, 100 - rate)]
        axes.errorbar(
            rate, y, xerr=error, fmt=marker, color=style.COLOURS[number], markeredgecolor=style.INK,
            markeredgewidth=0.6, markersize=6, elinewidth=1.2, label=f"n = {n}", zorder=3,
        )  # fmt: skip
    axes.set_yticks(range(len(rules)), [SHORT[rule] for rule in rules])
    axes.set_ylim(len(rules) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#EEEEEE", linewidth=0.8)


def _finish(figure: Figure, axes: Axes, stem: Path) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    note = "bars: ± 1.96 standard errors, from pool and drawing"
    axes.set_title(note, loc="right", fontsize=style.NOTE_SIZE, style="italic")
    style.save(figure, stem.with_suffix(".png"), stem.with_suffix(".svg"))
