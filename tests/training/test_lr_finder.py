"""The learning-rate finder: fastai's suggestions on known curves, a test on real images, and its figure."""

import json
import subprocess
import sys

import numpy as np
import pytest

from seedwise.basics.errors import UserError
from seedwise.report.figures.lr_finder import plot_lr_finder
from seedwise.trainers.image_classifier.training.lr_finder import (
    HIGHEST,
    LOWEST,
    STEPS,
    find_learning_rate,
    suggestions,
)
from tests.training.conftest import QUIET, settings

RATES = np.logspace(-7, 0, 85)


def test_suggestions_on_a_curve_whose_answers_are_known():
    # Flat until index 20, falling in a line until 60, then rising; steepest at 40.
    loss = np.concatenate([np.full(20, 3.0), np.linspace(3, 1, 41), np.linspace(1.1, 3, 24)])
    loss[41:61] -= 0.3
    loss[61:] += 0.5
    found = suggestions(RATES, loss)
    assert found["steep"] == pytest.approx(RATES[40])
    assert found["minimum"] == pytest.approx(RATES[60] / 10)
    assert RATES[33] < found["valley"] < RATES[47]


def test_steep_is_not_after_the_explosion():
    loss = np.concatenate([np.linspace(2.3, 2.2, 60), [9.0, 3.0, 2.9], np.full(22, 2.9)])
    assert suggestions(RATES, loss)["steep"] < RATES[60]


@pytest.fixture(scope="module")
def found(tiny_data):
    return find_learning_rate(settings(batch_size=32, augmentation=["random_crop"]), 0, tiny_data, QUIET)


def test_the_range_test_raises_the_rate_until_the_loss_explodes(found):
    rates, losses = np.array(found["learning_rates"]), np.array(found["losses"])
    assert rates[0] == LOWEST
    assert len(rates) == len(losses) <= STEPS
    np.testing.assert_allclose(np.diff(np.log(rates)), np.log(HIGHEST / LOWEST) / STEPS)
    assert losses[:20].mean() == pytest.approx(np.log(10), abs=0.1)
    assert losses.min() < losses[0] - 0.01
    assert set(found["suggestions"]) == {"valley", "steep", "minimum"}
    assert all(LOWEST < rate < HIGHEST for rate in found["suggestions"].values())


def test_it_is_repeatable_to_the_last_digit(found, tiny_data):
    assert find_learning_rate(settings(batch_size=32, augmentation=["random_crop"]), 0, tiny_data, QUIET) == found


def test_the_range_test_works_with_two_groups_and_a_frozen_body(tiny_data):
    changes = {"model": {"trainable": "head"}, "learning_rate_ratio": 0.1, "mixup": 0.2, "batch_size": 32}
    assert len(find_learning_rate(settings(**changes), 0, tiny_data, QUIET)["losses"]) > 20


def test_a_loss_that_explodes_at_once_is_an_error(tiny_data, monkeypatch):
    monkeypatch.setattr("seedwise.trainers.image_classifier.training.lr_finder.LOWEST", 1e25)
    monkeypatch.setattr("seedwise.trainers.image_classifier.training.lr_finder.HIGHEST", 1e30)
    with pytest.raises(UserError, match=r"lr_finder: the loss exploded after \d+ steps"):
        find_learning_rate(settings(), 0, tiny_data, QUIET)


@pytest.mark.slow
def test_the_scripts_write_json_and_figures(tmp_path, tiny_data):
    test, png, svg = tmp_path / "test.json", tmp_path / "test.png", tmp_path / "test.svg"
    command = [sys.executable, "workflow/scripts/lr_range_test.py", "--settings", settings(batch_size=32).canonical()]
    command += ["--seed", "0", "--data", tiny_data, "--out", test]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line.split(":")[0] for line in answer.stdout.splitlines()] == ["valley", "steep", "minimum"]
    plot_lr_finder(json.loads(test.read_text()), "Range test", png, svg)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "mathdefault" not in svg.read_text()
