"""Run the learning-rate range test of one set-up, and write its losses and suggestions as JSON."""

from __future__ import annotations

import argparse
import functools
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.runs.gpus import take_gpu
from seedwise.trainers.image_classifier.settings import RunSettings


def main() -> None:
    """Parse arguments and run the test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="the resolved settings of the runs, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="prepared data, .npz")
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    parser.add_argument("--gpu-slots", type=int, default=1, help="runs that may share one GPU (default: 1)")
    arguments = parser.parse_args()
    report = functools.partial(print, flush=True)
    settings = RunSettings.from_canonical(arguments.settings)
    with take_gpu(settings.training.device, arguments.gpu_slots, report):
        from seedwise.trainers.image_classifier.training.lr_finder import (
            find_learning_rate,  # imports torch, which then sees one GPU
        )

        found = find_learning_rate(settings, arguments.seed, arguments.data, report)
    write_text(arguments.out, json.dumps(found, indent=2) + "\n")
    for name, rate in found["suggestions"].items():
        report(f"{name}: {rate:.2g}")


if __name__ == "__main__":
    run_script(main)
