"""The default study against the course-style script, in one benchmark run.

    python benchmarks/against_course.py --out benchmarks/against_course.json

Both train the same 9 runs (3 variants x 3 seeds, 3 epochs on all training images). Ours is the whole
`snakemake --cores 4 --resources gpu=1`, from start to results.md; theirs is the script alone. Ours runs before and
after theirs, so that a change in the machine's speed is visible. Needs the data: run `make study` once before.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from seedwise.basics.files import write_text
from seedwise.runs.record import read_record

ROOT = Path(__file__).resolve().parent.parent


def time_ours(folder: Path) -> dict[str, object]:
    """Run the default study in a new folder with the data; return its seconds, in total and by part, and accuracies."""
    folder.mkdir()
    (folder / "data").symlink_to(ROOT / "data")
    command = [Path(sys.executable).parent / "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--configfile", ROOT / "config.yaml", "--cores", "4", "--resources", "gpu=1"]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - began
    results = folder / "results" / "fashion-mnist"
    records = [read_record(path) for path in sorted(results.glob("runs/*/*/metrics.json"))]
    parts = {
        part: sum(getattr(record.timing, part) for record in records)
        for part in ("imports", "data", "train", "evaluate", "tracking")
    }
    runs = pd.read_csv(results / "runs.csv")
    return {
        "seconds": seconds,
        "seconds_of_all_runs": sum(record.timing.total for record in records),
        "parts": parts,
        "accuracy": runs.groupby("variant")["test_accuracy"].mean().to_dict(),
    }


def time_theirs(folder: Path, workers: int) -> dict[str, object]:
    """Run the course-style script; return its seconds and accuracies."""
    folder.mkdir()
    out = folder / "runs.json"
    command = [sys.executable, ROOT / "benchmarks" / "course_style.py", "--root", ROOT / "data" / "fashion_mnist"]
    command += ["--workers", str(workers), "--out", out]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    seconds = time.perf_counter() - began
    runs = pd.DataFrame(json.loads(out.read_text()))
    return {"seconds": seconds, "accuracy": runs.groupby("variant")["accuracy"].mean().to_dict()}


def main() -> None:
    """Time ours, theirs and ours again; print and write the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=0, help="DataLoader worker processes of the course-style script")
    parser.add_argument("--out", type=Path, help="JSON file for the measurements")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print("ours, first time ...", flush=True)
        ours = [time_ours(folder / "ours-1")]
        print(f"  {ours[0]['seconds']:.0f} s\ntheirs ...", flush=True)
        theirs = time_theirs(folder / "theirs", arguments.workers)
        print(f"  {theirs['seconds']:.0f} s\nours, second time ...", flush=True)
        ours.append(time_ours(folder / "ours-2"))
        print(f"  {ours[1]['seconds']:.0f} s", flush=True)
    ratios = [theirs["seconds"] / one["seconds"] for one in ours]
    figures = {
        "cores": os.cpu_count(),
        "workers": arguments.workers,
        "ours": ours,
        "theirs": theirs,
        "ratios": ratios,
        "ratio": statistics.mean(ratios),
    }
    print(json.dumps(figures, indent=1))
    if arguments.out:
        write_text(arguments.out, json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
