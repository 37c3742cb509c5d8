"""A whole study with nothing but the wheel, in a folder that has nothing but the user's files."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installed.conftest import LIMIT, ROOT, Installed, plain_environment
from tests.workflow.conftest import jobs

pytestmark = pytest.mark.slow

STUDY = """\
study: tiny
title: "Tiny study"
dataset:  {name: "images:read", validation_fraction: 0.1}
training: {epochs: 1, batch_size: 16, learning_rate: 0.05, precision: fp32}
variants:
  - {name: baseline, label: Baseline}
  - {name: dropout, label: + Dropout, set: {model.dropout: 0.2}}
seeds: [0]
analysis: {metric: test_accuracy, baseline: baseline}
tracking: {wandb: {mode: disabled}}
"""
IMAGES = """\
from pathlib import Path

from seedwise.trainers.image_classifier.datasets import images


def read(folder):
    return images.load(Path(__file__).with_name("images.npz"))[0]
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Path:
    """A folder of a user's: a study, and the function that reads their images."""
    folder = tmp_path_factory.mktemp("mine") / "my work"
    folder.mkdir()
    (folder / "my study.yaml").write_text(STUDY)
    (folder / "images.py").write_text(IMAGES)
    shutil.copy2(ROOT / "tests/fashion_mnist_600_300.npz", folder / "images.npz")
    return folder


@pytest.fixture(scope="module")
def finished(installed, mine) -> Path:
    """The same, after `seedwise run`."""
    answer = installed.run(mine, "run", "my study.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return mine


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return shutil.copytree(finished, tmp_path / "copy", symlinks=True)


def at_terminal(installed: Installed, folder: Path, *command: str) -> str:
    """Run `seedwise` with a terminal as its standard error; return what it prints there."""
    reader, writer = pty.openpty()
    subprocess.run(
        [installed.folder / "bin/seedwise", *command],
        cwd=folder,
        env=plain_environment(),
        stdout=subprocess.DEVNULL,
        stderr=writer,
        timeout=LIMIT,
        check=True,
    )
    os.close(writer)
    return os.read(reader, 1 << 16).decode()


def test_run_leaves_a_report_that_says_how_to_make_it_again(finished):
    results = finished / "results/tiny"
    text = (results / "results.md").read_text()
    assert {path.name for path in finished.glob("[!.]*")} >= {"my study.yaml", "images.py", "data", "results"}
    assert (results / "page.html").stat().st_size > 100_000
    assert 'pip install "seedwise[run,train]==' in text
    assert "seedwise run 'my study.yaml'" in text
    assert ".venv/bin/snakemake" not in text


def test_nothing_is_left_to_do_and_everything_is_passed_on(installed, finished):
    assert "Nothing to be done" in installed.run(finished, "run", "-n").stdout
    forced = installed.run(finished, "run", "my study.yaml", "runs", "--dry-run", "--forcerun", "train_run")
    assert jobs(forced.stdout) == {"train_run": 2, "runs": 1}
    wrong = installed.run(finished, "run", "--no-such-flag")
    assert wrong.returncode == 2
    assert "unrecognized arguments: --no-such-flag" in wrong.stderr


def test_status_without_snakemake_agrees_with_the_workflow(installed, finished):
    """Had it digested anything in another way than the Snakefile, the runs would be outdated."""
    answer = installed.run(finished, "status")
    assert answer.stdout.startswith("Study tiny: 2 of 2 runs finished\n")
    assert answer.stderr == ""
    assert "next: seedwise open 'my study.yaml'" in at_terminal(installed, finished, "status")
    inside = "import sys; sys.modules['snakemake'] = None; from seedwise.cli import main; sys.exit(main(['status']))"
    assert installed.run_python(finished, inside).stdout == answer.stdout


def test_open_prints_the_page_and_opens_it_where_there_is_a_display(installed, finished, tmp_path):
    alone = installed.run(finished, "open")
    assert alone.stdout == "results/tiny/page.html\n"
    assert alone.stderr.startswith("there is no display here: copy this file to a machine with a browser")
    assert installed.run(finished, "open", "results/tiny").stdout == "results/tiny/page.html\n"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    installed.run(finished, "open", DISPLAY=":0", BROWSER=f"{browser} %s")
    assert (tmp_path / "opened").read_text() == (finished / "results/tiny/page.html").resolve().as_uri()


def test_report_makes_what_is_missing_and_runs_nothing(installed, copy):
    results = copy / "results/tiny"
    (results / "results.md").unlink()
    record = results / "runs/dropout/seed0/metrics.json"
    os.utime(next((results / "data").glob("*.json")))  # now newer than the records: `run` would do them again
    before = record.stat().st_mtime_ns
    answer = installed.run(copy, "report")
    assert answer.returncode == 0, answer.stderr
    assert (results / "results.md").is_file()
    assert "Read results/tiny/results.md, or: seedwise open 'my study.yaml'" in answer.stderr
    assert record.stat().st_mtime_ns == before


def test_report_names_missing_runs_and_interim_reports_without_them(installed, copy):
    record = copy / "results/tiny/runs/dropout/seed0/metrics.json"
    record.unlink()
    answer = installed.run(copy, "report")
    assert answer.returncode == 2
    assert answer.stderr == (
        "seedwise: 1 of 2 runs finished, 1 missing (dropout: seed 0); run them: seedwise run 'my study.yaml', "
        "or report on the others: seedwise interim 'my study.yaml'\n"
    )
    interim = installed.run(copy, "interim", "my study.yaml")
    assert interim.returncode == 0, interim.stderr
    assert interim.stderr == "interim report: results/tiny/interim/results.md\n"
    assert not record.exists()


def test_a_report_that_fails_says_why_and_ends_with_snakemakes_status(installed, copy):
    (copy / "results/tiny/findings.json").write_text("{")
    answer = installed.run(copy, "report")
    assert answer.returncode == 1
    assert "results/tiny/findings.json" in answer.stderr


def test_modules_of_the_user_are_not_taken_for_those_that_snakemake_imports(installed, tmp_path):
    for name in ("re", "random", "yaml", "pandas", "snakemake", "seedwise"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the user was imported')\n")
    (tmp_path / "study.yaml").write_text(STUDY.replace("images:read", "fashion_mnist"))
    answer = installed.run(tmp_path, "run", "-n")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "train_run" in answer.stdout
    assert installed.run(tmp_path, "status").stdout.startswith("Study tiny: 0 of 2 runs finished")
