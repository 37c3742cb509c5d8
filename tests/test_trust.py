"""Files and texts that would run code if they were trusted: nothing in them runs, and the user is told."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from seedwise.basics.errors import UserError
from seedwise.cli import main
from seedwise.config.reading import read_study
from seedwise.runs.scores import ScoresError, read_scores
from seedwise.trainers.image_classifier.datasets.images import DatasetError, load
from seedwise.trainers.image_classifier.training.checkpoint import CheckpointError, restore

ROOT = Path(__file__).parents[1]


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "it-ran"


def as_pickle(path: Path, planted: Planted) -> None:
    path.write_bytes(pickle.dumps(planted))


def as_archive(path: Path, planted: Planted) -> None:
    """Write arrays of objects, as numpy does."""
    array = np.array([planted], dtype=object)
    names = ("correct", "digest", "train_images", "train_labels", "test_images", "test_labels", "classes")
    with path.open("wb") as stream:
        np.savez(stream, **dict.fromkeys(names, array))


def as_checkpoint(path: Path, planted: Planted) -> None:
    torch.save({"progress": planted, "model": planted}, path)


def test_the_plants_are_live(tmp_path: Path, trace: Path) -> None:
    as_archive(tmp_path / "planted", Planted(trace))
    with np.load(tmp_path / "planted", allow_pickle=True) as archive:
        archive["correct"]
    assert trace.is_dir()


@pytest.mark.parametrize("plant", [as_pickle, as_archive, as_checkpoint])
def test_a_planted_checkpoint_does_not_run(tmp_path: Path, trace: Path, plant) -> None:
    plant(tmp_path / "checkpoint.pt", Planted(trace))
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: "):
        restore(tmp_path / "checkpoint.pt", {"model": torch.nn.Linear(1, 1)}, torch.device("cpu"))
    assert not trace.exists()


@pytest.mark.parametrize("plant", [as_pickle, as_archive, as_checkpoint])
def test_planted_predictions_do_not_run(tmp_path: Path, trace: Path, plant) -> None:
    run = tmp_path / "runs/baseline/seed0"
    run.mkdir(parents=True)
    plant(run / "predictions.npz", Planted(trace))
    with pytest.raises(ScoresError, match=r"predictions\.npz: no readable scores \((?!.*No such file)"):
        read_scores(tmp_path / "runs", "baseline", [0])
    assert not trace.exists()


@pytest.mark.parametrize("plant", [as_pickle, as_archive, as_checkpoint])
def test_planted_data_do_not_run(tmp_path: Path, trace: Path, plant) -> None:
    plant(tmp_path / "data.npz", Planted(trace))
    with pytest.raises(DatasetError, match=r"data\.npz: .* run again"):
        load(tmp_path / "data.npz")
    assert not trace.exists()


def test_a_planted_table_does_not_run(tmp_path: Path, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    as_pickle(tmp_path / "runs.pkl", Planted(trace))
    assert (
        main(["analyse", str(tmp_path / "runs.pkl"), "--metric", "acc", "--baseline", "a", "--higher-is-better"]) == 2
    )
    assert "a Python pickle, which could run any code" in capsys.readouterr().err
    assert not trace.exists()


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir [{}]", "!!python/object/new:os.mkdir [{}]"])
def test_objects_in_a_study_do_not_run(tmp_path: Path, trace: Path, tag: str) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(f"study: s\ntitle: {tag.format(json.dumps(str(trace)))}\n")
    with pytest.raises(UserError, match=r"study\.yaml:2: not valid YAML"):
        read_study(study)
    assert not trace.exists()


PLANTED = """\
import os
import pickle
import subprocess

import yaml

subprocess.run("ls " + os.environ["X"], shell=True)
os.system("ls " + os.environ["X"])
pickle.loads(b"")
yaml.load("", yaml.Loader)
eval("1")
"""
CODES = {"S602", "S605", "S301", "S506", "S307"}


@pytest.mark.parametrize("folder", ["seedwise", "workflow/scripts"])
def test_our_code_is_checked_for_shells_pickles_and_unsafe_yaml(folder: str) -> None:
    """`make check` runs ruff with these rules over all of it."""
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    answer = subprocess.run(
        [*ruff, "--stdin-filename", f"{folder}/planted.py", "-"],
        input=PLANTED,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(re.findall(r"\b(S\d+)\b", answer.stdout)) >= CODES
    always = ["--select", "S602,S604,S605,S301,S307", "--ignore-noqa", folder]
    exempt = subprocess.run([*ruff, *always], cwd=ROOT, capture_output=True, text=True, check=False)
    assert exempt.returncode == 0, exempt.stdout


def test_servers_of_the_makefile_listen_to_this_machine_only() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    servers = [line for line in makefile.splitlines() if re.search(r"mlflow ui|http\.server", line)]
    assert len(servers) == 2
    assert all(re.search(r"--(host|bind) 127\.0\.0\.1 ", line) for line in servers)
