"""Fixtures of the training tests: requests for runs on the tiny subset."""

from __future__ import annotations

import csv

import pytest

from seedwise.tracking import Mirrors
from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings
from seedwise.trainers.image_classifier.training.run import Request, train_run

QUIET = lambda _: None  # noqa: E731


def settings(model=None, dataset=None, **training):
    return RunSettings(
        dataset=DatasetSettings(**(dataset or {})),
        model=ModelSettings(**(model or {})),
        training=TrainingSettings(**{"epochs": 2, "precision": "fp32", **training}),
    )


def train_on(data, folder, **changes):
    """Train a run on prepared data; returns its record and the training loss of each epoch."""
    folder.mkdir()
    images.save(folder / "data.npz", data)
    request = Request(
        study="made",
        variant="baseline",
        seed=0,
        settings=settings(**changes),
        code_digest="c0de",
        data=folder / "data.npz",
        folder=folder / "run",
        tracking_folder=folder,
    )
    record = train_run(request, Mirrors([]), QUIET)
    with request.history.open() as table:
        return record, [float(row["train_loss"]) for row in csv.DictReader(table)]


@pytest.fixture
def request_run(tmp_path, tiny_data):
    def make(name="run", seed=0, **changes):
        return Request(
            study="tiny",
            variant="baseline",
            seed=seed,
            settings=settings(**changes),
            code_digest="c0de",
            data=tiny_data,
            folder=tmp_path / name,
            tracking_folder=tmp_path,
        )

    return make


@pytest.fixture
def first_steps(tiny_data):
    """Return a function that trains a run for an epoch on its first examples and returns its set-up and mean loss."""
    from seedwise.trainers.image_classifier.training.batches import Examples
    from seedwise.trainers.image_classifier.training.freezing import set_trainable
    from seedwise.trainers.image_classifier.training.loop import train_epoch
    from seedwise.trainers.image_classifier.training.setup import set_up

    def train(n=64, epoch=1, seed=0, **changes):
        chosen = settings(**changes)
        made = set_up(chosen, seed, tiny_data, QUIET)
        examples = Examples(made.parts.train.images[:n], made.parts.train.labels[:n])
        set_trainable(made.learner.model, chosen.model, epoch)
        return made, train_epoch(made.learner, examples, streams=made.streams, epoch=epoch)

    return train
