"""What a training run costs beside training, and what imports cost, in processor seconds.

    python -m benchmarks.run_overhead

A run of 600 images and a run of the default study, each alone on one thread, with the times that its record gives to
its parts; beside them a process that only imports torch, in turns. Then the import of each package by itself.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, Measured, print_rounds, run
from benchmarks.tracking_cost import command_of
from seedwise.runs.record import Timing, read_record
from seedwise.trainers.image_classifier.datasets.prepared import prepared_file

PARTS = ("imports", "data", "train", "evaluate", "tracking")
SMALL = ROOT / "tests/fashion_mnist_600_300.npz"
OFFLINE = {"wandb": {"mode": "offline"}}
SCRIPT = "import runpy; runpy.run_path('workflow/scripts/{}.py', run_name='imported')"
IMPORTED = {
    "nothing": "pass",
    "torch": "import torch",
    "the training script": SCRIPT.format("train_run"),
    "the script of a program's run": SCRIPT.format("run_program"),
    "seedwise.cli": "import seedwise.cli",
    "seedwise.statistics": "import seedwise.statistics",
    "scipy.stats": "import scipy.stats",
    "the script of the analysis": SCRIPT.format("analyse_study"),
}


def measure_run(data: Path, epochs: int) -> tuple[Measured, Timing]:
    """Do one run in a new folder, tracked offline as in the default study."""
    with tempfile.TemporaryDirectory() as scratch:
        command = command_of(Path(scratch), data, epochs, OFFLINE)
        measured = run(command, Path(scratch))
        return measured, read_record(Path(scratch) / "results/cost/runs/baseline/seed0/metrics.json").timing


def measure(rounds: int) -> dict[str, Any]:
    """Measure both runs and the imports, in turns."""
    runs: dict[str, list[tuple[Measured, Timing]]] = {"600 images": [], "default study": []}
    imports: dict[str, list[Measured]] = {name: [] for name in IMPORTED}
    for _ in range(rounds):
        runs["600 images"].append(measure_run(SMALL, 3))
        for name, line in IMPORTED.items():
            imports[name].append(run([sys.executable, "-c", line], ROOT))
        runs["default study"].append(measure_run(prepared_file(ROOT, say=lambda _: None), 3))
    torch = statistics.median(one.processor for one in imports["torch"])
    table = {}
    for name, done in runs.items():
        processor = statistics.median(one.processor for one, _ in done)
        table[name] = {
            "processor": round(processor, 2),
            "seconds": round(statistics.median(one.seconds for one, _ in done), 2),
            "parts": {part: round(statistics.median(_processor_of(part, *one) for one in done), 2) for part in PARTS},
            "beside_training": round(
                statistics.median(one.processor - _processor_of("train", one, timing) for one, timing in done), 2
            ),
            "times_importing_torch": round(processor / torch, 2),
            "megabytes": round(max(one.megabytes for one, _ in done)),
        }
    seconds = {name: round(statistics.median(one.processor for one in of), 3) for name, of in imports.items()}
    return {"runs": table, "imports": seconds}


def _processor_of(part: str, measured: Measured, timing: Timing) -> float:
    """The processor seconds of a part, by its share of the run's seconds, as other work slows down all parts."""
    return float(getattr(timing, part)) / measured.seconds * measured.processor


if __name__ == "__main__":
    print_rounds(__doc__, measure)
