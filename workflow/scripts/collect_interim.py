"""Write the results of a study so far: runs.csv with one row per due run, and status.json beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.analysis.collect import collect_records
from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.study import Run
from seedwise.config.study_file import read_study_file
from seedwise.progress.interim import interim_table
from seedwise.progress.states import ENDED_STATES, read_states
from seedwise.progress.status import status_json
from seedwise.progress.words import counts


def main() -> None:
    """Write runs.csv and status.json, and print how many runs are in each state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study file, results/<study>/study-<digest>.json")
    parser.add_argument("--out", type=Path, required=True, help="file to write, results/<study>/interim/runs.csv")
    arguments = parser.parse_args()
    file, results = read_study_file(arguments.study), arguments.out.parents[2]
    states = read_states(file, results)
    done = [run for run in states if run.state in ENDED_STATES]
    records = collect_records(file, arguments.out.parents[1], [Run(run.variant, run.seed) for run in done])
    write_text(arguments.out, interim_table(states, records))
    write_text(arguments.out.with_name("status.json"), status_json(file.study.study, states) + "\n")
    print(counts(states))


if __name__ == "__main__":
    run_script(main)
