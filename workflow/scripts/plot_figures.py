"""Plot the figures of a study, each as PNG and SVG."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import UserError, run_script
from seedwise.basics.words import enumerate_words
from seedwise.report.figures.registry import FIGURES
from seedwise.report.gather import add_study_arguments, read_report


def main() -> None:
    """Write the figures that `--out` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_study_arguments(parser)
    parser.add_argument(
        "--records", type=Path, help="folder of the runs and their histories; default: runs/ beside runs.csv"
    )
    parser.add_argument(
        "--out", nargs="+", type=Path, required=True, help="files to write: <folder>/<figure>.png and .svg, in pairs"
    )
    arguments = parser.parse_args()
    pairs = list(zip(arguments.out[::2], arguments.out[1::2], strict=True))
    for png, _ in pairs:
        if png.stem not in FIGURES:
            raise UserError(f"--out: found {png.name}; the figures are {enumerate_words(list(FIGURES))}")
    report = read_report(arguments, arguments.records or arguments.runs.with_name("runs"))
    for png, svg in pairs:
        FIGURES[png.stem](report, png, svg)


if __name__ == "__main__":
    run_script(main)
