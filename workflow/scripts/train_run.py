"""Train one run (one variant, one seed) and leave its run record."""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402 - the clock starts before the imports, whose cost is reported
import functools  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

from seedwise.basics.errors import run_script  # noqa: E402
from seedwise.runs.attempt import attempt  # noqa: E402
from seedwise.runs.gpus import take_gpu  # noqa: E402
from seedwise.tracking import Mirrors  # noqa: E402
from seedwise.tracking.registry import trackers  # noqa: E402
from seedwise.tracking.settings import TrackingSettings  # noqa: E402
from seedwise.trainers.image_classifier.settings import RunSettings  # noqa: E402


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="the run's resolved settings, JSON")
    parser.add_argument("--tracking", default="{}", help="the study's tracking settings, JSON")
    parser.add_argument("--code", required=True, help="digest of the training code")
    parser.add_argument("--data", type=Path, required=True, help="prepared data, .npz")
    parser.add_argument(
        "--out", type=Path, required=True, help="results/<study>/runs/<variant>/seed<seed>/metrics.json"
    )
    parser.add_argument("--gpu-slots", type=int, default=1, help="runs that may share one GPU (default: 1)")
    arguments = parser.parse_args()
    report = functools.partial(print, flush=True)
    settings = RunSettings.from_canonical(arguments.settings)
    imported = time.perf_counter() - BEGAN
    with attempt(arguments.out.parent), take_gpu(settings.training.device, arguments.gpu_slots, report):
        _train(arguments, settings, report, imported)


def _train(
    arguments: argparse.Namespace, settings: RunSettings, report: Callable[[str], None], imported: float
) -> None:
    began = time.perf_counter()
    from seedwise.trainers.image_classifier.training.run import (  # imports torch, which then sees one GPU
        Request,
        train_run,
    )

    request = Request(
        study=arguments.study,
        variant=arguments.variant,
        seed=arguments.seed,
        settings=settings,
        code_digest=arguments.code,
        data=arguments.data,
        folder=arguments.out.parent,
        tracking_folder=arguments.out.parents[3],
        import_seconds=imported + time.perf_counter() - began,
    )
    tracking = TrackingSettings.model_validate_json(arguments.tracking)
    train_run(request, Mirrors(trackers(tracking)), report=report)


if __name__ == "__main__":
    run_script(main)
