"""Say how far a study is: which of its runs are finished, diverged, failed, running or missing."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.config.study import Study
from seedwise.progress.states import read_states
from seedwise.progress.status import status_json, status_text


def main() -> None:
    """Parse arguments, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True, help="the whole study, JSON")
    parser.add_argument("--seeds", nargs="+", type=int, required=True, help="that are due now")
    parser.add_argument("--code", required=True, help="digest of the training code by variant, JSON")
    parser.add_argument("--results", type=Path, required=True, help="folder that holds the studies' folders")
    parser.add_argument("--json", action="store_true", help="print JSON, with every run")
    arguments = parser.parse_args()
    study = Study.model_validate_json(arguments.study)
    states = read_states(study, study.runs(arguments.seeds), json.loads(arguments.code), arguments.results)
    print(status_json(study.study, states) if arguments.json else status_text(study.study, states))


if __name__ == "__main__":
    run_script(main)
