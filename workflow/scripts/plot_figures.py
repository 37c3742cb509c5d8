"""Plot a study's figures, each as PNG and SVG."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seedwise.analysis.findings import read_findings
from seedwise.analysis.tables import read_table
from seedwise.basics.errors import UserError, run_script
from seedwise.plan import Plan
from seedwise.report.figures.curves import plot_curves, read_histories
from seedwise.report.figures.differences import plot_differences, plot_power
from seedwise.report.figures.interactions import plot_interactions
from seedwise.report.figures.means import plot_means
from seedwise.report.figures.pairing import plot_pairing


def main() -> None:
    """Parse arguments and plot the figures that `--out` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="runs.csv; the tables and findings.json lie beside it")
    parser.add_argument(
        "--records", type=Path, help="folder of the runs, with the history of each; default: runs/ beside them"
    )
    parser.add_argument("--plan", required=True, help="the declared plan, JSON")
    parser.add_argument("--labels", required=True, help="variant names and their labels, JSON")
    parser.add_argument("--out", nargs="+", type=Path, required=True, help="<folder>/<figure>.png and .svg, in pairs")
    parser.add_argument("--factorial", default="{}", help="factors and cells of all variants, JSON")
    arguments = parser.parse_args()
    declared, labels = Plan.model_validate_json(arguments.plan), json.loads(arguments.labels)
    runs, summary, comparisons = (
        read_table(arguments.runs.with_name(f"{name}.csv")) for name in ("runs", "summary", "comparisons")
    )
    records = arguments.records or arguments.runs.with_name("runs")
    look = read_findings(arguments.runs.with_name("findings.json")).look
    plan = declared.at_level(look.nominal_alpha) if look else declared
    for png, svg in zip(arguments.out[::2], arguments.out[1::2], strict=True):
        if png.stem == "means":
            plot_means(summary, runs, labels, declared, png, svg)
        elif png.stem == "differences":
            plot_differences(comparisons, labels, plan, png, svg)
        elif png.stem == "power":
            plot_power(summary, comparisons, labels, plan, png, svg)
        elif png.stem == "interactions":
            plot_interactions(summary, json.loads(arguments.factorial), declared, png, svg)
        elif png.stem == "curves":
            # In an interim report, whatever a missing run has left behind is not of this study.
            begun = runs.loc[runs["status"] != "missing"]
            plot_curves(read_histories(begun, records), labels, declared, png, svg)
        elif png.stem == "pairing":
            plot_pairing(runs, labels, declared, png, svg)
        else:
            known = "means, differences, power, interactions, curves and pairing"
            raise UserError(f"--out: found {png.name}; the figures are {known}")


if __name__ == "__main__":
    run_script(main)
