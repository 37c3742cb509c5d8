"""The default study against the course-style script, in turns.

    python -m benchmarks.against_course

Both train the same 9 runs (3 variants x 3 seeds, 3 epochs on all training images). Ours is the whole `make study`
(`seedwise run config.yaml --resources gpu=1`), from start to results.md; theirs is the script alone. Each round has the
whole study and, in three rounds, the script has each seed once, so that both meet the same changes in the machine's
speed.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, print_rounds, run
from seedwise.runs.record import read_record
from seedwise.trainers.image_classifier.datasets.prepared import prepared_file

SEEDS = (0, 1, 2)
PARTS = ("imports", "data", "train", "evaluate", "tracking", "total")


def measure_ours(folder: Path) -> dict[str, Any]:
    """Run the default study in a new folder with the data; return its cost, by part too, and its accuracies."""
    folder.mkdir()
    (folder / "data").symlink_to(ROOT / "data")
    shutil.copy2(ROOT / "config.yaml", folder)
    seedwise = Path(sys.executable).with_name("seedwise")
    measured = run([str(seedwise), "run", "config.yaml", "--resources", "gpu=1"], folder)
    records = [read_record(path) for path in sorted((folder / "results/fashion-mnist").glob("runs/*/*/metrics.json"))]
    accuracies: dict[str, list[float]] = {}
    for record in records:
        accuracies.setdefault(record.variant, []).append(record.metrics["test_accuracy"] or 0.0)
    return {
        "seconds": round(measured.seconds, 1),
        "processor": round(measured.processor, 1),
        "of_all_runs": {part: round(sum(getattr(one.timing, part) for one in records), 1) for part in PARTS},
        "accuracy": accuracies,
    }


def measure_theirs(folder: Path, seed: int, epochs: int) -> dict[str, Any]:
    """Run the course-style script on one seed of each variant; return its cost and accuracies."""
    folder.mkdir()
    out = folder / "runs.json"
    command = [sys.executable, str(ROOT / "benchmarks/course_style.py"), "--root", str(ROOT / "data/fashion_mnist")]
    measured = run([*command, "--seeds", str(seed), "--epochs", str(epochs), "--out", str(out)], folder)
    runs = json.loads(out.read_text())
    return {
        "seconds": round(measured.seconds, 1),
        "processor": round(measured.processor, 1),
        "of_runs": round(sum(one["seconds"] for one in runs), 1),
        "accuracy": {one["variant"]: [one["accuracy"]] for one in runs},
    }


def measure(rounds: int) -> dict[str, Any]:
    """Time ours and theirs in turns; the first of each round changes."""
    prepared_file(ROOT)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(rounds):
            folder = Path(scratch)
            turns = {
                "ours": lambda n=number, home=folder: measure_ours(home / f"ours-{n}"),
                "theirs": lambda n=number, home=folder: measure_theirs(home / f"theirs-{n}", SEEDS[n % 3], 3),
            }
            order = list(turns) if number % 2 == 0 else list(reversed(turns))
            found.append({name: turns[name]() for name in order})
            print(
                f"  round {number + 1}: {found[-1]['ours']['seconds']} and {found[-1]['theirs']['seconds']} s",
                flush=True,
            )
    return {"rounds": found, **summary(found)}


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole script's seconds are three times those of a seed, but it starts only once."""

    def whole(theirs: dict[str, Any]) -> float:
        return 3 * theirs["of_runs"] + (theirs["seconds"] - theirs["of_runs"])

    theirs = [whole(one["theirs"]) for one in found]
    return {
        "ours_seconds": round(statistics.median(one["ours"]["seconds"] for one in found), 1),
        "theirs_seconds": round(statistics.median(theirs), 1),
        "ratio": round(statistics.median(a / one["ours"]["seconds"] for a, one in zip(theirs, found, strict=True)), 2),
        "accuracy": {
            who: {
                variant: round(statistics.mean(value for one in found for value in one[who]["accuracy"][variant]), 4)
                for variant in found[0][who]["accuracy"]
            }
            for who in ("ours", "theirs")
        },
    }


if __name__ == "__main__":
    print_rounds(__doc__, measure)
