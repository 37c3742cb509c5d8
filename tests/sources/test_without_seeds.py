"""Tables without seeds: read only where the user says that each row is a run, and never paired."""

from __future__ import annotations

import pandas as pd
import pytest

from seedwise.basics.errors import UserError
from seedwise.cli import main
from seedwise.table import analyse as analyse_frame

SCORES = {"a": [0.80, 0.81, 0.79, 0.82], "b": [0.90, 0.91, 0.89, 0.92]}
NUMBERED = "The table has no seeds: each row counts as a run, and runs are numbered in the order of the table."


@pytest.fixture
def analyse(tmp_path, monkeypatch, capsys):
    """Analyse a table; return the exit status and all that was printed on one line."""
    monkeypatch.chdir(tmp_path)

    def run(frame: pd.DataFrame, *flags: str) -> tuple[int, str]:
        frame.to_csv("t.csv", index=False)
        status = main(["analyse", "t.csv", "--metric", "acc", "--baseline", "a", *flags])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


def runs(**columns: list[object]) -> pd.DataFrame:
    """Write the runs of two variants, with further columns."""
    rows = [(variant, score) for variant, scores in SCORES.items() for score in scores]
    return pd.DataFrame(rows, columns=["variant", "acc"]).assign(**columns)


def test_rows_are_runs_only_where_the_user_says_so(analyse):
    status, said = analyse(runs())
    assert (status, "add --number-runs if each row is a run" in said) == (2, True)
    status, said = analyse(runs(), "--number-runs")
    assert status == 0
    assert "a 4 0.8050" in said
    assert "BETTER" in said
    assert NUMBERED in said


def test_an_empty_column_of_seeds_is_none(analyse):
    frame = runs(seed=[""] * 8)
    assert "--number-runs" in analyse(frame)[1]
    status, said = analyse(frame, "--number-runs")
    assert (status, NUMBERED in said) == (0, True)


def test_the_report_says_that_runs_are_numbered_and_draws_no_pairs(analyse, tmp_path):
    assert analyse(runs(), "--number-runs", "--out", "report")[0] == 0
    report = (tmp_path / "report/results.md").read_text()
    assert NUMBERED in report
    assert "Seeds: 1, 2, 3, 4, 5, 6, 7, 8." in report
    assert not (tmp_path / "report/figures/pairing.png").exists()


def test_numbers_are_no_pairs(analyse):
    status, said = analyse(runs(), "--number-runs", "--pairing", "seed")
    assert (status, "--pairing seed: runs that are numbered in the order of the table are no pairs" in said) == (
        2,
        True,
    )


def test_seeds_and_numbers_exclude_each_other(analyse):
    assert "seed is its column of seeds" in analyse(runs(seed=[0, 1, 2, 3] * 2), "--number-runs")[1]
    assert "other is its column of seeds" in analyse(runs(other=range(8)), "--number-runs", "--seed", "other")[1]


def test_a_run_without_a_result_is_lost_until_the_user_says_that_it_was_run_again(analyse):
    frame = runs(
        Name=[f"river-{number}" for number in range(8)], State=["finished"] * 5 + ["crashed"] + ["finished"] * 2
    )
    status, said = analyse(frame, "--number-runs")
    assert status == 0
    assert "1 run without a result counted as lost: b seed 6 (river-5)." in said
    assert "1 of 4 runs of b was lost" in said
    status, said = analyse(frame, "--number-runs", "--where", "seed!=6")
    assert status == 0
    assert "b 3 0.9033" in said
    assert "lost" not in said


def test_steps_are_no_runs(analyse):
    frame = runs(epoch=[1, 2, 3, 4] * 2)
    status, said = analyse(frame, "--number-runs")
    assert (status, "epoch varies within a variant: are the rows steps of runs?" in said) == (2, True)
    assert analyse(frame, "--number-runs", "--ignore", "epoch")[0] == 0
    assert analyse(frame.assign(name=list("abcdefgh")), "--number-runs")[0] == 0


@pytest.mark.parametrize("name", ["run_id", "name"])
def test_a_run_that_is_there_twice_is_refused(analyse, name):
    frame = runs(**{name: list("abcdefgh")})
    twice = pd.concat([frame, frame.tail(1)])
    status, said = analyse(twice, "--number-runs")
    assert (status, "t.csv, lines 9, 10: the run h is there 2 times" in said) == (2, True)
    assert analyse(runs(name=["one"] * 8), "--number-runs")[0] == 0  # names that say nothing


def test_names_of_runs_that_are_given_as_seeds_are_said_to_be_names(analyse):
    said = "The names of runs (Name) were taken for seeds: whether two of them had one seed, or one repeats another"
    assert said in analyse(runs(Name=list("abcdefgh")), "--seed", "Name")[1]
    assert said not in analyse(runs(Name=list("abcdabcd")), "--seed", "Name")[1]


def test_python_says_it_too():
    found = analyse_frame(runs(), metric="acc", baseline="a", number_runs=True)
    assert list(found.summary["n"]) == [4, 4]
    with pytest.raises(UserError, match="add number_runs=True if each row is a run"):
        analyse_frame(runs(), metric="acc", baseline="a")
