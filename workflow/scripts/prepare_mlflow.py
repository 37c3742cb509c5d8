"""Create the MLflow store, the experiment and the parent runs, before many runs try to create them at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.config.context import read_context
from seedwise.tracking import TrackerError
from seedwise.tracking.mlflow import connect, prepare, store


def main() -> None:
    """Prepare the store; print a warning if it cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--variants", nargs="+", required=True)
    parser.add_argument("--context", type=Path, required=True, help="the study's .context.json, with its trackers")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="folder that contains the studies' folders"
    )
    arguments = parser.parse_args()
    settings = read_context(arguments.context).tracking.mlflow
    try:
        client = connect(settings, arguments.results)
        prepare(client, settings, arguments.results, arguments.study, arguments.variants)
    except TrackerError as error:
        print(f"Warning: mlflow: {error}")
    except Exception as error:  # whatever MLflow raises, the runs continue without it
        print(f"Warning: mlflow cannot use {store(settings, arguments.results)} ({' '.join(str(error).split())[:300]})")


if __name__ == "__main__":
    run_script(main)
