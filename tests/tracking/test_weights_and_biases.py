"""W&B: offline runs, and trackers whose failures never harm a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.config.study import WandbSettings
from seedwise.tracking import Mirrors, TrackedRun
from seedwise.tracking.weights_and_biases import WandbTracker, wandb_id

RUN = TrackedRun("my-study", "dropout", 3, {"model": {"dropout": 0.2}}, "0123456789ab", Path())

OFFLINE = """
import sys
from pathlib import Path
from seedwise.config.study import WandbSettings
from seedwise.tracking import Mirrors, TrackedRun
from seedwise.tracking.weights_and_biases import WandbTracker
names = {"validation_accuracy": "val_acc"}
settings = WandbSettings(mode="offline", project="ablation", name="{variant}-run-{seed}", metric_names=names)
mirrors = Mirrors([WandbTracker(settings)])
mirrors.start(TrackedRun("my-study", "dropout", 3, {"model": {"dropout": 0.2}}, "0123456789ab", Path(sys.argv[1])))
for epoch in (1, 2):
    mirrors.log({"train_loss": 1 / epoch, "validation_accuracy": epoch / 4}, step=epoch)
mirrors.finish({"test_accuracy": 0.75, "test_loss": None}, "finished")
"""


def inspect(path, *options):
    command = [Path(sys.executable).parent / "wandb", "leet", "inspect", "--json", *options, path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def offline_run(tmp_path):
    # The proxy refuses every connection, so any request would appear in the output.
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "-c", OFFLINE, tmp_path], capture_output=True, text=True, env=environment, check=True
        )
        assert answer.stderr == ""
    return tmp_path


@pytest.mark.slow
def test_an_offline_run_is_recorded_once_with_its_metrics(offline_run):
    directories = list(offline_run.glob("wandb/offline-run-*"))
    assert len(directories) == 1, "a rerun replaces the run and never doubles it"
    (file,) = directories[0].glob("*.wandb")
    assert file.stem == f"run-{wandb_id(RUN)}"
    run = json.loads(inspect(file, "--summary"))
    assert (run["project"], run["name"], run["state"]) == ("ablation", "dropout-run-3", "finished")
    assert run["config"] == {
        "study": "my-study",
        "variant": "dropout",
        "seed": 3,
        "settings": {"model": {"dropout": 0.2}},
    }
    assert run["summary"]["final/test_accuracy"] == 0.75
    assert run["summary"]["status"] == "finished"
    records = [json.loads(line) for line in inspect(file).splitlines()]
    history = [record["history"]["item"] for record in records if record["type"] == "history"]
    assert [(row["_step"], row["epoch"], row["train_loss"], row["val_acc"]) for row in history] == [
        (1, 1, 1.0, 0.25),
        (2, 2, 0.5, 0.5),
    ]
    assert "validation_accuracy" not in history[0]
    assert any("my-study" in json.dumps(record) for record in records if record["type"] == "run"), "the group"


def test_the_id_depends_on_what_the_run_is():
    ids = {
        wandb_id(TrackedRun(study, variant, seed, {}, digest, Path()))
        for study in ("a", "b")
        for variant in ("x", "y")
        for seed in (0, 1)
        for digest in ("0", "1")
    }
    assert len(ids) == 16
    assert wandb_id(RUN) == wandb_id(RUN)


class BrokenTracker:
    name = "broken"

    def __init__(self, where, error):
        self.where, self.error, self.calls = where, error, []

    def start(self, run):
        return self._call("start")

    def log(self, metrics, step):
        self._call("log")

    def finish(self, summary, status):
        self._call("finish")

    def _call(self, name):
        self.calls.append(name)
        if name == self.where:
            raise self.error
        return "id"


@pytest.mark.parametrize("where", ["start", "log", "finish"])
@pytest.mark.parametrize("error", [RuntimeError("disk full"), SystemExit(1), OSError(28, "No space left on device")])
def test_a_broken_tracker_is_a_warning_and_the_others_continue(where, error):
    broken, sound, said = BrokenTracker(where, error), BrokenTracker(None, None), []
    sound.name = "sound"
    mirrors = Mirrors([broken, sound], warn=said.append)
    mirrors.start(RUN)
    mirrors.log({"loss": 1.0}, step=1)
    mirrors.log({"loss": 1.0}, step=2)
    mirrors.finish({}, "finished")
    assert sound.calls == ["start", "log", "log", "finish"]
    assert broken.calls[-1] == where
    assert len(said) == 1
    assert said[0].startswith("Warning: broken ")
    assert said[0].endswith("The run continues; its record is complete.")


def test_an_interrupt_by_the_user_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        Mirrors([BrokenTracker("start", KeyboardInterrupt())]).start(RUN)


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path):
    said = []
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    run = TrackedRun("s", "v", 0, {}, "0", blocked)
    Mirrors([WandbTracker(WandbSettings())], warn=said.append).start(run)
    assert len(said) == 1
    assert "wandb was not started" in said[0]
