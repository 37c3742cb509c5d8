"""Tables as users have them, by kind of fault: each is read right, or refused with a way on that works."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import openpyxl
import pandas as pd
import pytest

from seedwise.cli import main
from seedwise.sources.cells.seeds import read_seed
from seedwise.table import analyse as analyse_frame

A, B = [0.80, 0.81, 0.79, 0.82], [0.90, 0.91, 0.89, 0.92]


@pytest.fixture
def analyse(tmp_path, monkeypatch, capsys):
    """Analyse a table that is given as its text; return the exit status and all that was printed."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *flags: str, metric: str = "acc", baseline: str = "a") -> tuple[int, str]:
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        status = main(["analyse", "t.csv", "--metric", metric, "--baseline", baseline, *flags])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


def table(column: str = "", cell=lambda variant, seed: "", *, b=B, header: str = "variant,seed,acc") -> str:
    """Write a table of two variants, with a further column."""
    rows = [
        f"{variant},{seed},{score}{',' if column else ''}{cell(variant, seed)}"
        for variant, scores in (("a", A), ("b", b))
        for seed, score in enumerate(scores)
    ]
    return "\n".join([header + (f",{column}" if column else ""), *rows]) + "\n"


@pytest.mark.parametrize(
    ("column", "good", "bad", "flags"),
    [
        ("exit_code", "0", "137", ["--status", "exit_code"]),
        ("crashed", "False", "True", ["--status", "crashed"]),
        ("finished", "True", "False", ["--status", "finished"]),
        ("outcome", "ok", "failed", ["--status", "outcome"]),
        ("notes", "", "crashed", ["--status", "notes"]),
        ("error", "", "CUDA out of memory", ["--status", "error", "--state", "CUDA out of memory=failed"]),
        ("lifecycle_stage", "active", "deleted", ["--where", "lifecycle_stage=active"]),
    ],
)
def test_a_column_that_may_say_how_runs_ended_is_asked_about(analyse, column, good, bad, flags):
    text = table(column, lambda *run: bad if run == ("b", 2) else good, b=[0.90, 0.91, 0.10, 0.92])
    status, said = analyse(text)
    assert (status, f"does {column} say how runs ended" in said, flags[0] in said) == (2, True, True)
    status, said = analyse(text, *flags)
    assert (status, "b 3 0.9100" in said) == (0, True)


@pytest.mark.parametrize(
    ("cells", "flags", "mean"),
    [
        (["1'014.45", "839.96", "901.2", "1'200.1"], ["--thousands", "'"], "988.9"),
        (["1’014.45", "839.96", "901.2", "1’200.1"], ["--thousands", "'"], "988.9"),
        (["1.014,45", "839,96", "901,2", "1.200,1"], ["--decimal", ",", "--thousands", "."], "988.9"),
        (["1\u202f014,45", "839,96", "901,2", "1\u00a0200,1"], ["--decimal", ",", "--thousands", " "], "988.9"),
        (["1.014", "2.839", "3.901", "1,5"], ["--decimal", ",", "--thousands", "."], "1938.9"),
        (["84,2 %", "83,1 %", "84,4 %", "84,3 %"], ["--decimal", ","], "84.000"),
    ],
)
def test_numbers_of_other_countries_are_refused_with_the_flags_that_read_them(analyse, cells, flags, mean):
    rows = [f"{variant};{seed};{cell}" for variant in "ab" for seed, cell in enumerate(cells)]
    text = "\n".join(["variant;seed;acc", *rows])
    status, said = analyse(text)
    assert (status, "not a number" in said, flags[0] in said) == (2, True, True)
    status, said = analyse(text, *flags)
    assert (status, f"a 4 {mean}" in said) == (0, True)


def test_thousands_do_not_begin_with_zero(analyse):
    text = 'variant,seed,acc\na,0,"0,820"\na,1,"0,83"\nb,0,"0,9"\nb,1,"0,91"\n'
    assert analyse(text, "--thousands", ",")[0] == 2
    assert "a 2 0.8250" in analyse(text, "--decimal", ",")[1]


def test_lakhs_are_read(analyse):
    text = 'variant,seed,acc\na,0,"1,01,014.5"\na,1,"99,000"\nb,0,"1,20,000"\nb,1,"12,34,567"\n'
    assert "a 2 100007" in analyse(text, "--thousands", ",")[1]


def test_a_formula_without_a_value_is_no_empty_cell(tmp_path, capsys):
    book = openpyxl.Workbook()
    for row in [("variant", "seed", "acc"), ("a", 0, 0.8), ("a", 1, "=0.4*2"), ("b", 0, 0.9), ("b", 1, 0.9)]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert main(["analyse", str(tmp_path / "t.xlsx"), "--metric", "acc", "--baseline", "a"]) == 2
    assert "row 3: the formula" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("column", "old", "new"),
    [
        ("created", "01.03.2024 10:00", "02.03.2024 10:00"),
        ("_timestamp", "1.709e9", "1.7091e9"),
        ("Created", "Fri Mar 01 2024 10:00:00 GMT+0100", "Sat Mar 02 2024 10:00:00 GMT+0100"),
        ("date", "1 Mar 2024", "2 Mar 2024"),
    ],
)
def test_the_latest_counts_whatever_the_order_of_rows(analyse, column, old, new):
    rows = ["a,0,0.82", "a,0,0.10", "a,1,0.80", "a,2,0.81", "b,0,0.90", "b,1,0.91", "b,2,0.92"]
    dates = [new, old, old, old, old, old, old]
    for order in (1, -1):
        lines = [f"{row},{date}" for row, date in zip(rows, dates, strict=True)][::order]
        status, said = analyse("\n".join([f"variant,seed,acc,{column}", *lines]))
        assert (status, "a 3 0.8100" in said) == (0, True)


def test_a_column_of_dates_is_offered_where_none_is_known(analyse):
    text = "variant,seed,acc,Datum\na,0,.8,2024-03-02\na,0,.1,2024-03-01\nb,0,.9,2024-03-01\nb,1,.9,2024-03-01\n"
    status, said = analyse(text)
    assert (status, "--created Datum" in said) == (2, True)


@pytest.mark.parametrize(("text", "seed"), [("0x1F", 31), ("seed_3", 3), ("Seed 07", 7), ("s3", "s3"), ("3e2", 300)])
def test_a_seed_is_its_number(text, seed):
    assert read_seed(text) == seed


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (["0", "seed0", "1"], "are one seed"),
        (["0", "NA", "1"], "has no seed"),
        (['"1,000"', "7", "8"], "--thousands ,"),
    ],
)
def test_odd_seeds_are_refused(analyse, seeds, said):
    rows = [f"{variant},{seed},0.{8 + row}" for variant in "ab" for row, seed in enumerate(seeds[:2])]
    rows += [f"{variant},{seeds[2]},0.85" for variant in "ab"]
    status, text = analyse("\n".join(["variant,seed,acc", *rows]))
    assert (status, said in text) == (2, True)


def test_floats_of_numpy_among_objects_are_numbers():
    scores = pd.Series([np.float64(score) for score in A + B], dtype="object")
    frame = pd.DataFrame({"variant": ["a"] * 4 + ["b"] * 4, "seed": [0, 1, 2, 3] * 2, "acc": scores})
    found = analyse_frame(frame, metric="acc", baseline="a", higher_is_better=True)
    assert found.summary["mean"].tolist() == pytest.approx([np.mean(A), np.mean(B)])


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("environment", lambda _, seed: ["Hopper", "Walker", "Ant", "Humanoid"][seed]),
        ("Korpus", lambda _, seed: ["Hopper", "Walker", "Ant", "Humanoid"][seed]),
        ("config.lr", lambda variant, seed: f"{0.1 / (seed + 2 + 9 * (variant == 'b')):.5f}"),
    ],
)
def test_what_goes_with_the_seed_is_asked_about_all_the_same(analyse, column, cell):
    status, said = analyse(table(column, cell))
    assert (status, f"{column} varies within the variant a" in said) == (2, True)
    assert analyse(table(column, cell), "--ignore", column)[0] == 0


def test_another_name_of_the_seed_is_not_asked_about(analyse):
    assert analyse(table("split_name", lambda _, seed: f"part-{seed}"))[0] == 0


def test_environments_with_other_steps_are_not_one_history(analyse):
    rows = [
        f"{variant},{seed},{score},{env},{step}"
        for variant, scores in (("a", A), ("b", B))
        for seed, score in enumerate(scores)
        for env, step in (("Hopper", 500), ("Ant", 1000))
    ]
    text = "\n".join(["variant,seed,acc,env_id,step", *rows])
    status, said = analyse(text)
    assert (status, "env_id varies within the variant a" in said) == (2, True)
    status, said = analyse(text, "--dataset", "env_id")
    assert (status, "Hopper:" in said, "Ant:" in said) == (0, True, True)


def test_hundreds_of_settings_are_refused_in_a_short_line(analyse):
    text = table(
        ",".join(f"config.c{i}" for i in range(200)), lambda _, s: ",".join(str((s + i) % 2) for i in range(200))
    )
    status, said = analyse(text)
    assert (status, len(said) < 700) == (2, True)
    assert analyse(text, "--ignore", "config.*")[0] == 0


@pytest.mark.parametrize(("one", "other"), [("cafe\u0301", "caf\u00e9"), ("base\u200b", "base"), ("0.10", "0.1")])
def test_variants_that_look_the_same_are_asked_about(analyse, one, other):
    text = (
        table()
        .replace("a,0", f"{one},0")
        .replace("a,1", f"{one},1")
        .replace("a,2", f"{other},2")
        .replace("a,3", f"{other},3")
    )
    status, said = analyse(text, baseline=other)
    assert (status, "--map" in said) == (2, True)
    status, said = analyse(text, "--map", f"{one}={other}", baseline=other)
    assert (status, "4 0.8050" in said) == (0, True)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["cifar", ""], "dataset is empty"),
        (["cifar", "CIFAR"], "differ only in capitals"),
        (["x", "y"], "on y there is no run"),
    ],
)
def test_datasets_are_all_named_and_all_have_the_baseline(analyse, names, said):
    rows = [f"{v},{s},{x},{name}" for name in names for v, xs in (("a", A), ("b", B)) for s, x in enumerate(xs)]
    if names == ["x", "y"]:
        rows = [row for row in rows if not (row.startswith("a") and row.endswith("y"))]
    text = "\n".join(["variant,seed,acc,dataset", *rows])
    status, shown = analyse(text, "--dataset", "dataset")
    assert (status, said in shown) == (2, True)
    assert analyse(text, "--dataset", "dataset", "--where", f"dataset!={names[1]}")[0] == 0


def history(step: str, steps, *, score=lambda score, step: score + step / 1000) -> str:
    """Write a row for each step of two variants' runs."""
    rows = [
        f'{variant},{seed},"{at}",{score(x, row):.4f}'
        for variant, scores in (("a", A), ("b", B))
        for seed, x in enumerate(scores)
        for row, at in enumerate(steps)
    ]
    return "\n".join([f"variant,seed,{step},acc", *rows])


@pytest.mark.parametrize(
    "step", ["train/global_step", "charts/global_step", "time/total_timesteps", "Env Steps", "round"]
)
def test_steps_by_the_names_of_tools(analyse, step):
    status, said = analyse(history(step, [1, 2, 3]))
    assert (status, "a 4 0.8070" in said, f"a row for each {step}" in said) == (0, True, True)


def test_steps_that_cannot_be_read_decide_nothing(analyse):
    text = history("step", ["1,500", "1,000", "500"])
    status, said = analyse(text)
    assert (status, "--thousands ," in said) == (2, True)
    assert "a 4 0.8050" in analyse(text, "--thousands", ",")[1]
    status, said = analyse(history("epoch", ["", "1", "2"]))
    assert (status, "--where 'epoch!='" in said) == (2, True)
    assert "a 4 0.8070" in analyse(history("epoch", ["", "1", "2"]), "--where", "epoch!=")[1]


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        (history("epoch", [0, 1, 2, 3, 0, 1, 2]), [], "was it started again?"),
        (table(), ["--take", "best"], "no column that counts steps"),
    ],
)
def test_histories_that_cannot_be_taken_from_are_refused(analyse, text, flags, said):
    status, shown = analyse(text, *flags)
    assert (status, said in shown) == (2, True)


def test_a_mean_of_fewer_values_is_said(analyse):
    assert "8 runs had fewer than 5 values" in analyse(history("epoch", [1, 2, 3]), "--take", "mean-last:5")[1]


def test_titles_and_columns_without_a_name_are_said(analyse):
    text = "Results 2024,,,\n" + "\n".join(f"{line},x" for line in table().splitlines()).replace("acc,x", "acc,")
    status, said = analyse(text)
    assert (status, "A title or comments above the header in line 1" in said) == (0, True)
    assert "Column 4 left out: without a name" in said


@pytest.mark.parametrize(("condition", "status"), [("acc>=0.9", 2), ("env==x", 0), ("env=x", 0)])
def test_conditions_as_in_python(analyse, condition, status):
    text = table("env", lambda *_: "x") + "a,9,0.8,y\n"
    assert analyse(text, "--where", condition)[0] == status


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("error", lambda _, seed: f"0.{seed}1"),
        ("finished", lambda _, seed: f"2024-01-0{seed + 1} 10:00"),
        ("exception", lambda *_: ""),
    ],
)
def test_a_column_that_says_nothing_about_the_end_is_not_asked_about(analyse, column, cell):
    assert analyse(table(column, cell))[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("closed", "status"), [(">&-", 0), (">/dev/full", 2), ("| true", 0)])
def test_the_files_are_there_whatever_becomes_of_the_output(tmp_path, closed, status):
    (tmp_path / "t.csv").write_text(table(), encoding="utf-8")
    command = f"{sys.executable} -m seedwise.cli analyse t.csv --metric acc --baseline a --out out {closed}"
    shell = ["bash", "-o", "pipefail", "-c", command]
    ended = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, "Traceback" in ended.stderr) == (status, False)
    assert (tmp_path / "out" / "comparisons.csv").is_file()


ANSWERS = "variant,question,acc,{column}\n" + "".join(
    f"{variant},{question},{(question + (variant == 'b')) % 2},{{{'ok' if question else 'bad'}}}\n"
    for variant in "ab"
    for question in range(12)
)


@pytest.mark.parametrize(
    ("column", "bad", "ok"), [("status", "error", "success"), ("error", "timed out", ""), ("done", "False", "True")]
)
def test_the_score_of_an_answer_that_is_an_error_is_asked_about(column, bad, ok, tmp_path, capsys):
    (tmp_path / "t.csv").write_text(ANSWERS.format(column=column, bad=bad, ok=ok))
    command = ["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--baseline", "a", "--example", "question"]
    assert main(command) == 2
    assert f'line 2: {column} is "{bad}", and the answer has a score (so in 2 rows)' in capsys.readouterr().err
    assert main([*command, "--ignore", column]) == 0
    assert main([*command, "--where", f"{column}={ok}"]) == 0


def runs_of_two(column: str, values, steps) -> str:
    """Write the runs of two experiments that differ in a number and in their length."""
    rows = [
        f"{variant},{seed},{score + value},{value},{step}"
        for variant, scores in (("a", A), ("b", B))
        for seed, score in enumerate(scores)
        for value, last in zip(values, steps, strict=True)
        for step in (last if isinstance(last, list) else [last])
    ]
    return "\n".join([f"variant,seed,acc,{column},step", *rows])


@pytest.mark.parametrize(
    ("column", "steps"), [("lr", [500, 1000]), ("width", [500, 1000]), ("k", [[1, 2, 3], [1, 2, 3, 4]])]
)
def test_experiments_that_differ_in_a_number_are_not_one_history(analyse, column, steps):
    text = runs_of_two(column, [1, 2], steps)
    status, said = analyse(text)
    assert (status, f"{column} varies within the variant a (1, 2)" in said) == (2, True)
    status, said = analyse(text, "--where", f"{column}=1")
    assert (status, "a 4 1.8050" in said) == (0, True)


def test_a_schedule_is_a_history_where_that_is_said(analyse):
    text = runs_of_two("lr", [2, 1], [500, 1000])
    status, said = analyse(text)
    assert (status, "--take last if the rows of a seed are steps of one run" in said) == (2, True)
    assert "a 4 1.8050" in analyse(text, "--take", "last")[1]


def test_a_schedule_over_many_steps_is_not_asked_about(analyse):
    text = runs_of_two("lr", [0.1 / 2**step for step in range(8)], range(8))
    assert analyse(text)[0] == 0


@pytest.mark.parametrize("column", ["params_tau", "config.tau", "hparams/tau", "params.tau"])
def test_a_parameter_that_is_another_in_each_row_is_asked_about(analyse, column):
    text = table(column, lambda variant, seed: f"0.{seed + 4 * (variant == 'b') + 1}3")
    status, said = analyse(text)
    assert (status, f"{column} varies within the variant a" in said) == (2, True)
    assert analyse(text, "--ignore", column)[0] == 0
    assert analyse(table("tau", lambda variant, seed: f"0.{seed + 4 * (variant == 'b') + 1}3"))[0] == 0


def test_a_parameter_that_is_the_seed_again_is_not_asked_about(analyse):
    assert analyse(table("config.generator", lambda _, seed: str(100 + seed)))[0] == 0


def test_the_second_of_two_columns_of_one_name_in_pandas_is_pointed_out(analyse):
    text = table("acc.1", lambda *_: "0.5")
    status, said = analyse(text)
    assert (status, "--ignore acc.1" in said) == (2, True)
    assert "a 4 0.8050" in analyse(text, "--ignore", "acc.1")[1]
    assert "a 4 0.5000" in analyse(text, metric="acc.1")[1]
    same = table("acc.1", lambda variant, seed: str((A if variant == "a" else B)[seed]))
    assert analyse(same)[0] == 0


@pytest.mark.parametrize("cell", ["nan", "inf"])
def test_a_further_metric_that_is_not_finite_diverged(analyse, cell):
    text = table("loss", lambda variant, seed: {("b", 2): cell, ("b", 3): ""}.get((variant, seed), f"0.{seed + 1}"))
    status, said = analyse(text, "--metric", "loss")
    assert (status, "1 run counted as diverged for loss: its loss is not finite: b seed 2" in said) == (0, True)
    assert "1 run counted as failed for loss: no loss: b seed 3" in said
