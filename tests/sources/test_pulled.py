"""A study of runs that were recorded elsewhere: one for each declared variant and seed, and a word on every other."""

from __future__ import annotations

import csv

import pytest
from pydantic import ValidationError

from seedwise.analysis.source import read_source
from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.config.reading import read_study
from seedwise.sources import pulled as pulled_module
from seedwise.sources.pulled import Pulled, pull, read_pulled
from seedwise.sources.settings import RunsSettings

HEADER = "Name,State,Created,variant,seed,f1"


@pytest.fixture
def chosen(tmp_path):
    """Pull a table; return (name, status) of the runs that count, and the notes after what the table was read as."""

    def pulled(*rows, variants=("a",), seeds=(0,), header=HEADER, metric="f1", **more):
        (tmp_path / "export.csv").write_text("\n".join([header, *rows]) + "\n")
        settings = RunsSettings.model_validate({"from": "csv", "path": "export.csv", **more})
        found = pull(settings, metric, variants, seeds, tmp_path / "runs.csv", base=tmp_path)
        with (tmp_path / "runs.csv").open(newline="") as stream:
            runs = [(row["source_run"], row["status"]) for row in csv.DictReader(stream)]
        assert found.notes[0].endswith("export.csv was read as a table of runs exported from W&B.")
        return runs, found.notes[1:]

    return pulled


OLD = "r1,finished,2024-01-01,a,0,0.5"
NEW = "r2,finished,2024-02-02,a,0,0.6"


@pytest.mark.parametrize(("duplicates", "counts", "other"), [("latest", "r2", "r1"), ("first", "r1", "r2")])
@pytest.mark.parametrize("rows", [(OLD, NEW), (NEW, OLD)], ids=["oldest first", "newest first"])
def test_the_date_decides_which_duplicate_counts(chosen, duplicates, counts, other, rows):
    runs, notes = chosen(*rows, duplicates=duplicates)
    assert runs == [(counts, "finished")]
    mine, its = ({"r1": "f1 0.5", "r2": "f1 0.6"}[run] for run in (counts, other))
    assert notes == [f"1 run replaced by {counts} with {mine} ({duplicates} counts): a seed 0 ({other}) with {its}."]


def test_duplicates_without_a_date_are_asked_about(chosen):
    rows = [line.replace("2024-01-01", "").replace("2024-02-02", "") for line in (NEW, OLD)]
    with pytest.raises(
        UserError, match=r"runs: .*lines 2, 3: a has seed 0 twice.*runs.duplicates: first-row if the newest"
    ):
        chosen(*rows)
    assert chosen(*rows, duplicates="first-row")[0] == [("r2", "finished")]
    assert chosen(*rows, duplicates="last-row")[0] == [("r1", "finished")]


def test_duplicates_can_be_an_error(chosen):
    with pytest.raises(UserError, match=r"a has seed 0 twice; one run must not count twice"):
        chosen(OLD, NEW, duplicates="error")


def test_a_failed_attempt_is_no_duplicate_but_is_reported(chosen):
    runs, notes = chosen(OLD, "r2,crashed,2024-02-02,a,0,", duplicates="error")
    assert runs == [("r1", "finished")]
    assert notes == ["1 run without a result, in whose place r1 counts: a seed 0 (r2)."]


def test_a_run_without_the_metric_counts_as_failed(chosen):
    runs, notes = chosen("r1,finished,2024-01-01,a,0,")
    assert runs == [("r1", "failed")]
    assert notes == ["1 run counted as failed: no f1: a seed 0 (r1)."]


def test_strays_and_missing_seeds_are_reported(chosen):
    rows = [OLD, "r2,finished,2024-01-01,,0,0.5", "r3,finished,2024-01-01,a,7,0.5", "r4,running,2024-01-01,a,1,0.1"]
    counted, notes = chosen(*rows, "r5,finished,2024-01-01,b,0,0.5", seeds=(0, 1, 2))
    assert counted == [("r1", "finished")]
    assert notes == [
        "1 run not counted: the source does not say its variant or seed: r2.",
        "1 run not counted: its variant is not in the config: b seed 0 (r5).",
        "1 run not counted: still running: a seed 1 (r4).",
        "1 run not counted: its seed is not in the config: a seed 7 (r3).",
        "2 declared runs missing: the source has no run that has ended: a seed 1, a seed 2.",
    ]


def test_a_variant_without_runs_is_an_error_that_names_the_existing_variants(chosen):
    with pytest.raises(UserError, match=r"found no run of b that has ended.*; variants found: a$"):
        chosen(OLD, variants=("a", "b"))


def test_a_variant_can_have_another_name_there(chosen):
    rows = [line.replace(",a,", ",openai/baselines PPO2,") for line in (OLD,)]
    assert chosen(*rows, map={"openai/baselines PPO2": "a"})[0] == [("r1", "finished")]
    with pytest.raises(UserError, match=r"no such variant; did you mean .openai/baselines PPO2"):
        chosen(*rows, map={"openai/baseline PPO2": "a"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"from": "csv"}, r"path\n +missing; from: csv needs it"),
        ({"from": "wandb"}, r"project\n +missing; from: wandb needs it"),
        ({"from": "mlflow"}, r"experiment\n +missing; from: mlflow needs it"),
        ({"from": "csv", "path": "a.csv", "project": "p"}, r"project\n +from: csv does not take it; it takes path"),
        ({"from": "csv", "path": "a.csv", "take": "newest"}, r"take\n +found .newest.; write last, first, best"),
        ({"from": "csv", "path": "a.csv", "decimal": ",", "thousands": ","}, "which is the decimal mark"),
    ],
)
def test_each_kind_of_source_has_its_keys(settings, message):
    with pytest.raises(ValidationError, match=message):
        RunsSettings.model_validate(settings)


def test_a_section_written_out_can_be_read():
    settings = RunsSettings.model_validate({"from": "csv", "path": "a.csv", "duplicates": "first", "map": {"A b": "a"}})
    assert RunsSettings.model_validate_json(settings.model_dump_json(by_alias=True)) == settings


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "model,seed,f1",
            "no column 'variant'; say which column it is: runs.variant_key: model. Found: model, seed, f1",
        ),
        (
            "variant,run,f1",
            "no column 'seed'; say which column it is: runs.seed_key: run (if there is none, number the runs",
        ),
        ("variant,seed,F2", 'no column "f1". Found: variant, seed, F2.'),
    ],
)
def test_a_missing_column_is_named_with_the_key_that_says_which_it_is(chosen, header, message):
    with pytest.raises(UserError) as caught:
        chosen("a,0,0.5", header=header)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    settings = RunsSettings.model_validate({"from": "csv", "path": "exprot.csv"})
    (tmp_path / "export.csv").touch()
    with pytest.raises(UserError, match=r"runs: .*exprot.csv: No such file or directory; did you mean .*export.csv"):
        pull(settings, "f1", ["a"], [0], tmp_path / "runs.csv", base=tmp_path)


def test_the_final_value_of_our_trackers_is_the_one_that_counts(chosen, tmp_path):
    header = HEADER + ",final/f1,final/loss,final/bits,note"
    chosen(OLD + ",0.7,1.5,8,x", header=header)
    row = next(csv.DictReader((tmp_path / "runs.csv").open(newline="")))
    assert (row["f1"], row["loss"], row["bits"]) == ("0.7", "1.5", "8.0")
    assert "note" not in row


def test_nested_values_are_found_by_dotted_path():
    assert dict(flat({"a": {"b": {"c": 1}}, "x.y": 2, "z": 3})) == {"a.b.c": 1, "x.y": 2, "z": 3}


def test_the_table_says_why_a_run_was_lost(chosen, tmp_path):
    rows = ["r1,crashed,2024-01-01,a,0,0.1", "r2,finished,2024-01-01,a,1,NaN", "r3,finished,2024-01-01,a,2,"]
    chosen(*rows, seeds=(0, 1, 2))
    assert (tmp_path / "runs.csv").read_text().splitlines() == [
        "variant,seed,status,reason,f1,source_run",
        "a,0,failed,crashed,0.1,r1",
        "a,1,diverged,f1 is nan,,r2",
        "a,2,failed,has no f1,,r3",
    ]


STUDY = """\
study: f1
title: F1
variants: [{name: a}, {name: b}]
seeds: [0, 1]
analysis: {baseline: a, metric: f1, higher_is_better: true}
runs: {from: table, path: "f 1.csv"}
"""


def test_a_study_of_any_metric_needs_only_its_column(tmp_path):
    folder = tmp_path / "my {x} runs: 1"
    folder.mkdir()
    (folder / "f 1.csv").write_text("variant,seed,f1,note\na,0,0.5,x\na,1,0.6,x\nb,0,0.7,x\nb,1,0.8,x\n")
    (folder / "config {y}.yaml").write_text(STUDY)
    study = read_study(folder / "config {y}.yaml")
    assert study.source is not None
    pulled = pull(study.source, study.analysis.metric, ["a", "b"], study.seeds, tmp_path / "runs.csv", base=folder)
    assert (pulled.runs, pulled.notes) == (4, [])
    assert pulled.source == f"the file {folder}/f 1.csv"
    assert (
        read_source(tmp_path / "pulled.json", tmp_path / "runs.csv") == read_pulled(tmp_path / "pulled.json") == pulled
    )
    assert (tmp_path / "runs.csv").read_text().splitlines() == [
        "variant,seed,status,reason,f1,source_run",
        "a,0,finished,,0.5,line 2",
        "a,1,finished,,0.6,line 3",
        "b,0,finished,,0.7,line 4",
        "b,1,finished,,0.8,line 5",
    ]


@pytest.mark.parametrize(
    ("name", "old", "new"), [("runs.csv", "0.8", "0.9"), ("pulled.json", '"runs": 4', '"runs": 5')]
)
def test_a_number_that_is_edited_after_the_table_was_read_is_noticed(name, old, new, tmp_path):
    (tmp_path / "f 1.csv").write_text("variant,seed,f1\na,0,0.5\na,1,0.6\nb,0,0.7\nb,1,0.8\n")
    (tmp_path / "study.yaml").write_text(STUDY)
    study = read_study(tmp_path / "study.yaml")
    pull(study.source, study.analysis.metric, ["a", "b"], study.seeds, tmp_path / "runs.csv", base=tmp_path)
    edited = tmp_path / name
    edited.write_text(edited.read_text().replace(old, new))
    with pytest.raises(UserError, match="damaged or edited") as caught:
        read_source(tmp_path / "pulled.json", tmp_path / "runs.csv")
    assert f"  rm -f {edited}" in str(caught.value)


def test_what_an_earlier_version_has_read_is_still_believed(tmp_path, monkeypatch):
    (tmp_path / "f 1.csv").write_text("variant,seed,f1\na,0,0.5\na,1,0.6\nb,0,0.7\nb,1,0.8\n")
    (tmp_path / "study.yaml").write_text(STUDY)
    study = read_study(tmp_path / "study.yaml")
    pull(study.source, study.analysis.metric, ["a", "b"], study.seeds, tmp_path / "runs.csv", base=tmp_path)

    class Later(Pulled):
        added: str = "a default"

    monkeypatch.setattr(pulled_module, "Pulled", Later)
    read = read_source(tmp_path / "pulled.json", tmp_path / "runs.csv")
    assert isinstance(read, Later)
    assert read.runs == 4
