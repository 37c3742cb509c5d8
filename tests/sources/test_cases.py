"""Tables as users had them: what each was read wrongly as, and what is right. Each folder of `cases` is a kind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from seedwise.cli import main
from seedwise.config.reading import read_study
from seedwise.sources.pulled import pull

CASES = Path(__file__).parent / "cases"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def analyse(capsys):
    """Analyse a file of a case; return the exit status, and what was printed on one line."""

    def run(file, metric, baseline, *flags):
        status = main(["analyse", str(CASES / file), "--metric", metric, "--baseline", baseline, *flags])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


def pulled(case, name, tmp_path):
    """Pull the runs of a case's study as its rule does; return runs.csv as counts and the notes."""
    folder = shutil.copytree(CASES / case, tmp_path / case)
    study = read_study(folder / f"{name}.yaml")
    found = pull(
        study.source,
        study.analysis.metric,
        [variant.name for variant in study.variants],
        study.seeds,
        tmp_path / "runs.csv",
        base=folder,
        higher_is_better=study.analysis.higher_is_better,
    )
    runs = pd.read_csv(tmp_path / "runs.csv")
    return runs.groupby(["variant", "status"]).size().to_dict(), runs, found.notes


VERDICT = "b 3 0.9200 0.0100 +0.1000 [0.0773, 0.1227] 0.0003 BETTER"
THREE = "a 3 0.8200 0.0100 baseline"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("nan", "1 run counted as diverged: its acc is not finite: b seed 3 (line 9)."),
        ("nanq", "counted as diverged"),
        ("inf", "counted as diverged"),
        ("minf", "counted as diverged"),
        ("big", "counted as diverged"),
        ("null", "1 run counted as failed: no acc: b seed 3 (line 9)."),
        ("none", "counted as failed: no acc"),
        ("na", "counted as failed: no acc"),
        ("dash", "counted as failed: no acc"),
        ("empty", "counted as failed: no acc"),
    ],
)
def test_a_result_that_is_no_number_is_named_and_never_averaged(analyse, file, said):
    status, text = analyse(f"03-nan-strings/{file}.csv", "acc", "a")
    assert status == 0
    assert said in text
    assert "b 3 0.9200 0.0100" in text


@pytest.mark.parametrize(("file", "cell"), [("under", "1_0.92"), ("hash", "#DIV/0!")])
def test_what_cannot_be_read_is_refused(analyse, file, cell):
    assert analyse(f"03-nan-strings/{file}.csv", "acc", "a") == (
        2,
        f'seedwise: {CASES}/03-nan-strings/{file}.csv, line 9: acc is "{cell}", not a number; correct it, or leave the '
        "cell empty if the run has no result",
    )


def test_a_loss_that_is_infinite_everywhere_is_no_result(analyse):
    status, text = analyse("03-nan-strings/allinf.csv", "loss", "a")
    assert (status, "NO_RESULT" in text) == (0, True)


@pytest.mark.parametrize("name", ["ui", "cli"])
def test_the_states_of_mlflow(name, tmp_path):
    counts, runs, notes = pulled("04-mlflow-csv", name, tmp_path)
    assert counts == {("aug", "failed"): 1, ("aug", "finished"): 4, ("base", "failed"): 1, ("base", "finished"): 3}
    assert "1 run not counted: still running: base seed 4 (aaa9)." in notes
    right = pd.read_csv(CASES / "04-mlflow-csv/right.csv")
    scores = runs[runs["status"] == "finished"].set_index(["variant", "seed"])["test_accuracy"]
    assert scores.to_dict() == right[right["status"] == "finished"].set_index(["variant", "seed"])["acc"].to_dict()


def test_the_newest_counts_by_its_date(tmp_path):
    _, runs, notes = pulled("05-requeued-duplicates", "c05mlflow", tmp_path)
    right = pd.read_csv(CASES / "05-requeued-duplicates/right.csv").set_index(["variant", "seed"])["acc"]
    assert runs.set_index(["variant", "seed"])["test_accuracy"].to_dict() == right.to_dict()
    assert "c05mlflow.csv was read as runs exported from MLflow." in notes[0]
    assert notes[1:] == ["1 run replaced by b1f with val_acc 0.82 (latest counts): base seed 1 (b1) with val_acc 0.1."]


def test_without_a_date_the_order_of_a_file_is_asked_about(analyse):
    file, flags = "05-requeued-duplicates/c05wandb.csv", ("val_acc", "base")
    status, text = analyse(file, *flags)
    assert (status, "--duplicates first-row if the newest stands first, as W&B and MLflow export" in text) == (2, True)
    status, text = analyse(file, *flags, "--duplicates", "first-row")
    assert (status, "aug 3 0.9200 0.0100 +0.1000" in text) == (0, True)
    replaced = (
        "1 run replaced by base-1-fixed with val_acc 0.82 (first-row counts): base seed 1 (base-1-buggy) with val"
    )
    assert f"{replaced}_acc 0.1." in text


@pytest.mark.parametrize("file", ["metrics", "epochs"])
def test_the_last_row_of_a_history_counts(analyse, file):
    status, text = analyse(f"06-lightning-metrics/{file}.csv", "val_acc", "base")
    assert status == 0
    assert "base 3 0.7000 0.0100 baseline" in text
    assert "a row for each step: the last value counts for each run" in text


@pytest.mark.parametrize(
    ("file", "metric", "column", "flags"),
    [
        ("rl", "return", "env_id", ("--where", "env_id=Hopper-v4")),
        ("rl_disjoint", "return", "env_id", ("--where", "env_id=Hopper-v4")),
        ("lr_pooled", "acc", "lr", ("--where", "lr=0.1")),
        ("folds", "acc", "fold", ("--where", "fold=0")),
    ],
)
def test_several_experiments_are_not_pooled(analyse, file, metric, column, flags):
    baseline = {"rl": "ppo", "rl_disjoint": "ppo", "lr_pooled": "base", "folds": "a"}[file]
    status, text = analyse(f"08-several-datasets/{file}.csv", metric, baseline)
    assert status == 2
    assert f"{column} varies within the variant {baseline}" in text
    assert all(way in text for way in ("--where", f"--dataset {column}", f"--ignore {column}", f"variant,{column}"))
    assert analyse(f"08-several-datasets/{file}.csv", metric, baseline, *flags)[0] == 0
    assert analyse(f"08-several-datasets/{file}.csv", metric, baseline, "--ignore", column)[0] == (
        2 if file in ("rl", "folds") else 0
    )


def test_a_learning_rate_can_be_part_of_the_variant(analyse):
    status, text = analyse(
        "08-several-datasets/lr_pooled.csv", "acc", "base (lr=0.1)", "--variant", "variant,lr", "--confidence", "0.9"
    )
    assert status == 0
    assert "aug (lr=0.1) is better than base (lr=0.1)" in text


@pytest.mark.parametrize(
    "file",
    ["caps", "floats", "huge128", "negative", "prefixed", "sequence", "time", "zeros"],
)
def test_seeds_as_they_are_written(analyse, file):
    metric = "acc"
    status, text = analyse(f"09-seed-strings/{file}.csv", metric, "a", "--pairing", "seed")
    assert status == 0
    assert "b 3 " in text
    assert "Some seeds have a usable run in one arm only" not in text


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("dup", "lines 2, 3: a has seed 0 twice (0 and 00 are one seed)"),
        ("empty", "no run has a seed (the column seed is empty); add --number-runs if each row is a run"),
        ("none", "no run has a seed"),
        (
            "noseed",
            "no column 'seed'; say which column it is: --seed run (if there is none, add --number-runs if each row",
        ),
    ],
)
def test_seeds_that_are_missing_or_one(analyse, file, said):
    status, text = analyse(f"09-seed-strings/{file}.csv", "acc", "a")
    assert (status, said in text) == (2, True)


@pytest.mark.parametrize("file", ["semicolon.csv", "sepline.csv", "quoted.csv", "comma.tsv"])
def test_a_decimal_comma_is_asked_about_and_then_read(analyse, file):
    status, text = analyse(f"10-european/{file}", "acc", "a")
    assert status == 2
    assert 'acc is "0,81", not a number (and 5 other cells of this column); add --decimal , if' in text
    status, text = analyse(f"10-european/{file}", "acc", "a", "--decimal", ",")
    assert (status, THREE in text, VERDICT in text) == (0, True, True)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("10-european/semidot.csv", ""),
        ("11-utf16-bom/bom.csv", ""),
        ("11-utf16-bom/cr.csv", ""),
        ("11-utf16-bom/crlf.csv", ""),
        ("11-utf16-bom/utf16.csv", "was read as UTF-16."),
        ("11-utf16-bom/utf16le_nobom.csv", "was read as UTF-16-LE, without a byte order mark."),
        ("13-formats/plain.tsv", ""),
        ("13-formats/plain.csv.gz", ""),
        ("13-formats/plain.json", ""),
        ("13-formats/plain.jsonl", ""),
        ("13-formats/md.md", ""),
        ("13-formats/space.txt", ""),
        ("22-multiindex-header/comment.csv", "Comments in lines 1, 2 were skipped."),
        ("22-multiindex-header/concat.csv", "The header stands again in line 5; there it is no row."),
        ("22-multiindex-header/ragged.csv", "Fewer cells than the header in lines 2, 3, 4, 5, 6, 7"),
        ("22-multiindex-header/setindex.csv", ""),
        ("22-multiindex-header/trailing.csv", ""),
        ("22-multiindex-header/withindex.csv", ""),
        ("12-percent-thousands/percent.csv", "acc is in percent: 81.2% was read as 81.2"),
        ("12-percent-thousands/unicodeminus.csv", "the sign − was read as a minus"),
    ],
)
def test_one_table_in_many_forms(analyse, file, said):
    status, text = analyse(file, "acc", "a")
    assert status == 0
    assert said in text
    assert ("How the table was read" in text) == bool(said)
    if not file.startswith("12"):
        assert THREE in text
        assert VERDICT in text


def test_parquet(analyse):
    pytest.importorskip("pyarrow")
    status, text = analyse("13-formats/plain.parquet", "acc", "a")
    assert (status, VERDICT in text) == (0, True)


def test_latin_1_is_said(analyse):
    status, text = analyse("11-utf16-bom/latin1.csv", "acc", "baséline")
    assert (status, "it was read as Windows-1252 (--encoding says otherwise)" in text) == (0, True)


def test_a_thousands_mark_never_selects_the_sample(analyse, tmp_path):
    status, text = analyse("12-percent-thousands/c12thousands.csv", "eval/return", "ppo")
    assert (status, '"1,014.45", not a number (and 1 other cell of this column); add --thousands , if' in text) == (
        2,
        True,
    )
    status, text = analyse("12-percent-thousands/c12thousands.csv", "eval/return", "ppo", "--thousands", ",")
    assert "sac 5 886.6 16.6 +46.6" in text
    assert "NOT_SUPPORTED" in text
    with pytest.raises(Exception, match=r"runs: .*1,014.45.*add runs.thousands: "):
        pulled("12-percent-thousands", "c12thousands", tmp_path)


def test_odd_numbers(analyse):
    status, text = analyse("12-percent-thousands/odd.csv", "acc", "a")
    assert (status, 'line 6: acc is "1_0.92", not a number (and 1 other cell' in text) == (2, True)
    status, text = analyse("12-percent-thousands/bool.csv", "ok", "a", "--higher-is-better")
    assert (status, "ok: true was read as 1, false as 0." in text) == (0, True)


COLUMNS = ["State", "state", "Status", "STATUS", "status ", "run_status"]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_crashed_run_is_lost_whatever_its_column_is_called(analyse, column):
    _, right = analyse("14-status-words/right.csv", "val/acc", "a")
    assert "1 of 4 runs of b was lost" in right
    assert analyse(f"14-status-words/col_{column}.csv", "val/acc", "a") == (0, right)


@pytest.mark.parametrize(
    ("word", "n", "said"),
    [
        ("COMPLETED", 4, ""), ("FINISHED", 4, ""), ("finished", 4, ""), ("success", 4, ""), ("TERMINATED", 4, ""),
        ("FAILED", 3, "1 run of b failed"), ("KILLED", 3, "1 run of b failed"), ("crashed", 3, "1 run of b failed"),
        ("killed", 3, "1 run of b failed"), ("preempted", 3, "1 run of b failed"), ("diverged", 3, "1 of 4 runs of b"),
        ("running", 3, "not counted: still running: b seed 3"), ("RUNNING", 3, "not counted: still running"),
    ],
)  # fmt: skip
def test_words_for_how_a_run_ended(analyse, word, n, said):
    status, text = analyse(f"14-status-words/st_{word}.csv", "acc", "a")
    assert status == 0
    assert f" b {n} " in text
    assert said in text


def test_an_empty_status_beside_others_is_asked_about(analyse):
    status, text = analyse("14-status-words/st_.csv", "acc", "a")
    assert (status, "line 8: status is empty, where others say how their run ended" in text) == (2, True)
    assert " b 4 " in analyse("14-status-words/st_.csv", "acc", "a", "--state", "=finished")[1]


def test_two_columns_of_one_name_are_refused_by_a_study_too(tmp_path, analyse):
    said = 'two columns are named "val_acc"; rename or delete one of them'
    assert said in analyse("16-same-name-columns/c16dup.csv", "val_acc", "base")[1]
    with pytest.raises(Exception, match=said):
        pulled("16-same-name-columns", "c16dup", tmp_path)


def test_large_seeds_stay_apart(tmp_path):
    counts, runs, (_, *notes) = pulled("17-big-seeds", "c17big", tmp_path)
    assert counts == {("aug", "finished"): 3, ("base", "finished"): 3}
    assert sorted(set(runs["seed"])) == [9007199254740992, 9007199254740993, 9007199254740995]
    assert notes == []


def test_questions_are_not_seeds(analyse):
    status, text = analyse("20-llm-per-question/samples.csv", "acc", "m1", "--pairing", "seed")
    assert (status, "are they answers to questions? Then add --example seed" in text) == (2, True)
    flags = ("--example", "seed", "--cluster", "passage")
    status, text = analyse("20-llm-per-question/samples.csv", "acc", "m1", *flags)
    assert (status, "+0.1050 [−0.0252, 0.2352] 0.1077 NOT_SUPPORTED" in text) == (0, True)
    assert "new examples from new clusters" in text
    assert "new test sets" not in text


def test_seeds_on_one_side_only(analyse):
    status, text = analyse("21-pairing-seed-sets/partial.csv", "acc", "a", "--pairing", "seed")
    assert (status, "TOO_FEW_SEEDS" in text) == (0, True)
    status, text = analyse("21-pairing-seed-sets/mixed_float.csv", "acc", "a", "--pairing", "seed")
    assert (status, " b 4 " in text, "TOO_FEW" not in text) == (0, True, True)
    status, text = analyse("21-pairing-seed-sets/dup_float.csv", "acc", "a")
    assert (status, "a has seed 0 twice (0 and 0.0 are one seed)" in text) == (2, True)


def test_variants_that_differ_in_capitals_only_are_asked_about(analyse):
    status, text = analyse("21-pairing-seed-sets/case.csv", "acc", "base")
    assert (status, 'the variants "base" and "Base" differ only in capitals or blanks' in text) == (2, True)
    status, text = analyse("21-pairing-seed-sets/case.csv", "acc", "base", "--map", "Base=base")
    assert (status, "base 3 0.8300" in text) == (0, True)


def test_a_run_without_a_seed_among_others(analyse):
    status, text = analyse("22-multiindex-header/floatseed.csv", "acc", "a")
    assert (status, "line 8: the run has no seed; fill it in, or delete the row" in text) == (2, True)


def test_columns_of_ray(analyse):
    status, text = analyse("23-ray-hydra-hf/ray.csv", "val_acc", "base")
    assert (status, "--variant config/model" in text) == (2, True)
    status, text = analyse("23-ray-hydra-hf/ray.csv", "val_acc", "base", "--variant", "model")
    assert (status, "1 run of aug failed" in text) == (0, True)
    assert analyse("23-ray-hydra-hf/ray.csv", "val_acc", "base", "--variant", "config/model") == (status, text)


def test_a_metric_of_any_name(analyse, tmp_path):
    status, text = analyse("27-metric-name/rl.csv", "eval/return", "ppo")
    assert (status, text.startswith("eval/return, higher is better")) == (0, True)
    assert "accuracy" not in text


def test_any_variant_name_in_a_table(analyse):
    status, text = analyse("18-variant-names/analyse.csv", "acc", "方法")
    assert (status, "openai/baselines PPO2 | v1" in text) == (0, True)
