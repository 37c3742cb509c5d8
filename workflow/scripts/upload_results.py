"""Log a study's report, tables and figures to W&B, as an artifact of one analysis run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.tracking import TrackerError
from seedwise.tracking.results import analysis_id, upload_results
from seedwise.tracking.settings import TrackingSettings


def main() -> None:
    """Parse arguments and log; a W&B in trouble is a warning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--tracking", required=True, help="the study's tracking settings, JSON")
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="what to log, inside results/<study>")
    parser.add_argument(
        "--out", type=Path, required=True, help="results/<study>/upload_results.json, which names the run"
    )
    arguments = parser.parse_args()
    settings = TrackingSettings.model_validate_json(arguments.tracking).wandb
    try:
        upload_results(settings, arguments.study, arguments.out.parent, arguments.files)
    except TrackerError as error:
        print(f"Warning: wandb: {error}")
    except Exception as error:  # whatever wandb raises, the results are there
        print(f"Warning: wandb has not got the results ({' '.join(str(error).split())[:300]})")
    names = sorted(file.relative_to(arguments.out.parent).as_posix() for file in arguments.files)
    text = json.dumps({"wandb": analysis_id(arguments.study), "files": names}, indent=2)
    write_text(arguments.out, text + "\n")


if __name__ == "__main__":
    run_script(main)
