"""A tracker of the user's own: one file with four members, named in the config."""

from __future__ import annotations

import sys

import pytest

from seedwise.tracking import Mirrors, TrackedRun
from seedwise.tracking.registry import trackers
from seedwise.tracking.settings import EPOCH_METRICS, TrackingSettings
from seedwise.trainers.image_classifier.training.run import HISTORY

TRACKER = """
from pathlib import Path

class Notebook:
    name = "notebook"

    def __init__(self, path):
        self.path = Path(path)

    def start(self, run):
        self.path.write_text(f"{run.study} {run.name}\\n")
        return "page 1"

    def log(self, metrics, step):
        self.write(f"{step} {metrics['train_loss']}")

    def finish(self, summary, status):
        self.write(f"{status} {summary['test_accuracy']}")

    def write(self, line):
        with self.path.open("a") as stream:
            stream.write(line + "\\n")
"""


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    (tmp_path / "my_tracker.py").write_text(TRACKER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_tracker", raising=False)

    def mirror(own):
        said = []
        settings = TrackingSettings.model_validate({"wandb": {"mode": "disabled"}, "own": own})
        mirrors = Mirrors(trackers(settings), warn=said.append)
        mirrors.start(TrackedRun("tiny", "baseline", 3, {}, "0", tmp_path))
        mirrors.log({"train_loss": 0.5}, step=1)
        mirrors.finish({"test_accuracy": 0.75}, "finished")
        return mirrors.ids, said

    return mirror


def test_one_file_is_a_tracker(mirror, tmp_path):
    ids, said = mirror({"my_tracker:Notebook": {"path": str(tmp_path / "notebook.txt")}})
    assert (ids, said) == ({"my_tracker:Notebook": "page 1"}, [])
    assert (tmp_path / "notebook.txt").read_text() == "tiny baseline-seed3\n1 0.5\nfinished 0.75\n"


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"my_tracker:Notebok": {}}, "my_tracker has no function Notebok"),
        ({"no_such_module:Notebook": {}}, "cannot import no_such_module"),
        ({"my_tracker:Notebook": {"pth": "x"}}, "unexpected keyword argument 'pth'"),
    ],
)
def test_a_mistake_in_it_is_a_warning(own, why, mirror):
    ids, said = mirror(own)
    assert ids == {}
    assert len(said) == 1
    assert "was not started" in said[0]
    assert why in said[0]


def test_the_metrics_that_may_be_renamed_are_those_of_a_run():
    assert EPOCH_METRICS == HISTORY
