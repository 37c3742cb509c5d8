"""Every mistake on the command line is one helpful line on stderr and exit status 2, without a traceback."""

from pathlib import Path

import pytest

from seedwise.cli import main

TABLE = "variant,seed,score\nA,0,0.842\nA,1,0.838\nA,2,0.851\nB,0,0.861\nB,1,0.855\nB,2,0.858\n"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capsys, *flags, text=TABLE, baseline="A"):
    """Analyse a table; return (exit status, stdout, stderr)."""
    Path("results.csv").write_text(text, encoding="utf-8")
    status = main(["analyse", "results.csv", "--metric", "score", "--baseline", baseline, *flags])
    return (status, *capsys.readouterr())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "results.csv: the file is empty"),
        (" \n\n", "results.csv: the file is empty"),
        ("variant,seed,score\n", "results.csv: only a header, no runs below it"),
        ("hello world\n", "results.csv: only a header, no runs below it"),
        ("a\0b,c\n", "results.csv: not a text file"),
        ("model,seed,score\nA,0,1\n", "say which column it is: --variant model. Found: model, seed,"),
        ("variant,score\nA,1\n", "(if there is none, add --number-runs if each row is a run). Found: variant, "),
        ("variant,seed,acc\nA,0,1\n", 'results.csv: no column "score". Found: variant, seed, acc.'),
        ("variant,seed,SCORES\nA,0,1\n", 'no column "score"; did you mean "SCORES"? Found: variant, seed, SCORES.'),
        ("variant,seed,score,score\nA,0,1,1\n", 'results.csv: two columns are named "score"; rename or delete one'),
        ("variant,seed,score\nA,0,1\nA,1\n", "line 3: fewer cells than the header has, and so no score"),
        ("variant,seed,score\nA,0,1,7\n", "results.csv, line 2: 4 cells where the header has 3"),
        ("variant,seed,score\nA,0,1\n\nA,1,high\n", 'results.csv, line 4: score is "high", not a number'),
        ("variant,seed,score\nA,0,1\nB,,1\n", "results.csv, line 3: the run has no seed"),
        ("variant,seed,score\n,0,1\n", "results.csv, line 2: the run has no variant"),
        ("variant,seed,score\nA,0,1\nA,1,2\nA,0,3\n", "lines 2, 4: A has seed 0 twice, and no column says when"),
        ("variant,seed,status,score\nA,0,odd,1\n", 'line 2: status is "odd", which does not say how the run ended'),
        ("variant,seed,score\na,0,1\nb,0,1\n", "results.csv: no baseline variant 'A'; found a, b. Did you mean 'a'?"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_table_is_one_line(capsys, text, message):
    status, out, err = run(capsys, text=text)
    assert status == 2
    assert out == ""
    assert err.startswith("seedwise: ")
    assert message in err
    assert err.count("\n") == 1


EXPORT = "name,arch,lr,seed,score\n" + "".join(
    f"run-{arch}-{lr}-{seed},{arch},{lr},{seed},0.8{seed}\n" for arch in "AB" for lr in (1, 2) for seed in range(3)
)


@pytest.mark.parametrize(
    ("baseline", "flags", "message"),
    [
        ("A", (), "no column 'variant'; say which column it is: --variant arch."),
        (
            "A",
            ("--variant", "name"),
            "no baseline variant 'A' among run-A-1-0, run-A-1-1, run-A-1-2, run-A-2-0 and 8 more; ",
        ),
        ("A", ("--variant", "name"), "it stands in arch: --variant arch\n"),
        ("A (lr=2)", (), "no column 'variant'; say which column it is: --variant arch,lr."),
        ("A (lr=2)", ("--variant", "name"), "it stands in arch,lr: --variant arch,lr\n"),
        ("C", (), "no column 'variant'; say which column it is: --variant arch."),
        ("C", ("--map", "A=C"), "no column 'variant'; say which column it is: --variant arch."),
    ],
)
def test_the_column_of_variants_is_looked_for_by_the_baseline(capsys, baseline, flags, message):
    status, _, err = run(capsys, *flags, text=EXPORT, baseline=baseline)
    assert (status, message in err) == (2, True)


def test_the_column_of_variants_of_an_evaluation_is_looked_for_too(capsys):
    flags = ("--variant", "name", "--example", "seed", "--higher-is-better", "--where", "lr=1")
    assert "it stands in arch: --variant arch\n" in run(capsys, *flags, text=EXPORT)[2]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--metric is missing: name the column to compare; found score\n"),
        (["--metric", "score"], "--baseline is missing: name the variant with which all others are compared\n"),
        (["--metric", "score", "--variant", "arch"], "all others are compared; found A, B\n"),
    ],
)
def test_a_missing_choice_comes_with_what_could_be_meant(capsys, flags, message):
    Path("results.csv").write_text(EXPORT, encoding="utf-8")
    assert main(["analyse", "results.csv", *flags]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--margin", "-1"], "--margin must be above 0, in units of the metric; found -1"),
        (["--margin", "0"], "--margin must be above 0"),
        (["--margin", "nan"], "--margin must be above 0"),
        (["--margin", "much"], "argument --margin: invalid float value: 'much'"),
        (
            ["--question", "non-inferiority"],
            "--question non-inferiority: needs --margin, by which a variant may be worse",
        ),
        (["--confidence", "95"], "--confidence must lie between 0.5 and 0.999999; found 95.0; did you mean 0.95?"),
        (["--confidence", "0.5"], "--confidence must lie between 0.5 and 0.999999; found 0.5"),
        (["--pairing", "seeds"], "invalid choice: 'seeds' (choose from 'none', 'seed')"),
        (["--pairing", "seed", "--variance", "pooled"], "remove it or --pairing seed"),
        (["--variance", "pooled", "--metric", "loss"], "remove it, or the further --metric"),
        (["--cluster", "passage"], "--cluster is for an evaluation, whose rows are answers: add --example COLUMN"),
        (["--sample", "runs", "--example", "question"], "--example is for an evaluation"),
        (["--example", "question", "--take", "best"], "--take: the rows of an evaluation are answers, not runs"),
        (["--example", "question", "--duplicates", "latest"], "--duplicates: the rows of an evaluation are answers"),
        (["--separator", "ab"], '--separator: found "ab"; write one character'),
        (["--lower-is-beter"], "unknown flag --lower-is-beter; did you mean --lower-is-better?"),
        (["--marg=1"], "unknown flag --marg; did you mean --margin?"),
        (["--zzz"], "unknown flag --zzz; `seedwise analyse --help` lists all flags"),
        (["more.csv"], "unexpected argument 'more.csv'"),
        (["--confidence", ".9999999999999999"], "must lie between 0.5 and 0.999999; found 0.9999999999999999"),
        (["--margin", "1e300"], "--margin must be above 0, in units of the metric; found 1e+300"),
        (["--seed", ""], "--seed is empty; give it a value or leave it out"),
        (["--ignore="], "--ignore is empty"),
        (["--out", ""], "--out is empty"),
        (["--metric", "score"], "--metric score is given twice"),
        (["--margin=1", "--margin", "2"], "--margin is given twice"),
        (["--lower-is-better", "--higher-is-better"], "not allowed with argument --lower-is-better"),
        (["--out", "results.csv"], "--out results.csv"),
        (["--out", "results.csv/below"], "--out results.csv/below"),
    ],
)
def test_a_mistake_in_the_flags_is_one_line(capsys, flags, message):
    status, _, err = run(capsys, *flags)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_the_direction_is_asked_for_where_the_name_of_the_metric_does_not_say_it(capsys):
    Path("results.csv").write_text(TABLE.replace("score", "width"), encoding="utf-8")
    command = ["analyse", "results.csv", "--metric", "width", "--baseline", "A"]
    assert main(command) == 2
    assert capsys.readouterr().err == (
        "seedwise: --metric width: the name does not say which way is better: add --higher-is-better or "
        "--lower-is-better\n"
    )
    assert main([*command, "--lower-is-better"]) == 0
    assert capsys.readouterr().out.startswith("width, lower is better; differences")


def test_columns_that_are_no_metric(capsys):
    Path("results.csv").write_text(TABLE, encoding="utf-8")
    assert main(["analyse", "results.csv", "--metric", "seed", "--baseline", "A"]) == 2
    assert "--metric seed: that column says which run a row is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["analyse", "absent.csv", "--metric", "score", "--baseline", "A"], "absent.csv: No such file or directory"),
        (
            ["analyse", ".", "--metric", "score", "--baseline", "A"],
            ".: a folder; name its files with a pattern in quotes",
        ),
        (["analyse", "--metric", "score", "--baseline", "A"], "the table of results is missing"),
        (["analyse", "results.csv", "--baseline", "A"], "--metric is missing"),
        (["analyse", "results.csv", "--metric", "score"], "--baseline is missing"),
        (["analyse", "absent.csv", "--metric", "f1", "--baseline", "b", "--metric", "c"], "absent.csv: No such file"),
        (["analyse", "", "--metric", "acc", "--baseline", "a"], "RESULTS is empty; give it a value or leave it out"),
        (["analyse", "r.csv", "--metric", "", "--baseline", "a"], "--metric is empty"),
        (["analyse", "r.csv", "--metric", "acc", "--baseline", ""], "--baseline is empty"),
        (["status", ""], "STUDY is empty"),
        (["compare", "", "results/b"], "FOLDER is empty"),
        (["init", "--metric", "a", "--metric", "b", "--", "python", "a.py"], "--metric is given twice"),
        (["try", "--variant", "a", "--variant", "b", "study.yaml"], "--variant is given twice"),
        (["run", "--revisions", "a,b", "--revisions=c,d"], "--revisions is given twice; name all revisions at once"),
        (["analyse", "results.csv", "--metrik", "score"], "unknown flag --metrik; did you mean --metric?"),
        (["analize", "results.csv"], "unknown command analize; did you mean analyze?"),
        (["xyz"], "unknown command xyz; `seedwise --help` lists all commands"),
        (["--versoin"], "unknown flag --versoin; did you mean --version?"),
        (["study.yaml"], "the command is missing; did you mean `seedwise run study.yaml`?"),
        (["status", "--jsn"], "unknown flag --jsn; did you mean --json?"),
        (["status"], "no study is in this folder: no YAML file here has the keys study and seeds; name one"),
        (["interim", "a.yaml", "b.yaml"], "unexpected argument 'b.yaml'"),
        (["run", "--configfile", "a.yaml"], "--configfile: the study is the config; name it in its place"),
        (["report", "nowhere/a.yaml"], "nowhere/a.yaml: no such file"),
        (["open", "."], ".: no report is there yet (page.html or results.md)"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(capsys, argv, message):
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_a_binary_file_is_refused(capsys):
    Path("results.csv").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    assert main(["analyse", "results.csv", "--metric", "score", "--baseline", "A"]) == 2
    assert capsys.readouterr().err == (
        "seedwise: results.csv: not a text file, nor a table in a format that is known (see docs/tables.md)\n"
    )
