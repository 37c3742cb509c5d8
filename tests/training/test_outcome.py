"""How a run ends and what its record says: divergence, determinism levels, provenance."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from seedwise.runs.record import read_record
from seedwise.tracking import Mirrors
from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.training import loop, provenance
from seedwise.trainers.image_classifier.training.run import train_run
from seedwise.trainers.image_classifier.training.setup import compile_model, set_determinism, set_up
from tests.training.conftest import QUIET, train_on


@pytest.fixture(autouse=True)
def _back_to_default():
    yield
    set_determinism("off")


AT_CHANCE = re.compile(
    r"validation accuracy 0\.\d{4} is no better than chance \(0\.1000 plus 3 standard errors is 0\.2162\)"
)


def test_a_run_at_chance_is_diverged_and_keeps_its_numbers(request_run):
    request, said = request_run(learning_rate=1e-7), []
    record = train_run(request, Mirrors([]), said.append)
    assert record.status == "diverged"
    assert AT_CHANCE.fullmatch(record.reason)
    assert record.metrics["validation_accuracy"] <= 0.2162
    assert all(math.isfinite(value) for value in record.metrics.values())
    assert record.epochs == 2
    assert read_record(request.record) == record
    assert said[-1].startswith(f"baseline seed 0: diverged: {record.reason}, test accuracy 0.")


def test_a_run_on_shuffled_labels_is_at_chance(tiny_data, tmp_path):
    data, _ = images.load(tiny_data)
    shuffled = np.random.default_rng(0).permutation(data.train_labels)
    record, losses = train_on(replace(data, train_labels=shuffled), tmp_path / "shuffled")
    assert (record.status, bool(AT_CHANCE.fullmatch(record.reason))) == ("diverged", True)
    assert all(math.isfinite(value) for value in (*losses, *record.metrics.values()))


def test_a_run_whose_loss_is_not_finite_is_diverged_and_has_no_numbers(request_run):
    record = train_run(request_run(learning_rate=1e30, schedule="constant"), Mirrors([]), QUIET)
    assert (record.status, record.reason) == ("diverged", "loss is not finite in epoch 1")
    assert set(record.metrics.values()) == {None}


def test_the_study_says_what_chance_is(request_run):
    unlearned = train_run(request_run("off", learning_rate=1e-7, chance_accuracy=0), Mirrors([]), QUIET)
    assert (unlearned.status, unlearned.reason) == ("finished", None)
    learned = train_run(request_run("high", epochs=4, chance_accuracy=0.85), Mirrors([]), QUIET)
    assert (learned.status, "chance (0.8500 plus 3 standard errors is 0.9883)" in learned.reason) == ("diverged", True)
    assert learned.settings["training"]["chance_accuracy"] == 0.85
    assert "chance_accuracy" not in train_run(request_run("usual"), Mirrors([]), QUIET).settings["training"]


def test_at_chance_is_within_three_standard_errors_of_a_guess():
    limit = 0.1 + 3 * math.sqrt(0.09 / 1000)
    assert loop.at_chance(limit - 1e-9, 1000, 0.1) is not None
    assert loop.at_chance(limit + 1e-9, 1000, 0.1) is None
    assert loop.at_chance(0.5, 10_000, 0.5) is not None
    assert loop.at_chance(0.0, 10_000, 0.0) is None


def test_few_examples_that_not_even_a_perfect_model_would_pass_say_nothing():
    assert loop.at_chance(1.0, 9, 0.5) is loop.at_chance(0.5, 9, 0.5) is None
    assert loop.at_chance(1.0, 10, 0.5) is None
    assert loop.at_chance(0.5, 10, 0.5) is not None
    assert loop.at_chance(1.0, 1000, 1.0) is None  # one class only


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_that_learns_is_finished_whatever_its_precision(request_run, precision):
    record = train_run(request_run(epochs=4, precision=precision), Mirrors([]), QUIET)
    assert (record.status, record.reason) == ("finished", None)
    assert record.provenance.precision == precision


@pytest.mark.parametrize("level", ["off", "warn", "error"])
def test_determinism_levels_are_set_and_recorded(request_run, level):
    record = train_run(request_run(level, determinism=level, epochs=1), Mirrors([]), QUIET)
    assert record.provenance.determinism == level
    assert torch.get_deterministic_debug_mode() == {"off": 0, "warn": 1, "error": 2}[level]


def test_the_level_error_stops_at_an_operation_without_a_deterministic_form():
    values, target = torch.ones(3), torch.zeros(3)
    set_determinism("error")
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        target.put_(torch.tensor([0, 0, 1]), values)
    set_determinism("warn")
    with pytest.warns(UserWarning, match="does not have a deterministic implementation"):
        target.put_(torch.tensor([0, 0, 1]), values)
    set_determinism("off")
    target.put_(torch.tensor([0, 0, 1]), values)


def test_determinism_levels_agree_to_the_last_digit_on_a_cpu(request_run):
    metrics = [
        train_run(request_run(level, determinism=level, device="cpu"), Mirrors([]), QUIET).metrics
        for level in ("off", "error")
    ]
    assert metrics[0] == metrics[1]


@pytest.mark.parametrize("level", [True, "cuda_graphs"])
def test_compile_is_reported_as_not_used_on_a_cpu(request_run, level):
    said = []
    request = request_run(compile=level, device="cpu")
    set_up(request.settings, 0, request.data, said.append)
    assert said == ["training.compile: not used on cpu, where it brings no gain"]


@pytest.mark.parametrize(("level", "mode"), [(True, "default"), ("cuda_graphs", "reduce-overhead")])
def test_compile_on_cuda_compiles_in_place_so_that_checkpoints_fit_either_way(level, mode, monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "compile", lambda function, **options: asked.append(options) or function)
    model, said = torch.nn.Linear(2, 2), []
    compile_model(model, level, torch.device("cuda"), said.append)
    assert asked == [{"mode": mode, "dynamic": False}]
    assert (said, list(model.state_dict())) == ([], ["weight", "bias"])
    assert model(torch.ones(1, 2)).shape == (1, 2)


def test_versions_name_the_software_that_computed(monkeypatch):
    assert {"python", "torch", "torchvision", "numpy"} <= set(provenance.versions(torch.device("cpu")))
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91000)
    found = provenance.versions(torch.device("cuda"))
    assert (found["cuda"], found["cudnn"]) == ("13.0", "91000")
