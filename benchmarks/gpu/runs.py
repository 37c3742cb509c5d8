"""Runs as a study starts them: workflow/scripts/train_run.py in processes of their own, so many at once."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.plan import ROOT, Plan
from seedwise.config.context import Context, write_context
from seedwise.runs.record import read_record
from seedwise.tracking.settings import TrackingSettings
from seedwise.trainers.image_classifier.settings import RunSettings

SCRIPT = ROOT / "workflow" / "scripts" / "train_run.py"


@dataclass(frozen=True)
class Job:
    """One run: a variant, a seed, its settings, and the data if they are not the plan's."""

    variant: str
    seed: int
    settings: RunSettings
    data: Path | None = None


def context(plan: Plan) -> Path:
    """Write a context without trackers, which need packages that a bare machine lacks; return its path."""
    return write_context(
        plan.scratch, Context(tracking=TrackingSettings.model_validate({"wandb": {"mode": "disabled"}}))
    )


def environment(plan: Plan) -> dict[str, str]:
    """Return the environment of a run: this code, and GPU locks of its own."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path, "SEEDWISE_GPU_LOCKS": str(plan.scratch / "locks")}


def command(plan: Plan, job: Job, folder: Path, slots: int) -> list[str]:
    """Return the command of a run."""
    record = folder / "runs" / job.variant / f"seed{job.seed}" / "metrics.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    words = ["--study", folder.name, "--variant", job.variant, "--seed", job.seed]
    words += ["--settings", job.settings.canonical(), "--context", context(plan), "--code", "0"]
    words += ["--data", job.data or plan.data, "--out", record, "--gpu-slots", slots]
    return [sys.executable, str(SCRIPT), *map(str, words)]


def train(plan: Plan, job: Job, folder: Path, slots: int, seconds: float) -> dict[str, Any]:
    """Train one run; return its clock seconds, the record's seconds by part, its metrics; or what went wrong."""
    told = command(plan, job, folder, slots)
    began = time.perf_counter()
    process = subprocess.Popen(
        told, cwd=ROOT, env=environment(plan), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        printed, _ = process.communicate(timeout=max(1.0, seconds))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        printed, _ = process.communicate()
        printed += f"\nstopped after {seconds:.0f} s"
    took = time.perf_counter() - began
    result: dict[str, Any] = {"variant": job.variant, "seed": job.seed, "seconds": round(took, 2)}
    if process.returncode:
        return result | {"failed": printed[-3000:]}
    record = read_record(Path(told[told.index("--out") + 1]))
    return result | {
        "timing": {part: round(value, 3) for part, value in asdict(record.timing).items()},
        "status": record.status,
        "metrics": record.metrics,
        "images": record.sizes.train * (record.epochs or 0),
        "device": record.provenance.device,
        "hardware": record.provenance.hardware,
        "precision": record.provenance.precision,
        "versions": record.provenance.versions,
        "printed": printed[-1500:],
    }


def train_all(plan: Plan, jobs: Sequence[Job], folder: Path, slots: int, seconds: float) -> dict[str, Any]:
    """Train runs, so many at once; return the seconds from first start to last end, and every run."""
    ends = time.monotonic() + seconds
    with watched(plan.device) as seen, ThreadPoolExecutor(slots) as pool:
        began = time.perf_counter()
        futures = [
            pool.submit(lambda job=job: train(plan, job, folder, slots, ends - time.monotonic())) for job in jobs
        ]
        runs = [future.result() for future in futures]
        took = time.perf_counter() - began
    done = [run for run in runs if "failed" not in run]
    return {
        "at_once": slots,
        "seconds": round(took, 2),
        "complete": len(done) == len(runs),
        "images_per_second": round(sum(run["images"] for run in done) / took),
        "median_of_a_run": {
            part: round(statistics.median(run["timing"][part] for run in done), 2)
            for part in ("total", "imports", "data", "train", "evaluate")
        }
        if done
        else {},
        "gpu": seen,
        "runs": [{key: run[key] for key in run if key not in ("printed", "versions", "hardware")} for run in runs],
    }


@contextlib.contextmanager
def watched(device: str) -> Iterator[dict[str, Any]]:
    """Ask nvidia-smi every second, while the block runs, how busy the GPU is and how much of its memory is taken."""
    seen: dict[str, Any] = {}
    stop = threading.Event()
    busy: list[float] = []
    memory: list[float] = []

    def look() -> None:
        query = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits"]
        while not stop.wait(1.0):
            with contextlib.suppress(OSError, ValueError, IndexError, subprocess.SubprocessError):
                answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
                numbers = [float(word) for word in answer.splitlines()[0].split(",")]
                busy.append(numbers[0])
                memory.append(numbers[1])

    thread = threading.Thread(target=look, daemon=True)
    if device == "cuda":
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        if device == "cuda":
            thread.join(15)
        if busy:
            seen |= {"busy_percent": round(statistics.mean(busy)), "megabytes": round(max(memory))}
