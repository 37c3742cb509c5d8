"""What tests of training share: requests of runs on the tiny cut."""

from __future__ import annotations

import pytest

from seedwise.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings
from seedwise.training.run import Request

QUIET = lambda _: None  # noqa: E731


def settings(model=None, dataset=None, **training):
    return RunSettings(
        dataset=DatasetSettings(**(dataset or {})),
        model=ModelSettings(**(model or {})),
        training=TrainingSettings(**{"epochs": 2, "precision": "fp32", **training}),
    )


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
    """Set up a run and train it for an epoch on its first examples; returns the set-up and the mean loss."""
    from seedwise.training.batches import Examples
    from seedwise.training.loop import train_epoch
    from seedwise.training.setup import set_up
    from seedwise.training.trainable import set_trainable

    def train(n=64, epoch=1, seed=0, **changes):
        chosen = settings(**changes)
        made = set_up(chosen, seed, tiny_data, QUIET)
        examples = Examples(made.parts.train.images[:n], made.parts.train.labels[:n])
        set_trainable(made.learner.model, chosen.model, epoch)
        return made, train_epoch(made.learner, examples, streams=made.streams, epoch=epoch)

    return train
