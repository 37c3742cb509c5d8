"""Send the runs of a study that MLflow does not have, from their records; each run is sent once."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from seedwise.basics.errors import UserError, run_script
from seedwise.config.context import read_context
from seedwise.tracking import TrackerError
from seedwise.tracking.mlflow import MlflowTracker, is_whole, store
from seedwise.tracking.replay import replay_missing


def main() -> None:
    """Send the missing runs, and print how many were sent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the study, results/<study>")
    parser.add_argument("--context", type=Path, required=True, help="the study's .context.json, with its trackers")
    arguments = parser.parse_args()
    settings = read_context(arguments.context).tracking.mlflow
    say = functools.partial(print, flush=True)
    where = store(settings, arguments.folder.parent)
    try:
        sent, there = replay_missing(
            arguments.folder, functools.partial(is_whole, settings), lambda: MlflowTracker(settings), say
        )
    except TrackerError as error:
        raise UserError(f"mlflow: {error}") from error
    except UserError:
        raise
    except Exception as error:  # MLflow raises errors of many kinds
        raise UserError(f"mlflow cannot use {where} ({' '.join(str(error).split())[:300]})") from error
    say(f"{sent} runs sent to {where}; {there} were already there")


if __name__ == "__main__":
    run_script(main)
