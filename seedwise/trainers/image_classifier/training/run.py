"""One run, from settings to record: the only place that sees the whole of training."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seedwise.basics.files import atomic_write, hold_lock, write_text
from seedwise.runs.commit import git_state
from seedwise.runs.record import (
    Provenance,
    RecordError,
    RunRecord,
    Sizes,
    Status,
    Timing,
    read_record,
    write_record,
)
from seedwise.tracking import Mirrors, TrackedRun
from seedwise.trainers.image_classifier.metrics import HISTORY, METRIC_NAMES
from seedwise.trainers.image_classifier.settings import RunSettings
from seedwise.trainers.image_classifier.training import checkpoint, provenance
from seedwise.trainers.image_classifier.training.freezing import set_trainable
from seedwise.trainers.image_classifier.training.loop import Evaluation, at_chance, evaluate, is_finite, train_epoch
from seedwise.trainers.image_classifier.training.setup import set_up


@dataclass(frozen=True)
class Request:
    """What to train, on which data, and where the results go."""

    study: str
    variant: str
    seed: int
    settings: RunSettings
    code_digest: str
    data: Path
    folder: Path
    tracking_folder: Path
    data_made_of: str | None = None
    import_seconds: float = 0.0

    @property
    def record(self) -> Path:
        """Path of the run record."""
        return self.folder / "metrics.json"

    @property
    def history(self) -> Path:
        """Path of the history, which has one row per epoch."""
        return self.folder / "history.csv"


def train_run(request: Request, mirrors: Mirrors, say: Callable[[str], None] = print) -> RunRecord:
    """Train, validate, test once, and write metrics.json, history.csv and predictions.npz into the run's folder.

    Only one process at a time can train a run. A second one waits, and returns the first one's record if it fits.
    """
    waited = False

    def wait() -> None:
        nonlocal waited
        waited = True
        say(f"{request.variant} seed {request.seed}: another process is training this run; waiting for it")

    with hold_lock(request.folder / ".lock", wait):
        if waited and (record := _finished_elsewhere(request)) is not None:
            say("the other process finished it")
            return record
        return _train(request, mirrors, say)


def _train(request: Request, mirrors: Mirrors, say: Callable[[str], None]) -> RunRecord:
    began = time.perf_counter()
    settings, seed = request.settings, request.seed
    training = settings.training
    made = set_up(settings, seed, request.data, say)
    learner, parts = made.learner, made.parts
    identity = f"{settings.digest()}-{request.code_digest}-{made.data_digest[:12]}-{learner.precision}"
    resume_from = request.folder / f"checkpoint-{identity}.pt"
    for stale in request.folder.glob("checkpoint-*.pt"):
        if stale != resume_from:
            stale.unlink()
    progress = checkpoint.restore(resume_from, made.state, made.device)
    if progress.epoch:
        say(f"resuming after epoch {progress.epoch}")
    data_seconds = time.perf_counter() - began

    clock = _Clock()
    with clock.tracking:
        mirrors.start(
            TrackedRun(
                request.study,
                request.variant,
                seed,
                json.loads(settings.canonical()),
                settings.digest(),
                request.tracking_folder,
            )
        )
        for row in progress.history:
            mirrors.log({key: value for key, value in row.items() if key != "epoch"}, step=int(row["epoch"]))

    diverged = None
    while progress.epoch < training.epochs:
        epoch, started = progress.epoch + 1, time.perf_counter()
        with clock.train:
            set_trainable(learner.model, settings.model, epoch)
            train_loss = train_epoch(learner, parts.train, streams=made.streams, epoch=epoch)
        with clock.evaluate:
            validation = evaluate(learner.evaluated, parts.validation, learner.normalise, learner.precision)
        if not is_finite(train_loss, validation.loss):
            diverged = f"loss is not finite in epoch {epoch}"
            break
        row = {
            "epoch": epoch,
            "train_loss": train_loss,
            "validation_loss": validation.loss,
            "validation_accuracy": validation.accuracy,
            "learning_rate": float(learner.optimizer.param_groups[-1]["lr"]),
            "seconds": time.perf_counter() - started,
        }
        progress.history.append(row)
        progress.epoch = epoch
        progress.seconds += row["seconds"]
        if epoch < training.epochs:
            checkpoint.save(resume_from, progress, made.state)
        _write_history(request.history, progress.history)  # after each epoch, so that progress can be watched
        say(
            f"epoch {epoch}/{training.epochs}  train loss {train_loss:.4f}  validation loss {validation.loss:.4f}  "
            f"validation accuracy {validation.accuracy:.4f}  {row['seconds']:.1f} s"
        )
        with clock.tracking:
            mirrors.log({key: value for key, value in row.items() if key != "epoch"}, step=epoch)

    metrics: dict[str, float | None] = dict.fromkeys(METRIC_NAMES)
    with clock.evaluate:
        test = evaluate(learner.evaluated, parts.test, learner.normalise, learner.precision)
    if diverged is None:
        last = progress.history[-1]
        metrics = {
            "test_accuracy": test.accuracy,
            "test_loss": test.loss,
            **{name: last[name] for name in METRIC_NAMES if name in last},
        }
        chance = 1 / parts.classes if training.chance_accuracy is None else training.chance_accuracy
        diverged = at_chance(last["validation_accuracy"], len(parts.validation), chance)
    status: Status = "finished" if diverged is None else "diverged"
    with clock.tracking:
        mirrors.finish(metrics, status)
    _write_history(request.history, progress.history)
    _write_predictions(request.folder / "predictions.npz", test)
    commit, dirty = git_state(Path.cwd())
    record = RunRecord(
        study=request.study,
        variant=request.variant,
        seed=seed,
        status=status,
        reason=diverged,
        metrics=metrics,
        epochs=progress.epoch,
        settings=json.loads(settings.canonical()),
        sizes=Sizes(
            train=len(parts.train),
            validation=len(parts.validation),
            test=len(parts.test),
            parameters=sum(parameter.numel() for parameter in learner.model.parameters() if parameter.requires_grad),
        ),
        provenance=Provenance(
            commit=commit,
            dirty=dirty,
            versions=provenance.versions(made.device),
            hardware=provenance.hardware(made.device),
            device=made.device.type,
            precision=learner.precision,
            determinism=training.determinism,
            threads=training.threads,
            settings_digest=settings.digest(),
            code_digest=request.code_digest,
            data_digest=made.data_digest,
            data=request.data_made_of,
        ),
        timing=Timing(
            total=request.import_seconds + time.perf_counter() - began,
            imports=request.import_seconds,
            data=data_seconds,
            train=clock.train.seconds,
            evaluate=clock.evaluate.seconds,
            tracking=clock.tracking.seconds,
        ),
        tracking=mirrors.ids,
    )
    write_record(request.record, record)
    resume_from.unlink(missing_ok=True)
    why = "" if diverged is None else f": {diverged}"
    say(f"{request.variant} seed {seed}: {status}{why}, test accuracy {test.accuracy:.4f}")
    return record


def _finished_elsewhere(request: Request) -> RunRecord | None:
    try:
        record = read_record(request.record)
    except RecordError:
        return None
    origin = record.provenance
    made_with = origin.settings_digest, origin.code_digest, origin.data
    return record if made_with == (request.settings.digest(), request.code_digest, request.data_made_of) else None


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, HISTORY, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, stream.getvalue())


def _write_predictions(path: Path, test: Evaluation) -> None:
    with atomic_write(path) as stream:
        np.savez_compressed(stream, correct=test.correct, predicted=test.predicted.astype(np.int16))


class _Stopwatch:
    """Sums the seconds spent inside its `with` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began


class _Clock:
    def __init__(self) -> None:
        self.train, self.evaluate, self.tracking = _Stopwatch(), _Stopwatch(), _Stopwatch()
