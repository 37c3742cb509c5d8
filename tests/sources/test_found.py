"""Selection of one run per variant and seed: every run that is left out is reported."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.config.reading import read_study
from seedwise.sources import csv as csv_source
from seedwise.sources.found import FoundRun, metric_keys, number, select, state_of, tabulate_found, whole
from seedwise.sources.pulled import pull, read_pulled
from seedwise.sources.settings import RunsSettings


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


def test_a_failed_attempt_is_no_duplicate_but_is_reported():
    runs, notes = chosen([found("r1"), found("r2", state="failed", value=None, ended="crashed")], "error")
    assert runs == [("r1", "finished")]
    assert notes == ["1 run without a result, r1 counts: a seed 0 (r2)."]


def test_a_run_without_the_metric_counts_as_failed():
    runs, notes = chosen([found("r1", value=None)])
    assert runs == [("r1", "failed")]
    assert notes == ["1 run counted as failed (has no test_accuracy): a seed 0 (r1)."]


def test_a_diverged_run_is_a_result():
    assert chosen([found("r1", state="diverged", value=None)]) == ([("r1", "diverged")], [])


def test_strays_and_missing_seeds_are_reported():
    runs = [found("r1"), found("r2", variant=None), found("r3", seed=7), found("r4", seed=1, state="running")]
    counted, notes = chosen(runs, seeds=(0, 1, 2))
    assert counted == [("r1", "finished")]
    assert notes == [
        "1 run not counted: the source does not say its variant or seed: None seed 0 (r2).",
        "1 run not counted: its seed is not in the config: a seed 7 (r3).",
        "1 run not counted: it is still running: a seed 1 (r4).",
        "2 declared runs missing: the source has no run that has ended: a seed 1, a seed 2.",
    ]


def test_a_variant_without_runs_is_an_error_that_names_the_existing_variants():
    with pytest.raises(UserError, match=r"found no run of b that has ended.*; variants found: a$"):
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
    ("settings", "message"),
    [
        ({"from": "csv"}, r"path\n +missing; from: csv needs it"),
        ({"from": "wandb"}, r"project\n +missing; from: wandb needs it"),
        ({"from": "mlflow"}, r"experiment\n +missing; from: mlflow needs it"),
        ({"from": "csv", "path": "a.csv", "project": "p"}, r"project\n +from: csv does not take it; it takes path"),
    ],
)
def test_each_kind_of_source_has_its_keys(settings, message):
    with pytest.raises(ValidationError, match=message):
        RunsSettings.model_validate(settings)


def test_a_section_written_out_can_be_read():
    settings = RunsSettings.model_validate({"from": "csv", "path": "a.csv", "duplicates": "first"})
    assert RunsSettings.model_validate_json(settings.model_dump_json(by_alias=True)) == settings


def read(tmp_path, text, metric="test_accuracy", **more):
    path = tmp_path / "export.csv"
    path.write_text(text)
    return csv_source.read(RunsSettings.model_validate({"from": "csv", "path": str(path), **more}), metric)[1]


def test_a_csv_is_read_oldest_first_by_the_column_created(tmp_path):
    text = "Name,State,Created,variant,seed,final/test_accuracy\n"
    text += "new,finished,2026-02-02,a,0,0.5\nold,crashed,2026-01-01,a,1,\n"
    runs = read(tmp_path, text)
    assert [(run.name, run.seed, run.state, run.metrics["test_accuracy"]) for run in runs] == [
        ("old", 1, "failed", None),
        ("new", 0, "finished", 0.5),
    ]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Variant,seed,final/test_accuracy", 'runs.variant_key: found "variant"; did you mean "Variant"'),
        ("variant,run,final/test_accuracy", 'runs.seed_key: found "seed"'),
        ("variant,seed,accuracy", 'has no "test_accuracy"; did you mean "accuracy"? Found: accuracy, seed, variant.'),
    ],
)
def test_a_missing_column_is_named(header, message, tmp_path):
    with pytest.raises(UserError) as caught:
        read(tmp_path, f"{header}\na,0,0.5\n")
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    settings = RunsSettings.model_validate({"from": "csv", "path": str(tmp_path / "no.csv")})
    with pytest.raises(UserError, match=r"runs.path: cannot read .*no.csv \(No such file or directory\)"):
        csv_source.read(settings, "test_accuracy")


def test_the_compared_metric_is_the_final_one_or_else_the_one_of_its_name():
    def keys(known, metric="f1", asked=None):
        return metric_keys(metric, asked, known, "here")

    assert keys({"f1", "final/f1", "loss"}) == {"f1": "final/f1"}
    assert keys({"f1", "loss"}) == {"f1": "f1"}
    assert keys({"f1", "val/f1"}, asked="val/f1") == {"f1": "val/f1"}
    assert keys({"f1", "final/loss", "final/bleu", "final/seed"}) == {
        "f1": "f1",
        "bleu": "final/bleu",
        "loss": "final/loss",
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (None, 'analysis.metric: here has no "f1"; did you mean "F1"? Found: F1, loss. If it has another name there, '),
        ("val/f1", 'runs.metric: here has no "val/f1". Found: F1, loss.'),
    ],
)
def test_a_missing_metric_is_an_error_that_lists_the_existing_ones(asked, message):
    with pytest.raises(UserError) as caught:
        metric_keys("f1", asked, ["loss", "F1"], "here")
    assert str(caught.value).startswith(message)


def test_nested_values_are_found_by_dotted_path():
    assert dict(flat({"a": {"b": {"c": 1}}, "x.y": 2, "z": 3})) == {"a.b.c": 1, "x.y": 2, "z": 3}


def test_the_table_has_the_compared_metric_and_all_others():
    runs = [
        FoundRun("r1", "a", 0, "finished", {"f1": 0.5, "loss": 1.25, "bleu": None}),
        FoundRun("r2", "a", 1, "failed", {}, "crashed"),
    ]
    assert tabulate_found(runs, "f1") == (
        "variant,seed,status,reason,f1,loss,source_run\na,0,finished,,0.5,1.25,r1\na,1,failed,crashed,,,r2\n"
    )
    assert tabulate_found(runs[1:], "f1").splitlines()[0] == "variant,seed,status,reason,f1,source_run"


def test_the_table_says_why_a_run_counts_as_failed_and_keeps_the_score_of_a_diverged_one():
    runs = [
        found("r1", value=None),
        found("r2", seed=1, state="failed", value=None, ended="crashed"),
        found("r3", seed=2, state="diverged", value=0.1, ended="finished"),
    ]
    rows = tabulate_found(select(runs, "test_accuracy", ["a"], [0, 1, 2], "latest").runs, "test_accuracy").splitlines()
    assert rows[1:] == ["a,0,failed,has no test_accuracy,,r1", "a,1,failed,crashed,,r2", "a,2,diverged,,0.1,r3"]


STUDY = """\
study: f1
title: F1
variants: [{name: a}, {name: b}]
seeds: [0, 1]
analysis: {baseline: a, metric: f1, higher_is_better: true}
runs: {from: csv, path: "PATH"}
"""


def test_a_study_of_any_metric_needs_only_its_column(tmp_path):
    folder = tmp_path / "my {x} runs: 1"
    folder.mkdir()
    (folder / "f 1.csv").write_text("variant,seed,f1,note\na,0,0.5,x\na,1,0.6,x\nb,0,0.7,x\nb,1,0.8,x\n")
    (folder / "config {y}.yaml").write_text(STUDY.replace("PATH", str(folder / "f 1.csv")))
    study = read_study(folder / "config {y}.yaml")
    assert study.source is not None
    pulled = pull(study.source, study.analysis.metric, ["a", "b"], study.seeds, tmp_path / "runs.csv")
    assert (pulled.runs, pulled.notes) == (4, [])
    assert pulled.source == f"the file {folder}/f 1.csv"
    assert read_pulled(tmp_path / "pulled.json") == pulled
    assert (tmp_path / "runs.csv").read_text().splitlines() == [
        "variant,seed,status,reason,f1,source_run",
        "a,0,finished,,0.5,row 1",
        "a,1,finished,,0.6,row 2",
        "b,0,finished,,0.7,row 3",
        "b,1,finished,,0.8,row 4",
    ]


def test_strange_names_of_files_and_columns_survive_in_messages(tmp_path):
    path = tmp_path / "a {b} c: d.csv"
    settings = RunsSettings.model_validate({"from": "csv", "path": str(path), "metric": "val {f1}: x"})
    with pytest.raises(UserError, match=r"runs.path: cannot read .*/a \{b\} c: d.csv \(No such file"):
        csv_source.read(settings, "f1")
    path.write_text("variant,seed,{f1}\na,0,1\n")
    with pytest.raises(UserError, match=r'a \{b\} c: d.csv has no "val \{f1\}: x"'):
        csv_source.read(settings, "f1")
