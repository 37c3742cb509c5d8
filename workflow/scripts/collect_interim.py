"""Collect what a study has so far: runs.csv with a row for every due run, and status.json."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.study import Study
from seedwise.progress.interim import interim_table, run_folder
from seedwise.progress.states import ENDED_STATES, read_states
from seedwise.progress.status import status_json
from seedwise.progress.words import counts
from seedwise.runs.record import read_record


def main() -> None:
    """Parse arguments, look, write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True, help="the whole study, JSON")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="that are due now")
    parser.add_argument("--code", required=True, help="digest of the training code by variant, JSON")
    parser.add_argument("--out", type=Path, required=True, help="results/<study>/interim/runs.csv")
    arguments = parser.parse_args()
    study, folder = Study.model_validate_json(arguments.study), arguments.out.parents[1]
    states = read_states(study, study.runs(arguments.seeds), json.loads(arguments.code), folder.parent)
    records = [read_record(run_folder(folder, run) / "metrics.json") for run in states if run.state in ENDED_STATES]
    write_text(arguments.out, interim_table(states, records))
    write_text(arguments.out.with_name("status.json"), status_json(study.study, states) + "\n")
    print(counts(states))


if __name__ == "__main__":
    run_script(main)
