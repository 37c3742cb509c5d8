"""A tracker written by a user: one file with four members, named in the config."""

from __future__ import annotations

import sys

import pytest

from seedwise.tracking import Mirrors, TrackedRun
from seedwise.tracking.registry import trackers
from seedwise.tracking.settings import TrackingSettings

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
    assert (ids, said) == ({"notebook": "page 1"}, [])
    assert (tmp_path / "notebook.txt").read_text() == "tiny baseline-seed3\n1 0.5\nfinished 0.75\n"


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"my_tracker:Notebok": {}}, "my_tracker.py has no function or class Notebok; it has Notebook"),
        ({"no_such_module:Notebook": {}}, "found no module no_such_module"),
        ({"my_tracker:Notebook": {"pth": "x"}}, "unexpected keyword argument 'pth'"),
    ],
)
def test_a_mistake_in_it_is_a_warning(own, why, mirror):
    ids, said = mirror(own)
    assert ids == {}
    assert len(said) == 1
    assert "was not started" in said[0]
    assert why in said[0]


MORE = """
class Nameless:
    def __init__(self, **options):
        if options.get("fault") == "made":
            raise RuntimeError("no disk")
        self.fault = options.get("fault")

    def start(self, run):
        return "first id"

    def log(self, metrics, step):
        if self.fault == "log":
            raise RuntimeError("no disk")

    def finish(self, summary, status):
        pass

class Named(Nameless):
    name = "notebook"

    def start(self, run):
        return "page 2"

class NamedLater(Nameless):
    def __init__(self, called):
        super().__init__()
        self.name = called

class Strange(Nameless):
    name = 3
"""


@pytest.fixture
def more(mirror, tmp_path, monkeypatch):
    (tmp_path / "more_trackers.py").write_text(MORE)
    monkeypatch.delitem(sys.modules, "more_trackers", raising=False)
    return mirror


def test_a_tracker_without_a_name_gets_the_one_in_the_config(more):
    assert more({"more_trackers:Nameless": {}}) == ({"more_trackers:Nameless": "first id"}, [])
    assert more({"more_trackers:Strange": {}}) == ({"more_trackers:Strange": "first id"}, [])


def test_a_tracker_may_set_its_name_in_its_constructor(more):
    assert more({"more_trackers:NamedLater": {"called": "lab book"}}) == ({"lab book": "first id"}, [])


@pytest.mark.parametrize(
    ("fault", "consequence"), [("made", "was not started"), ("log", "misses what follows epoch 0")]
)
def test_warnings_use_the_trackers_own_name(fault, consequence, more):
    _, said = more({"more_trackers:Named": {"fault": fault}})
    assert said == [f"Warning: notebook {consequence} (no disk). The run continues; its record is complete."]


def test_trackers_with_the_same_name_keep_both_ids_and_are_reported(more, tmp_path):
    ids, said = more({"my_tracker:Notebook": {"path": str(tmp_path / "n.txt")}, "more_trackers:Named": {}})
    assert ids == {"notebook": "page 1", "notebook-2": "page 2"}
    assert said == [
        "Warning: two trackers are called notebook; the record has the id of the second under notebook-2. "
        "Give each tracker a name of its own."
    ]
    assert (tmp_path / "n.txt").read_text() == "tiny baseline-seed3\n1 0.5\nfinished 0.75\n"
