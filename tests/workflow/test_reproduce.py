"""`seedwise reproduce`: a stranger does some runs of a committed study again and sees whether the numbers hold."""

from __future__ import annotations

import shutil

import pytest

from tests.workflow.programs import make_program

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A study that was run to its table of runs."""
    project = make_program(tmp_path_factory.mktemp("published") / "project")
    project.run("--", "results/tiny/runs.csv")
    return project


def reproduce(project, *options):
    return project.seedwise("reproduce", "config.yaml", "--cores", "2", *options)


def edited(table: str) -> str:
    """The table with another loss of dropout with seed 1."""
    row = next(line for line in table.splitlines() if line.startswith("dropout,1,"))
    cells = row.split(",")
    return table.replace(row, ",".join([*cells[:4], "99.0", *cells[5:]]))


def test_what_was_published_is_reproduced_or_said_not_to_be(published, tmp_path):
    answer = reproduce(published)
    assert answer.returncode == 0, answer.stdout
    assert "Reproduced: all metrics of 4 runs are those of results/tiny/runs.csv, to the last digit." in answer.stdout
    assert "next:" not in answer.stdout
    assert "seeds per variant will" not in answer.stdout, "no verdict follows"
    assert len(list((published.folder / "results/tiny-reproduced/runs").glob("*/*/metrics.json"))) == 4

    (tmp_path / "paper.csv").write_text(edited((published.results / "runs.csv").read_text()))
    answer = reproduce(published, "--against", str(tmp_path / "paper.csv"))
    assert answer.returncode == 1, "the edited number does not count as spread of the seeds"
    assert "NOT REPRODUCED: 3 of 4 runs are those of" in answer.stdout
    published.edit("scale.py", "SCALE = 1.0", "SCALE = 3.0")
    answer = reproduce(published, "--seeds", "1")
    assert answer.returncode == 1, answer.stdout
    assert answer.stdout.splitlines()[-4].startswith("NOT REPRODUCED: 0 of 2 runs are those of")
    assert "code_digest: " in answer.stdout


def test_without_a_table_the_remedy_is_named(published):
    shutil.move(published.results / "runs.csv", published.results / "moved.csv")
    try:
        answer = reproduce(published)
    finally:
        shutil.move(published.results / "moved.csv", published.results / "runs.csv")
    assert answer.returncode == 2
    assert answer.stdout == (
        "seedwise: results/tiny/runs.csv: no such file; run the study first, or name a table: --against runs.csv\n"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (edited, "dropout seed 1 has other numbers"),
        (lambda table: "".join(table.splitlines(keepends=True)[:-1]), "dropout seed 1 is missing"),
    ],
)
def test_a_table_that_the_records_contradict_is_refused_before_anything_runs(published, change, problem):
    table = published.results / "runs.csv"
    kept = table.read_text()
    table.write_text(change(kept))
    answer = reproduce(published)
    table.write_text(kept)
    assert answer.returncode == 2
    assert f"seedwise: results/tiny/runs.csv: not what the run records say: {problem}. Remove it" in answer.stdout
    assert "doing seeds" not in answer.stdout


def test_a_folder_that_it_did_not_make_is_not_removed(tmp_path):
    project = make_program(tmp_path / "project")
    project.results.mkdir(parents=True)
    (project.results / "runs.csv").write_text("variant,seed,status,loss\nbaseline,0,finished,1.5\n")
    mine = project.folder / "results/tiny-reproduced/notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    answer = reproduce(project)
    assert answer.returncode == 2
    assert "results/tiny-reproduced: not made by `seedwise reproduce`" in answer.stdout
    assert mine.read_text() == "mine"
