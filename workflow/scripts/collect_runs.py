"""Collect run records into runs.csv: one row a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.errors import run_script
from seedwise.files import write_text
from seedwise.records import read_record, tabulate


def main() -> None:
    """Parse arguments, read every record, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="runs.csv to write; runs/ lies beside it")
    arguments = parser.parse_args()
    records = [
        read_record(arguments.out.parent / "runs" / variant / f"seed{seed}" / "metrics.json")
        for variant in arguments.variants
        for seed in arguments.seeds
    ]
    write_text(arguments.out, tabulate(records))


if __name__ == "__main__":
    run_script(main)
