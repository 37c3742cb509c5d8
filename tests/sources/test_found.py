"""Choosing one run per variant and seed: whatever does not count is told."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.sources import csv as csv_source
from seedwise.sources.found import FoundRun, metric_keys, number, select, state_of, whole
from seedwise.sources.settings import RunsSettings

KEYS = metric_keys("test_accuracy", None)


def found(name, variant="a", seed=0, state="finished", value=0.9, ended=""):
    return FoundRun(name, variant, seed, state, {"test_accuracy": value}, ended)


def chosen(runs, duplicates="latest", variants=("a",), seeds=(0,)):
    selection = select(runs, "test_accuracy", variants, seeds, duplicates)
    return [(run.name, run.state) for run in selection.runs], selection.notes


@pytest.mark.parametrize(("duplicates", "counts", "other"), [("latest", "r2", "r1"), ("first", "r1", "r2")])
def test_the_declared_duplicate_counts(duplicates, counts, other):
    runs, notes = chosen([found("r1"), found("r2")], duplicates)
    assert runs == [(counts, "finished")]
    assert notes == [f"1 run replaced by {counts} ({duplicates} counts): a seed 0 ({other})."]


def test_duplicates_can_be_an_error():
    with pytest.raises(UserError, match=r"found 2 runs of a seed 0 \(r1, r2\); delete all but one"):
        chosen([found("r1"), found("r2")], "error")


def test_a_failed_attempt_is_no_duplicate_but_is_told():
    runs, notes = chosen([found("r1"), found("r2", state="failed", value=None, ended="crashed")], "error")
    assert runs == [("r1", "finished")]
    assert notes == ["1 run without a result, r1 counts: a seed 0 (r2)."]


def test_a_run_without_the_metric_counts_as_failed():
    runs, notes = chosen([found("r1", value=None)])
    assert runs == [("r1", "failed")]
    assert notes == ["1 run counted as failed (has no test_accuracy): a seed 0 (r1)."]


def test_a_diverged_run_is_a_result():
    assert chosen([found("r1", state="diverged", value=None)]) == ([("r1", "diverged")], [])


def test_strays_and_missing_seeds_are_told():
    runs = [found("r1"), found("r2", variant=None), found("r3", seed=7), found("r4", seed=1, state="running")]
    counted, notes = chosen(runs, seeds=(0, 1, 2))
    assert counted == [("r1", "finished")]
    assert notes == [
        "1 run not counted: the source names no variant or no seed for it: None seed 0 (r2).",
        "1 run not counted: its seed is not in the config: a seed 7 (r3).",
        "1 run not counted: it is still running: a seed 1 (r4).",
        "2 declared runs missing: the source has no run that has ended: a seed 1, a seed 2.",
    ]


def test_a_variant_without_runs_is_an_error_that_names_what_is_there():
    with pytest.raises(UserError, match=r"found no run of b that has ended.*; found a$"):
        chosen([found("r1")], variants=("a", "b"))


def test_states_and_numbers_of_all_sources():
    assert [state_of(word, None) for word in ("finished", "FINISHED", "crashed", "KILLED", "running", "")] == [
        "finished",
        "finished",
        "failed",
        "failed",
        "running",
        "finished",
    ]
    assert state_of("failed", "diverged") == "diverged"
    assert [number(value) for value in ("0.1", 2, None, "", "best", True)] == [0.1, 2.0, None, None, None, None]
    assert [whole(value) for value in ("3", 3.0, 2.5, None)] == [3, 3, None, None]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"from": "csv"}, "csv needs path"),
        ({"from": "wandb"}, "wandb needs project"),
        ({"from": "mlflow"}, "mlflow needs experiment"),
        ({"from": "csv", "path": "a.csv", "project": "p"}, "csv takes no project"),
    ],
)
def test_each_kind_of_source_has_its_keys(settings, told):
    with pytest.raises(ValidationError, match=told):
        RunsSettings.model_validate(settings)


def test_a_written_out_section_reads_back():
    settings = RunsSettings.model_validate({"from": "csv", "path": "a.csv", "duplicates": "first"})
    assert RunsSettings.model_validate_json(settings.model_dump_json(by_alias=True)) == settings


def read(tmp_path, text, **more):
    path = tmp_path / "export.csv"
    path.write_text(text)
    return csv_source.read(RunsSettings.model_validate({"from": "csv", "path": str(path), **more}), KEYS)[1]


def test_a_csv_is_read_oldest_first_by_the_column_created(tmp_path):
    text = "Name,State,Created,variant,seed,final/test_accuracy\n"
    text += "new,finished,2026-02-02,a,0,0.5\nold,crashed,2026-01-01,a,1,\n"
    runs = read(tmp_path, text)
    assert [(run.name, run.seed, run.state, run.metrics["test_accuracy"]) for run in runs] == [
        ("old", 1, "failed", None),
        ("new", 0, "finished", 0.5),
    ]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Variant,seed,final/test_accuracy", 'runs.variant_key: found "variant"; did you mean "Variant"'),
        ("variant,run,final/test_accuracy", 'runs.seed_key: found "seed"'),
        ("variant,seed,accuracy", 'runs.metric: found "final/test_accuracy"'),
    ],
)
def test_a_missing_column_is_named(header, told, tmp_path):
    with pytest.raises(UserError) as caught:
        read(tmp_path, f"{header}\na,0,0.5\n")
    assert told in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    settings = RunsSettings.model_validate({"from": "csv", "path": str(tmp_path / "no.csv")})
    with pytest.raises(UserError, match=r"runs.path: cannot read .*no.csv \(No such file or directory\)"):
        csv_source.read(settings, KEYS)
