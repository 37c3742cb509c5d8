"""Run a learning-rate range test, and write its losses and suggestions as JSON."""

from __future__ import annotations

import argparse
import functools
import json
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.context import read_context
from seedwise.runs.gpus import take_gpu
from seedwise.trainers.image_classifier.integrity import verify_prepared
from seedwise.trainers.image_classifier.settings import RunSettings


def main() -> None:
    """Write the losses and suggestions, and print the suggestions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="the resolved settings of the runs, as JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--context", type=Path, help="the study's .context.json, with the folder of the raw files")
    parser.add_argument(
        "--data", type=Path, required=True, help="prepared data, .npz; made again if the file is missing"
    )
    parser.add_argument("--raw", type=Path, default=Path("data"), help="folder of the raw files, if they are needed")
    parser.add_argument("--card", type=Path, help="the data card; other data are refused")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--gpu-slots", type=int, default=1, help="number of runs that may share one GPU (default: 1)")
    arguments = parser.parse_args()
    say = functools.partial(print, flush=True)
    settings = RunSettings.from_canonical(arguments.settings)
    with take_gpu(settings.training.device, arguments.gpu_slots, say):
        # These import torch, which then sees only this GPU.
        from seedwise.trainers.image_classifier.datasets.prepared import ensure_prepared
        from seedwise.trainers.image_classifier.training.lr_finder import find_learning_rate

        folder = read_context(arguments.context).folder
        dataset = settings.dataset.model_copy(update={"folder": folder})
        ensure_prepared(dataset, arguments.data, arguments.raw, arguments.card, say)
        verify_prepared(arguments.data)
        found = find_learning_rate(settings, arguments.seed, arguments.data, say)
    write_text(arguments.out, json.dumps(found, indent=2) + "\n")
    for name, rate in found["suggestions"].items():
        say(f"{name}: {rate:.2g}")


if __name__ == "__main__":
    run_script(main)
