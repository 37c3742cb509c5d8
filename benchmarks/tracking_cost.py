"""The cost of tracking a run: W&B offline and MLflow (SQLite), each against the same run without tracking.

    python -m benchmarks.tracking_cost --out benchmarks/tracking_cost.json

Two processes train at the same time, with one thread each, one tracked and one not, so that other work on the machine
slows both alike. Each round has one pair for W&B and one for MLflow. Needs the data: run `make study` once before.
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

from benchmarks.measuring import ROOT, load, machine, now
from seedwise.basics.files import write_text
from seedwise.config.context import Context, write_context
from seedwise.runs.record import read_record
from seedwise.tracking.settings import TrackingSettings
from seedwise.trainers.image_classifier.datasets.prepared import prepared_file
from seedwise.trainers.image_classifier.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings

OFF = {"wandb": {"mode": "disabled"}}
TRACKED = {"wandb": {"wandb": {"mode": "offline"}}, "mlflow": {**OFF, "mlflow": {"enabled": True}}}


def command_of(folder: Path, data: Path, epochs: int, tracking: dict[str, object]) -> list[str]:
    """Return the command of the workflow's training script in an empty folder, and write its context there."""
    settings = RunSettings(
        dataset=DatasetSettings(), model=ModelSettings(), training=TrainingSettings(epochs=epochs, device="cpu")
    )
    command = [sys.executable, str(ROOT / "workflow/scripts/train_run.py"), "--study", "cost", "--variant", "baseline"]
    command += ["--seed", "0", "--settings", settings.canonical(), "--code", "0" * 12]
    context = write_context(folder, Context(tracking=TrackingSettings.model_validate(tracking)))
    command += ["--context", str(context), "--data", str(data.resolve())]
    return [*command, "--out", str(folder / "results/cost/runs/baseline/seed0/metrics.json")]


def start(folder: Path, data: Path, epochs: int, tracking: dict[str, object]) -> subprocess.Popen[bytes]:
    """Start the workflow's training script in an empty folder."""
    command = command_of(folder, data, epochs, tracking)
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})


def wait(processes: dict[str, subprocess.Popen[bytes]], began: float) -> tuple[dict[str, float], dict[str, float]]:
    """Wait for all processes; return the wall-clock seconds until the end of each, and its processor seconds."""
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}
    while len(seconds) < len(processes):
        for name in [name for name in processes if name not in seconds]:
            pid, status, used = os.wait4(processes[name].pid, os.WNOHANG)  # includes the children that it waited for
            if pid:
                assert status == 0, name
                seconds[name], processor[name] = time.perf_counter() - began, used.ru_utime + used.ru_stime
        time.sleep(0.01)
    return seconds, processor


def pair(tracker: str, folder: Path, data: Path, epochs: int, tracked_first: bool) -> dict[str, object]:
    """Train tracked and untracked at the same time; return the seconds of both, and those of tracking."""
    made = {"tracked": TRACKED[tracker], "untracked": OFF}
    for name in made:
        (folder / name).mkdir(parents=True)
    if tracker == "mlflow":  # the workflow does this once, before the first run
        script = ROOT / "workflow/scripts/prepare_mlflow.py"
        command = [sys.executable, script, "--study", "cost", "--variants", "baseline"]
        context = Context(tracking=TrackingSettings.model_validate(TRACKED[tracker]))
        command += ["--context", write_context(folder / "tracked", context)]
        subprocess.run(command, cwd=folder / "tracked", check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    began = time.perf_counter()
    order = list(made) if tracked_first else list(reversed(made))
    seconds, processor = wait({name: start(folder / name, data, epochs, made[name]) for name in order}, began)
    records = {name: read_record(folder / name / "results/cost/runs/baseline/seed0/metrics.json") for name in made}
    assert records["tracked"].metrics == records["untracked"].metrics
    timing = records["tracked"].timing
    return {
        "tracker": tracker,
        **seconds,
        "processor": processor["tracked"] - processor["untracked"],
        "processor_ratio": processor["tracked"] / processor["untracked"],
        "in_the_run": timing.tracking,
        "at_its_end": (seconds["tracked"] - timing.total) - (seconds["untracked"] - records["untracked"].timing.total),
        "share": timing.tracking / seconds["untracked"],
        "ratio": seconds["tracked"] / seconds["untracked"],
    }


def main() -> None:
    """Time the pairs; print the measurements and add them to those of earlier calls in the file, if it exists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="prepared data; default: Fashion-MNIST")
    parser.add_argument("--rounds", type=int, default=2, help="number of pairs for each tracker (default: 2)")
    parser.add_argument(
        "--epochs", type=int, default=5, help="epochs per run; 5 take about 90 seconds on one idle core (default: 5)"
    )
    parser.add_argument("--out", type=Path, help="JSON file to which the measurements are added")
    arguments = parser.parse_args()
    data = arguments.data or prepared_file(ROOT)
    known = arguments.out is not None and arguments.out.exists()
    rows = json.loads(arguments.out.read_text())["pairs"] if known else []
    for number in range(arguments.rounds):
        for tracker in TRACKED:
            with tempfile.TemporaryDirectory() as scratch:
                row = pair(tracker, Path(scratch), data, arguments.epochs, tracked_first=(len(rows) // 2) % 2 == 0)
            rows.append(row)
            print(f"round {number + 1}, {tracker}: {json.dumps(row)}", flush=True)
    medians = {
        tracker: {key: statistics.median(row[key] for row in rows if row["tracker"] == tracker) for key in NUMBERS}
        for tracker in TRACKED
    }
    print(json.dumps(medians, indent=1))
    if arguments.out:
        figures = {
            "date": now(),
            "load": load(),
            "machine": machine(),
            "epochs": arguments.epochs,
            "pairs": rows,
            "medians": medians,
        }
        write_text(arguments.out, json.dumps(figures, indent=1) + "\n")


NUMBERS = ("tracked", "untracked", "in_the_run", "at_its_end", "share", "ratio", "processor", "processor_ratio")

if __name__ == "__main__":
    main()
