"""One run, from settings to record, on real images."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

from seedwise.config.context import Context, write_context
from seedwise.runs.record import checked, read_record
from seedwise.tracking import Mirrors
from seedwise.tracking.settings import TrackingSettings
from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES
from seedwise.trainers.image_classifier.settings import DatasetSettings
from seedwise.trainers.image_classifier.training import batches, loop, run
from seedwise.trainers.image_classifier.training.batches import split
from seedwise.trainers.image_classifier.training.run import train_run
from seedwise.trainers.image_classifier.training.setup import DeviceError
from tests.training.conftest import QUIET


def outcome(request):
    record = train_run(request, Mirrors([]), QUIET)
    with np.load(request.folder / "predictions.npz") as archive:
        return record.metrics, archive["correct"]


def test_a_run_writes_a_record_a_history_and_its_predictions(request_run):
    request = request_run()
    record = train_run(request, Mirrors([]), QUIET)
    assert read_record(request.record) == record
    assert record.status == "finished"
    assert set(record.metrics) == set(METRIC_NAMES)
    assert (record.sizes.train, record.sizes.validation, record.sizes.test) == (540, 60, 300)
    assert record.provenance.data_digest == images.load(request.data)[1]
    with np.load(request.folder / "predictions.npz") as archive:
        assert archive["correct"].mean() == record.metrics["test_accuracy"]
        assert archive["predicted"].shape == (300,)
    lines = (request.folder / "history.csv").read_text().splitlines()
    assert lines[0] == "epoch,train_loss,validation_loss,validation_accuracy,learning_rate,seconds"
    assert float(lines[2].split(",")[3]) == record.metrics["validation_accuracy"]
    assert not list(request.folder.glob("checkpoint*"))
    jsonschema.validate(json.loads(request.record.read_text()), checked().json_schema())


def test_same_seed_gives_the_same_metrics_to_the_last_digit_and_another_seed_does_not(request_run):
    changes = {"model": {"dropout": 0.3}, "augmentation": ["random_crop", "random_horizontal_flip"]}
    first, correct = outcome(request_run("a", seed=3, **changes))
    again, correct_again = outcome(request_run("b", seed=3, **changes))
    other, _ = outcome(request_run("c", seed=4, **changes))
    assert first == again
    np.testing.assert_array_equal(correct, correct_again)
    assert first["test_loss"] != other["test_loss"]


class PowerCutError(Exception):
    """Simulates a kill between two batches."""


@pytest.mark.parametrize("completed", [1, 2])
def test_a_run_that_died_resumes_after_its_last_epoch_and_ends_with_the_same_numbers(
    request_run, monkeypatch, completed
):
    changes = {"epochs": 3, "model": {"dropout": 0.3}, "augmentation": ["random_crop"]}
    expected, expected_correct = outcome(request_run("whole", **changes))
    request, trained = request_run("torn", **changes), []
    real = loop.train_epoch

    def die_in_next_epoch(*arguments, epoch, **more):
        def cut(step):
            if epoch == completed + 1 and step == 4:
                raise PowerCutError

        trained.append(epoch)
        return real(*arguments, epoch=epoch, on_batch=cut, **more)

    monkeypatch.setattr(run, "train_epoch", die_in_next_epoch)
    with pytest.raises(PowerCutError):
        train_run(request, Mirrors([]), QUIET)
    assert not request.record.exists()
    monkeypatch.setattr(run, "train_epoch", lambda *a, epoch, **k: trained.append(epoch) or real(*a, epoch=epoch, **k))
    metrics, correct = outcome(request)
    assert trained == [*range(1, completed + 2), *range(completed + 1, 4)]
    assert metrics == expected
    np.testing.assert_array_equal(correct, expected_correct)


def test_a_checkpoint_of_other_settings_or_code_is_not_resumed(request_run, monkeypatch):
    request = request_run()
    request.folder.mkdir()
    stale = request.folder / "checkpoint-0123-4567.pt"
    stale.write_bytes(b"of other settings")
    assert train_run(request, Mirrors([]), QUIET).epochs == 2
    assert not stale.exists()


def test_a_diverged_run_is_kept_as_diverged(request_run):
    record = train_run(request_run(learning_rate=1e30, schedule="constant"), Mirrors([]), QUIET)
    assert record.status == "diverged"
    assert record.reason == "loss is not finite in epoch 1"
    assert set(record.metrics.values()) == {None}


def test_a_second_process_waits_and_returns_the_record_of_the_first(request_run):
    request, said, records = request_run(epochs=3), [], []
    started = threading.Event()

    def first_says(line):
        started.set()

    threads = [
        threading.Thread(target=lambda: records.append(train_run(request, Mirrors([]), first_says))),
        threading.Thread(target=lambda: records.append(train_run(request, Mirrors([]), said.append))),
    ]
    threads[0].start()
    assert started.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join(60)
    assert records[0] == records[1]
    assert said[0].endswith("another process is training this run; waiting for it")
    assert said[-1] == "the other process finished it"


def test_the_test_set_is_used_once_at_the_end(request_run, monkeypatch):
    request, seen = request_run(epochs=3), []
    real = loop.evaluate

    def watch(model, examples, *more):
        seen.append(len(examples))
        return real(model, examples, *more)

    monkeypatch.setattr(run, "evaluate", watch)
    train_run(request, Mirrors([]), QUIET)
    assert seen == [60, 60, 60, 300]


def test_parts_do_not_overlap_and_the_split_follows_the_seed(tiny_data):
    data, _ = images.load(tiny_data)
    parts = split(data, DatasetSettings(validation_fraction=0.25), 0, torch.device("cpu"))
    whole = torch.cat([parts.train.images, parts.validation.images]).flatten(1)
    assert sorted(map(bytes, whole.numpy())) == sorted(map(bytes, data.train_images.reshape(600, -1)))
    assert torch.bincount(parts.validation.labels).tolist() == [15] * 10
    other = split(data, DatasetSettings(validation_fraction=0.25), 1, torch.device("cpu"))
    assert not torch.equal(parts.validation.images, other.validation.images)
    assert torch.equal(parts.test.images, other.test.images)
    pixels = parts.normalise(parts.train.images)
    assert abs(float(pixels.mean())) < 1e-5
    assert abs(float(pixels.std()) - 1) < 1e-4


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device whose absence is tested")
def test_a_missing_device_is_one_clear_line(request_run):
    request = request_run()
    changed = request.settings.model_copy(
        update={"training": request.settings.training.model_copy(update={"device": "cuda"})}
    )
    with pytest.raises(
        DeviceError, match=r"training\.device: found cuda, but torch finds no such device on this machine"
    ):
        train_run(replace(request, settings=changed), Mirrors([]), QUIET)


@pytest.mark.slow
def test_the_script_trains_by_hand(request_run, tmp_path):
    request = request_run("by-hand", epochs=1)
    command = [
        sys.executable,
        "workflow/scripts/train_run.py",
        "--study",
        "tiny",
        "--variant",
        "baseline",
        "--seed",
        "0",
    ]
    command += ["--settings", request.settings.canonical(), "--code", "c0de", "--data", request.data]
    context = Context(tracking=TrackingSettings.model_validate({"wandb": {"mode": "disabled"}}))
    command += ["--context", write_context(tmp_path, context), "--out", request.record]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "epoch 1/1" in answer.stdout
    assert read_record(request.record).timing.imports > 0


PLUGIN = """\
import gc
from torch import nn

class Model(nn.Module):
    def __init__(self, classes, size):
        super().__init__()
        self.head = nn.Linear(size * size, classes)

    def forward(self, images):
        print("garbage is collected:", gc.isenabled())
        return self.head(images.flatten(1))

def model(*, channels, classes, size, dropout):
    return Model(classes, size)
"""


@pytest.mark.slow
def test_garbage_is_collected_while_a_run_trains(request_run, tmp_path):
    (tmp_path / "own_models.py").write_text(PLUGIN)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(tmp_path)])}
    request = request_run("own", model={"name": "own_models:model"}, epochs=1)
    context = write_context(
        tmp_path, Context(tracking=TrackingSettings.model_validate({"wandb": {"mode": "disabled"}}))
    )
    command = [sys.executable, "workflow/scripts/train_run.py", "--study", "tiny"]
    command += ["--variant", "baseline", "--seed", "0", "--settings", request.settings.canonical(), "--code", "c0de"]
    command += ["--data", request.data, "--context", context, "--out", request.record]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert answer.returncode == 0, answer.stderr
    assert "garbage is collected: True" in answer.stdout
    assert "garbage is collected: False" not in answer.stdout


@pytest.mark.slow
def test_a_run_imports_neither_torchs_compiler_nor_the_launcher_of_wandb(request_run, tmp_path):
    request = request_run("results/tiny/runs/baseline/seed0", epochs=2)
    context = write_context(tmp_path, Context(tracking=TrackingSettings.model_validate({"wandb": {"mode": "offline"}})))
    command = [sys.executable, "-X", "importtime", "workflow/scripts/train_run.py", "--study", "tiny"]
    command += ["--variant", "baseline", "--seed", "0", "--settings", request.settings.canonical(), "--code", "c0de"]
    command += ["--data", request.data, "--context", context, "--out", request.record]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert {"torch", "wandb"} <= imported
    assert not imported & {"torch._dynamo", "torch._inductor", "sympy", "wandb.sdk.launch", "pandas", "matplotlib"}
    assert list(tmp_path.glob("**/offline-run-*/run-*.wandb"))


@pytest.mark.parametrize("n", [4, 5])
def test_images_are_normalised_by_the_training_pixels(n):
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (n, 2, 3, 3), dtype=np.uint8)
    found = batches._normalisation(pixels, torch.device("cpu"))
    np.testing.assert_allclose(found.mean.flatten(), pixels.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(found.std.flatten(), pixels.std(axis=(0, 2, 3)), rtol=1e-6)
