"""Plot a learning-rate range test and its suggestions, as PNG and SVG."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.report.figures.lr_finder import plot_lr_finder


def main() -> None:
    """Write the figure to the two files of `--out`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", type=Path, required=True, help="JSON file from lr_range_test.py")
    parser.add_argument("--title", required=True, help="title of the figure")
    parser.add_argument("--out", nargs=2, type=Path, required=True, help="files to write, a PNG and an SVG")
    arguments = parser.parse_args()
    test = json.loads(arguments.test.read_text(encoding="utf-8"))
    plot_lr_finder(test, arguments.title, *arguments.out)


if __name__ == "__main__":
    run_script(main)
