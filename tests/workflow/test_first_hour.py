"""What stopped new users in their first hour, each in a real run of the workflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.config.last_study import remembered_study
from tests.workflow.conftest import LIMIT, Project, environment

pytestmark = pytest.mark.slow


def seedwise(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seedwise.cli", *words],
        cwd=project.folder,
        env={**environment(), "PYTHONPATH": str(project.folder)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_commands_about_a_study_mean_the_one_that_was_run_last(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    (project.folder / "results/.last-study").unlink(missing_ok=True)
    (project.folder / "studies").mkdir()
    other = project.folder / "studies/other.yaml"
    other.write_text(project.config.read_text().replace("study: tiny", "study: other"))
    assert remembered_study() is None
    project.run("--dry-run", "--configfile", "studies/other.yaml")
    assert remembered_study() is None, "nothing was run"
    project.record("baseline", 0).unlink()
    project.run("--", str(project.record("baseline", 0).relative_to(project.folder)))
    assert remembered_study() == Path("config.yaml")
    assert seedwise(project, "status").stdout.startswith("Study tiny: 4 of 4 runs finished")

    project.run("--configfile", "studies/other.yaml", "--until", "prepare_data")
    assert remembered_study() == Path("studies/other.yaml")
    assert seedwise(project, "status").stdout.startswith("Study other: 0 of 4 runs finished")
    project.run("--", "status")  # which runs nothing
    assert remembered_study() == Path("studies/other.yaml")
    other.unlink()
    assert seedwise(project, "status").stdout.startswith("Study tiny: 4 of 4 runs finished")


def test_an_interim_report_on_nothing_is_refused_in_a_line(fresh):
    answer = fresh.attempt("--", "interim")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == (
        "no run has a result yet, so there is nothing to report on; see `snakemake --cores 1 status`"
    )
    assert 'File "' not in answer.stdout


def test_a_function_that_cannot_be_called_is_found_by_a_dry_run(fresh):
    own = fresh.folder / "own.py"
    own.write_text("def adam(parameters):\n    raise SystemExit('imported')\n\n\ndef net(channels, classes): ...\n")
    fresh.edit("config.yaml", "set: {model.dropout: 0.2,", 'set: {model.name: "own:net",')
    fresh.edit("config.yaml", "learning_rate: 0.05,", 'learning_rate: 0.05, optimizer: "own:adam",')
    answer = fresh.attempt("--dry-run")
    assert answer.returncode == 1
    said = [line for line in answer.stdout.splitlines() if "own" in line]
    assert said == [
        "training.optimizer: own:adam: own.py, line 1: adam(parameters) cannot be called as "
        "adam(parameters, settings): too many positional arguments; change its parameters",
        "variant dropout: model.name: own:net: own.py, line 5: net(channels, classes) cannot be called as "
        "net(channels=channels, classes=classes, size=size, dropout=dropout): got an unexpected keyword argument "
        "'size'; change its parameters",
    ]
    assert seedwise(fresh, "check").stderr.splitlines() == [f"seedwise: {said[0]}", said[1]]


def test_a_function_of_a_study_is_checked_before_it_is_imported(fresh):
    (fresh.folder / "train.py").write_text("raise SystemExit('imported')\n\n\ndef run(settings): ...\n")
    fresh.config.write_text(
        "study: own\ntitle: Own\nfunction: {call: 'train:run', settings: {lr: 1}}\nseeds: 2\n"
        "variants: [{name: a}, {name: b, set: {lr: 2}}]\n"
        "analysis: {metric: loss, higher_is_better: false, baseline: a}\n"
    )
    message = (
        "function.call: train:run: train.py, line 4: run(settings) cannot be called as run(settings, seed, run): "
        "too many positional arguments; change its parameters"
    )
    answer = fresh.attempt("--dry-run")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == message
    assert seedwise(fresh, "check").stderr == f"seedwise: {message}\n"
