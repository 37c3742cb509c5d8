"""Plot a study's figures, each as PNG and SVG."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from seedwise.errors import run_script
from seedwise.plan import Plan
from seedwise.report.figures import plot_differences, plot_power
from seedwise.report.means_figure import plot_means


def main() -> None:
    """Parse arguments and plot the figures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder of runs.csv, summary.csv, comparisons.csv")
    parser.add_argument("--plan", required=True, help="the declared plan, JSON")
    parser.add_argument("--labels", required=True, help="variant names and their labels, JSON")
    parser.add_argument("--figures", nargs="+", choices=["means", "differences", "power"], required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write <figure>.png and <figure>.svg to")
    arguments = parser.parse_args()
    plan, labels = Plan.model_validate_json(arguments.plan), json.loads(arguments.labels)
    runs, summary, comparisons = (
        pd.read_csv(arguments.tables / f"{name}.csv") for name in ("runs", "summary", "comparisons")
    )
    for name in arguments.figures:
        png, svg = arguments.out / f"{name}.png", arguments.out / f"{name}.svg"
        if name == "means":
            plot_means(summary, runs, labels, plan, png, svg)
        elif name == "differences":
            plot_differences(comparisons, labels, plan, png, svg)
        else:
            plot_power(summary, comparisons, labels, plan, png, svg)


if __name__ == "__main__":
    run_script(main)
