"""Train one run (one variant, one seed) and leave its run record."""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402 - the clock starts before the imports, whose cost is reported
import functools  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import seedwise  # noqa: E402
from seedwise.basics.code_digest import combine, own_sources  # noqa: E402
from seedwise.basics.errors import UserError, run_script  # noqa: E402
from seedwise.config.context import Context, read_context  # noqa: E402
from seedwise.runs.attempt import attempt  # noqa: E402
from seedwise.runs.gpus import take_gpu  # noqa: E402
from seedwise.tracking import Mirrors  # noqa: E402
from seedwise.tracking.registry import trackers  # noqa: E402
from seedwise.trainers.image_classifier.settings import RunSettings  # noqa: E402
from seedwise.trainers.image_classifier.trainer import ImageClassifier  # noqa: E402


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="the run's resolved settings, JSON")
    parser.add_argument("--context", type=Path, help="the study's .context.json; default: track offline, as by default")
    parser.add_argument("--code", required=True, help="digest of the training code")
    parser.add_argument("--verify-code", action="store_true", help="refuse to train if the code has another digest now")
    parser.add_argument(
        "--data", type=Path, required=True, help="prepared data, .npz, made again if they are not there"
    )
    parser.add_argument("--made-of", help="digest of what the data are made of, for the record")
    parser.add_argument("--raw", type=Path, default=Path("data"), help="folder of the raw files, if they are needed")
    parser.add_argument("--card", type=Path, help="card of the data; other data are refused")
    parser.add_argument(
        "--out", type=Path, required=True, help="results/<study>/runs/<variant>/seed<seed>/metrics.json"
    )
    parser.add_argument("--gpu-slots", type=int, default=1, help="runs that may share one GPU (default: 1)")
    arguments = parser.parse_args()
    say = functools.partial(print, flush=True)
    settings, context = RunSettings.from_canonical(arguments.settings), read_context(arguments.context)
    if arguments.verify_code:
        _verify_code(settings, arguments.code)
    imported = time.perf_counter() - BEGAN
    with attempt(arguments.out.parent), take_gpu(settings.training.device, arguments.gpu_slots, say):
        _train(arguments, settings, context, say, imported)


def _verify_code(settings: RunSettings, digest: str) -> None:
    """Make sure that the code which trains is the one that the record will name.

    Raises:
        UserError: a file was edited after the workflow had started.
    """
    home = Path(seedwise.__file__).resolve().parents[1]
    if combine(ImageClassifier().code(settings, own_sources(home, Path.cwd()), home)) != digest:
        raise UserError(
            "the training code has changed since this command was started, so the record would credit code that did "
            "not make its numbers. Give the command again: it trains with the code as it is now"
        )


def _train(
    arguments: argparse.Namespace, settings: RunSettings, context: Context, say: Callable[[str], None], imported: float
) -> None:
    began = time.perf_counter()
    # These import torch, which then sees one GPU.
    from seedwise.trainers.image_classifier.datasets.prepared import ensure_prepared
    from seedwise.trainers.image_classifier.training.run import Request, train_run

    dataset = settings.dataset.model_copy(update={"folder": context.folder})
    ensure_prepared(dataset, arguments.data, arguments.raw, arguments.card, say)
    request = Request(
        study=arguments.study,
        variant=arguments.variant,
        seed=arguments.seed,
        settings=settings,
        code_digest=arguments.code,
        data=arguments.data,
        folder=arguments.out.parent,
        tracking_folder=arguments.out.parents[3],
        data_made_of=arguments.made_of,
        import_seconds=imported + time.perf_counter() - began,
    )
    train_run(request, Mirrors(trackers(context.tracking)), say=say)


if __name__ == "__main__":
    run_script(main)
