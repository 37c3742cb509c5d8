"""The figures that a report may show, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from seedwise.report.figures.curves import plot_curves
from seedwise.report.figures.differences import plot_differences
from seedwise.report.figures.interactions import plot_interactions
from seedwise.report.figures.means import plot_means
from seedwise.report.figures.pairing import plot_pairing
from seedwise.report.figures.power import plot_power
from seedwise.report.model import Report

FIGURES: Mapping[str, Callable[[Report, Path, Path], None]] = {
    "means": plot_means,
    "differences": plot_differences,
    "power": plot_power,
    "pairing": plot_pairing,
    "curves": plot_curves,
    "interactions": plot_interactions,
}
"""Each draws a report's figure as PNG and as SVG."""
