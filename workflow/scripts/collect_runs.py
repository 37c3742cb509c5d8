"""Collect run records, or runs that were recorded elsewhere, into runs.csv: one row a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.runs.record import read_record, tabulate
from seedwise.sources.pulled import pull
from seedwise.sources.settings import RunsSettings


def main() -> None:
    """Parse arguments, read every record, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="runs.csv to write; runs/ lies beside it")
    parser.add_argument("--source", help="the study's `runs` section, JSON; also writes pulled.json beside runs.csv")
    parser.add_argument("--metric", default="test_accuracy", help="the compared metric; only for --source")
    arguments = parser.parse_args()
    if arguments.source:
        settings = RunsSettings.model_validate_json(arguments.source)
        pulled = pull(settings, arguments.metric, arguments.variants, arguments.seeds, arguments.out)
        print("\n".join([f"{pulled.runs} runs in {pulled.source}", *pulled.notes]))
        return
    records = [
        read_record(arguments.out.parent / "runs" / variant / f"seed{seed}" / "metrics.json")
        for variant in arguments.variants
        for seed in arguments.seeds
    ]
    write_text(arguments.out, tabulate(records))


if __name__ == "__main__":
    run_script(main)
