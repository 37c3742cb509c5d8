"""Print the status of a study: which runs are finished, diverged, failed, running or missing, and why."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.config.study_file import read_study_file
from seedwise.progress.states import read_states
from seedwise.progress.status import status_json, status_text


def main() -> None:
    """Print the status as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study file, results/<study>/study-<digest>.json")
    parser.add_argument("--results", type=Path, required=True, help="folder that contains the studies' folders")
    parser.add_argument("--json", action="store_true", help="print JSON, which includes every run")
    arguments = parser.parse_args()
    study = read_study_file(arguments.study)
    states = read_states(study, arguments.results)
    name = study.study.study
    print(status_json(name, states) if arguments.json else status_text(name, states))


if __name__ == "__main__":
    run_script(main)
