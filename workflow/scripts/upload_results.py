"""Upload a study's report, tables and figures to W&B, as an artifact of one analysis run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.context import read_context
from seedwise.tracking import TrackerError
from seedwise.tracking.results import analysis_id, upload_results


def main() -> None:
    """Upload the files; print a warning if W&B fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--context", type=Path, required=True, help="the study's .context.json, with its trackers")
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="files to upload, inside results/<study>")
    parser.add_argument(
        "--out", type=Path, required=True, help="file to write, results/<study>/upload_results.json, with the run's id"
    )
    arguments = parser.parse_args()
    settings = read_context(arguments.context).tracking.wandb
    try:
        upload_results(settings, arguments.study, arguments.out.parent, arguments.files)
    except TrackerError as error:
        print(f"Warning: wandb: {error}")
    except Exception as error:  # whatever wandb raises, the local results are complete
        print(f"Warning: wandb: the results were not uploaded ({' '.join(str(error).split())[:300]})")
    names = sorted(file.relative_to(arguments.out.parent).as_posix() for file in arguments.files)
    text = json.dumps({"wandb": analysis_id(arguments.study), "files": names}, indent=2)
    write_text(arguments.out, text + "\n")


if __name__ == "__main__":
    run_script(main)
