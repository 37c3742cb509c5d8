"""`seedwise reproduce`: a stranger does some runs of a committed study again and sees whether the numbers hold."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.workflow.conftest import LIMIT, ROOT
from tests.workflow.programs import make_program

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A study that was run to its table of runs."""
    project = make_program(tmp_path_factory.mktemp("published") / "project")
    project.run("--", "results/tiny/runs.csv")
    return project


def reproduce(project, *options):
    return subprocess.run(
        [sys.executable, "-m", "seedwise.cli", "reproduce", "config.yaml", "--cores", "2", *options],
        cwd=project.folder,
        env={**project.environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_what_was_published_is_reproduced_or_said_not_to_be(published, tmp_path):
    answer = reproduce(published)
    assert answer.returncode == 0, answer.stderr
    assert "Reproduced: all metrics of 4 runs are those of results/tiny/runs.csv, to the last digit." in answer.stdout
    assert len(list((published.folder / "results/tiny-reproduced/runs").glob("*/*/metrics.json"))) == 4

    table = (published.results / "runs.csv").read_text()
    number = next(line for line in table.splitlines() if line.startswith("dropout,1,")).split(",")
    changed = [part if part != number[4] else "99.0" for part in number]
    (tmp_path / "paper.csv").write_text(table.replace(",".join(number), ",".join(changed)))
    answer = reproduce(published, "--against", str(tmp_path / "paper.csv"), "--seeds", "1")
    assert answer.returncode == 0, "only seed 0 is done again, and it is as published"
    published.edit("scale.py", "SCALE = 1.0", "SCALE = 3.0")
    answer = reproduce(published, "--seeds", "1")
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[-4].startswith("NOT REPRODUCED: 0 of 2 runs are those of")
    assert "code_digest: " in answer.stdout


def test_without_a_table_the_remedy_is_named(published):
    shutil.move(published.results / "runs.csv", published.results / "moved.csv")
    try:
        answer = reproduce(published)
    finally:
        shutil.move(published.results / "moved.csv", published.results / "runs.csv")
    assert answer.returncode == 2
    assert answer.stderr == (
        "seedwise: results/tiny/runs.csv: no such file; run the study first, or name a table: --against runs.csv\n"
    )
