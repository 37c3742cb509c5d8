"""The lines on an image classifier in the report's Setup section."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seedwise.config.study import DatasetSettings, ModelSettings, RunSettings, TrainingSettings
from seedwise.runs.record import Sizes
from seedwise.trainers.image_classifier.metrics import CURVES, HISTORY, METRIC_NAMES
from seedwise.trainers.image_classifier.setup_lines import setup_lines
from seedwise.trainers.image_classifier.trainer import ImageClassifier

RECORD = SimpleNamespace(sizes=Sizes(train=54000, validation=6000, test=10000, parameters=98442))


def settings(**training):
    return RunSettings(dataset=DatasetSettings(), model=ModelSettings(), training=TrainingSettings(**training))


def test_the_lines_say_what_was_trained_on_what():
    lines = setup_lines(settings(), RECORD)
    assert lines["Dataset"] == "Fashion-MNIST: 54 000 training, 6 000 validation and 10 000 test images"
    assert lines["Architecture"] == "small_cnn, 98 442 parameters"
    assert lines["Optimizer"].startswith("sgd, learning rate 0.05, momentum 0.9, one_cycle schedule, batch size ")
    assert lines["Epochs"].endswith("; the last epoch's weights are tested, once")


def test_momentum_and_weight_decay_are_named_only_where_they_are_used():
    optimizer = setup_lines(settings(optimizer="adamw", weight_decay=0.01), RECORD)["Optimizer"]
    assert "momentum" not in optimizer
    assert "weight decay 0.01" in optimizer


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_every_metric_has_curves_that_are_in_the_history(metric):
    assert set(ImageClassifier().curves(metric)) <= set(HISTORY)
    assert ImageClassifier().curves(metric)


def test_an_unknown_metric_has_no_curves():
    assert set(CURVES) == set(METRIC_NAMES)
    assert ImageClassifier().curves("f1") == ()
