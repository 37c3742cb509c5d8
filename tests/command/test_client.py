"""`seedwise.result`, `seedwise.log` and `seedwise.scores`, called from processes of their own."""

from __future__ import annotations

import ast
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import seedwise
from seedwise.trainers.command.outputs.reading import Scores, read_history, read_scores
from tests.command.places import make_place, read

ROOT = Path(__file__).parents[2]
VARIABLES = {"SEEDWISE_RESULTS": "results.json", "SEEDWISE_HISTORY": "history.jsonl", "SEEDWISE_SCORES": "scores.jsonl"}
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder, and the environment that names its files."""
    for variable, file in VARIABLES.items():
        monkeypatch.setenv(variable, str(tmp_path / file))
    for variable in RANKS:
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_what_is_reported_is_read(study: Path) -> None:
    place = make_place(study)
    seedwise.result(val_bpb=1.47, loss=math.nan)
    seedwise.result({"val/acc": np.float32(0.5), "top": -math.inf, "tensor": torch.tensor([0.25])}, val_bpb=1)
    found = read("logged", place)
    assert math.isnan(found.pop("loss"))
    assert found == {"val_bpb": 1, "val/acc": 0.5, "top": -math.inf, "tensor": 0.25}
    seedwise.log(1, train_loss=2.0)
    seedwise.log(np.int64(2), {"val/loss": torch.tensor(0.5)}, train_loss=math.inf)
    assert read_history("logged", place) == [
        {"step": 1, "train_loss": 2},
        {"step": 2, "train_loss": math.inf, "val/loss": 0.5},
    ]
    seedwise.scores(np.arange(2), [True, 0.5], clusters=np.array(["a", "b"]))
    assert read_scores("logged", place) == Scores(["0", "1"], [1, 0.5], ["a", "b"])
    seedwise.scores(["x"], torch.tensor([0.1]))
    found_scores = read_scores(None, place)
    assert found_scores is not None
    assert found_scores.clusters is None
    assert sorted(path.name for path in study.iterdir()) == sorted([*VARIABLES.values(), "log.txt", "out"])
    for file in ("results.json", "history.jsonl", "scores.jsonl"):
        for line in (study / file).read_text().splitlines() if file != "results.json" else [(study / file).read_text()]:
            json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("value", ["0.5", None, True, [1], {}, np.zeros(2), torch.zeros(2), 1j, b"1"])
def test_what_is_not_a_number_is_an_error_that_names_it(value: object, study: Path) -> None:
    with pytest.raises(TypeError, match="val_bpb"):
        seedwise.result(val_bpb=value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="train_loss"):
        seedwise.log(1, train_loss=value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="step"):
        seedwise.log(value)  # type: ignore[arg-type]
    assert list(study.iterdir()) == []


def test_scores_that_do_not_fit_together(study: Path) -> None:
    with pytest.raises(ValueError, match="2 ids, but 1 values"):
        seedwise.scores([1, 2], [0.5])
    with pytest.raises(ValueError, match="2 ids, but 3 clusters"):
        seedwise.scores([1, 2], [0.5, 1], [1, 2, 3])
    with pytest.raises(ValueError, match="the id 'a' is there twice"):
        seedwise.scores(["a", "b", "a"], [0, 0, 0])
    assert list(study.iterdir()) == []


def test_outside_a_study_nothing_is_written(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study)
    for variable in VARIABLES:
        monkeypatch.delenv(variable)
    seedwise.result(acc=1)
    seedwise.log(1, acc=1)
    seedwise.scores([1], [1])
    assert list(study.iterdir()) == []
    with pytest.raises(TypeError, match="acc"):
        seedwise.result(acc="1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ranks", "writes"),
    [
        ({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "4"}, True),
        ({"RANK": "0", "SLURM_PROCID": "1"}, True),
        ({"RANK": "4", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        ({"LOCAL_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"SLURM_PROCID": "0", "LOCAL_RANK": ""}, True),
        ({"SLURM_PROCID": "3"}, False),
    ],
)
def test_only_the_first_of_several_processes_writes(
    ranks: dict[str, str], writes: bool, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ranks.items():
        monkeypatch.setenv(name, value)
    seedwise.result(acc=1)
    seedwise.log(1, acc=1)
    seedwise.scores([1], [1])
    assert len(list(study.iterdir())) == (3 if writes else 0)


def test_a_killed_run_keeps_every_line_that_it_logged(study: Path) -> None:
    program = """
import os, signal, seedwise
for step in range(100):
    seedwise.log(step, loss=1 / (step + 1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    rows = read_history("logged", make_place(study))
    assert rows == [{"step": step, "loss": 1 / (step + 1)} for step in range(100)]


def call(folder: Path, returned: str) -> subprocess.CompletedProcess[str]:
    """Call a function as a run."""
    (folder / "mine.py").write_text(
        f"def run(settings, seed, run):\n    run.log(1, {{'val/loss': 0.5}}, lr=0.1)\n    return {returned}\n"
    )
    (folder / "settings.json").write_text("{}")
    words = [sys.executable, "-m", "seedwise.call", "mine:run", "settings.json"]
    files = {name: str(folder / name) for name in ("SEEDWISE_RESULTS", "SEEDWISE_HISTORY")}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **files}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_function_returns_and_logs_metrics_with_any_name(tmp_path: Path) -> None:
    assert call(tmp_path, "{'test/acc': 0.75}").returncode == 0
    assert json.loads((tmp_path / "SEEDWISE_RESULTS").read_text()) == {"test/acc": 0.75}
    assert json.loads((tmp_path / "SEEDWISE_HISTORY").read_text()) == {"step": 1, "val/loss": 0.5, "lr": 0.1}
    assert "the name of a metric is 3; need text" in call(tmp_path, "{3: 0.75}").stderr


def test_importing_needs_only_the_standard_library() -> None:
    """And next to nothing of it, so that it costs less than starting Python."""
    program = "import sys; before = set(sys.modules); import seedwise; print(*sorted(set(sys.modules) - before))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded - {"seedwise"} <= sys.stdlib_module_names
    assert not loaded & {"json", "typing", "re", "pathlib", "tempfile", "dataclasses", "importlib", "inspect"}


@pytest.mark.timing
def test_importing_is_quick() -> None:
    program = """
import time
start = time.perf_counter()
import seedwise
print(time.perf_counter() - start)
"""
    times = [
        float(subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(times) < 0.05


@pytest.mark.parametrize("file", ["seedwise/__init__.py", "seedwise/call.py", "seedwise/client.py"])
def test_older_pythons_can_read_it(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))
    assert "from __future__ import annotations" in text
    with pytest.raises(SyntaxError):
        ast.parse("match 1:\n  case 1: pass\n", feature_version=(3, 8))
