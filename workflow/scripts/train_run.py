"""Train one run (one variant, one seed) and write its run record, history and predictions."""

from __future__ import annotations

import time

BEGAN = time.perf_counter()

import gc  # noqa: E402 - the clock starts before the imports, whose time is recorded
import os  # noqa: E402

os.register_at_fork(
    after_in_child=lambda: globals().update(BEGAN=time.perf_counter())
)  # fork_server.py has imported it
gc.disable()  # what is imported stays: looking for garbage in it took a sixth of the imports' time
# Finding huge pages for the images takes longer than they save in a process that reads them a few times.
os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")

import argparse  # noqa: E402
import functools  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

import seedwise  # noqa: E402
from seedwise.basics.code_digest import combine, own_code  # noqa: E402
from seedwise.basics.errors import UserError, run_script  # noqa: E402
from seedwise.basics.plugins import load_plugin  # noqa: E402
from seedwise.config.context import Context, read_context  # noqa: E402
from seedwise.registration.ledger import registration_of_runs  # noqa: E402
from seedwise.runs.attempt import attempt  # noqa: E402
from seedwise.runs.gpus import take_gpu  # noqa: E402
from seedwise.runs.hardware import expected_device  # noqa: E402
from seedwise.runs.record import write_record  # noqa: E402
from seedwise.runs.turns import take_long_turns  # noqa: E402
from seedwise.tracking import Mirrors  # noqa: E402
from seedwise.tracking.registry import trackers  # noqa: E402
from seedwise.trainers.image_classifier.integrity import set_aside, verify_prepared  # noqa: E402
from seedwise.trainers.image_classifier.settings import RunSettings  # noqa: E402
from seedwise.trainers.image_classifier.trainer import ImageClassifier  # noqa: E402


def main() -> None:
    """Train the run and write its files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="the run's resolved settings, as JSON")
    parser.add_argument("--context", type=Path, help="the study's .context.json; default: the default trackers")
    parser.add_argument("--code", required=True, help="digest of the training code, for the record")
    parser.add_argument(
        "--verify-code", action="store_true", help="refuse to train if the code no longer has this digest"
    )
    parser.add_argument("--raw", type=Path, default=Path("data"), help="folder of the raw files, if they are needed")
    parser.add_argument(
        "--data", type=Path, required=True, help="prepared data, .npz; made again if the file is missing"
    )
    parser.add_argument("--made-of", help="digest of everything that the data are made of, for the record")
    parser.add_argument("--card", type=Path, help="the data card; other data are refused")
    parser.add_argument(
        "--out", type=Path, required=True, help="file to write: results/<study>/runs/<variant>/seed<seed>/metrics.json"
    )
    parser.add_argument("--gpu-slots", type=int, default=1, help="number of runs that may share one GPU (default: 1)")
    arguments = parser.parse_args()
    say = functools.partial(print, flush=True)
    settings, context = RunSettings.from_canonical(arguments.settings), read_context(arguments.context)
    imported = time.perf_counter() - BEGAN
    with attempt(arguments.out.parent, registration_of_runs(arguments.out.parents[3])) as enter:
        if expected_device(settings.training.device) == "cuda":
            enter("waiting for a GPU")
        else:
            take_long_turns()
        with take_gpu(settings.training.device, arguments.gpu_slots, say):
            _train(arguments, settings, context, say, enter, imported)


def _verify_code(settings: RunSettings, digest: str) -> None:
    """Make sure that the code is the code that the record will name.

    Raises:
        UserError: a file was edited after the workflow started.
    """
    home = Path(seedwise.__file__).resolve().parents[1]
    if combine(ImageClassifier().code(settings, own_code(home, Path.cwd()), home)) != digest:
        raise UserError(
            "the training code has changed since this command was started, so the record would name code that did not "
            "produce its numbers. Run the command again: it then trains with the current code"
        )


def _train(
    arguments: argparse.Namespace,
    settings: RunSettings,
    context: Context,
    say: Callable[[str], None],
    enter: Callable[[str | None], None],
    imported: float,
) -> None:
    began = time.perf_counter()
    enter("importing")
    # These import torch, which then sees only this GPU.
    from seedwise.trainers.image_classifier.datasets.prepared import ensure_prepared
    from seedwise.trainers.image_classifier.training.checkpoint import CheckpointError
    from seedwise.trainers.image_classifier.training.run import Request, train_run

    for name in ImageClassifier().own_functions(settings):
        load_plugin(name)
    gc.freeze()
    gc.enable()
    if arguments.verify_code:  # now that all of it is in memory
        _verify_code(settings, arguments.code)
    enter("reading the data")
    dataset = settings.dataset.model_copy(update={"folder": context.folder})
    ensure_prepared(dataset, arguments.data, arguments.raw, arguments.card, say, arguments.made_of)
    verify_prepared(arguments.data)
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
    enter(None)
    set_aside(request.folder, say)
    try:
        record = train_run(request, Mirrors(trackers(context.tracking)), say=say)
    except CheckpointError as error:  # whole, but of something else
        why = str(error)
        set_aside(request.folder, say, lambda _: why)
        record = train_run(request, Mirrors(trackers(context.tracking)), say=say)
    uncommitted = context.uncommitted_of(arguments.variant)
    if record.provenance.commit and uncommitted is not None and record.provenance.uncommitted is None:
        # Training itself knows neither the study's file nor its own functions by name.
        write_record(arguments.out, replace(record, provenance=replace(record.provenance, uncommitted=uncommitted)))


if __name__ == "__main__":
    run_script(main, tidy=False)
