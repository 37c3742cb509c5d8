"""Sources of randomness held fixed: only those that vary follow the run's seed."""

from __future__ import annotations

import pytest

from seedwise.tracking import Mirrors
from seedwise.trainers.image_classifier.settings import (
    STREAMS,
    DatasetSettings,
    ModelSettings,
    RunSettings,
    TrainingSettings,
)
from seedwise.trainers.image_classifier.training.run import Request, train_run
from seedwise.trainers.image_classifier.training.seeding import FIXED_SEED, Streams


@pytest.fixture
def metrics(tmp_path, tiny_data):
    def train(seed, **training):
        settings = RunSettings(
            dataset=DatasetSettings(),
            model=ModelSettings(dropout=0.3),
            training=TrainingSettings(epochs=1, precision="fp32", augmentation=("random_crop",), **training),
        )
        folder = tmp_path / f"{seed}-{'-'.join(training.get('vary', ('default',)))}"
        request = Request("tiny", "baseline", seed, settings, "c0de", tiny_data, folder, tmp_path)
        return train_run(request, Mirrors([]), lambda _: None).metrics

    return train


def test_a_stream_follows_the_runs_seed_or_the_fixed_seed():
    streams = Streams(7, ("init", "split"))
    assert {stream: streams.seed_of(stream) for stream in STREAMS} == {
        "init": 7,
        "split": 7,
        "order": FIXED_SEED,
        "augmentation": FIXED_SEED,
        "dropout": FIXED_SEED,
    }
    assert {Streams(7).seed_of(stream) for stream in STREAMS} == {7}


def test_varying_everything_is_the_default_to_the_last_digit(metrics):
    assert metrics(3) == metrics(3, vary=tuple(reversed(STREAMS)))


def test_with_nothing_varying_all_seeds_give_the_run_of_the_fixed_seed(metrics):
    assert metrics(1, vary=()) == metrics(2, vary=()) == metrics(FIXED_SEED)


@pytest.mark.parametrize("stream", STREAMS)
def test_each_source_alone_makes_seeds_differ(metrics, stream):
    assert metrics(1, vary=(stream,))["train_loss"] != metrics(2, vary=(stream,))["train_loss"]
