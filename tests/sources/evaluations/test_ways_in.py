"""Evaluations from Python and in a study: the numbers of `analyse`, and messages in the words of each."""

import json

import pandas as pd
import polars as pl
import pytest

from seedwise.analysis.study_examples import analyse_answers, write_evaluation
from seedwise.basics.errors import UserError
from seedwise.cli import main
from seedwise.config.reading import ConfigError, read_study
from seedwise.config.study_file import StudyFile
from seedwise.registration.register import look_at
from seedwise.sources.pulled import pull, pull_answers, read_pulled_answers
from seedwise.sources.settings import RunsSettings
from seedwise.table import EvaluationFindings, TableFindings, analyse

ROLES = {"example": "question", "cluster": "text", "repeat": "epoch", "judge": "who"}
PLAN = {"metric": "right", "baseline": "a", "higher_is_better": True}


def answers() -> pd.DataFrame:
    """Answers of two models to 40 questions about 10 texts, twice each, scored by two judges."""
    rows = [
        (model, number, number // 4, epoch, who, int((number * 7 + epoch * 3 + len(who)) % period > 0))
        for model, period in (("a", 3), ("b", 5))
        for number in range(40)
        for epoch in (1, 2)
        for who in ("ann", "bobby")
    ]
    return pd.DataFrame(rows, columns=["model", "question", "text", "epoch", "who", "right"])


def single() -> pd.DataFrame:
    """The first answer to each question, by one judge, as a table whose questions could be taken for seeds."""
    table = answers().query("epoch == 1 and who == 'ann'")
    return table.rename(columns={"model": "variant", "question": "seed"})[["variant", "seed", "right"]]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, str])
def test_python_finds_what_the_command_finds(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    answers().to_csv("answers.csv", index=False)
    flags = [text for role, column in ROLES.items() for text in (f"--{role}", column)]
    command = ["analyse", "answers.csv", "--metric", "right", "--baseline", "a", "--higher-is-better"]
    assert main([*command, "--variant", "model", *flags, "--json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    source = "answers.csv" if kind is str else kind({name: list(cells) for name, cells in answers().items()})
    found = analyse(source, **PLAN, variant="model", **ROLES)
    assert isinstance(found, EvaluationFindings)
    (row,), (wanted,) = found.comparisons.to_dict("records"), expected["comparisons"]
    assert wanted["n_clusters"] == 10
    assert {key: row[key] for key in wanted if key != "dataset"} == {k: v for k, v in wanted.items() if k != "dataset"}
    assert [rate.any_of_k for rate in found.analysis.passes] == [rate["any_of_k"] for rate in expected["pass_at_k"]]
    assert "the question is new examples" in str(found)
    assert list(found.summary["n_examples"]) == [40, 40]


def test_answers_that_could_be_runs_are_asked_about_in_the_words_of_each_way_in(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    single().to_csv("answers.csv", index=False)
    assert main(["analyse", "answers.csv", "--metric", "right", "--baseline", "a", "--higher-is-better"]) == 2
    assert (
        "add --example seed, so that the verdict is about new questions; else --sample runs" in capsys.readouterr().err
    )
    with pytest.raises(UserError, match=r"add example='seed', so that .* else sample='runs'$"):
        analyse(single(), **PLAN)
    settings = {"from": "table", "path": "answers.csv"}
    with pytest.raises(
        UserError, match=r"add runs.sample: examples and runs.example: seed, so that .* runs.sample: runs$"
    ):
        pull(RunsSettings.model_validate(settings), "right", "ab", range(40), tmp_path / "runs.csv", base=tmp_path)
    # Each advice works as it is written.
    assert isinstance(analyse(single(), **PLAN, example="seed"), EvaluationFindings)
    assert isinstance(analyse(single(), **PLAN, sample="runs"), TableFindings)
    advised = RunsSettings.model_validate({**settings, "sample": "examples", "example": "seed"})
    assert pull_answers(advised, "right", "ab", tmp_path / "answers.out", base=tmp_path).runs == 80
    as_runs = RunsSettings.model_validate({**settings, "sample": "runs"})
    assert pull(as_runs, "right", "ab", range(40), tmp_path / "runs.csv", base=tmp_path).runs == 80


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"cluster": "text"}, r"cluster= is for an evaluation.*add example= with"),
        ({}, {**ROLES, "take": "last"}, r"take=: the rows of an evaluation are answers"),
        ({}, {**ROLES, "pairing": "seed"}, r"pairing=: examples are always paired; remove it, or example= to"),
        ({}, {"example": "question", "judge": "who"}, r"epoch tells several answers .* repeat='epoch', seed='epoch'"),
        ({}, {"example": "question", "where": ["who=ann"], "ignore": "epoch"}, r"is there 2 times.*: repeat= for"),
        ({}, {**ROLES, "sample": "answers"}, r"sample: found 'answers'; use one of None, 'runs', 'examples'"),
        ({"right": "score"}, {**ROLES, "metric": "score2"}, r"no column \"score2\""),
        (
            {"right": "points"},
            {**ROLES, "metric": "points", "higher_is_better": None},
            r"higher_is_better=True or False$",
        ),
    ],
)
def test_python_names_its_arguments(change, arguments, message):
    with pytest.raises(UserError, match=message):
        analyse(answers().rename(columns=change), **{**PLAN, "variant": "model", **arguments})


def test_an_assumed_direction_is_said():
    found = analyse(
        answers().rename(columns={"right": "accuracy"}), metric="accuracy", baseline="a", variant="model", **ROLES
    )
    assert "That higher is better was assumed from the name accuracy." in found.notes
    assert "assumed" in str(found)


def test_what_a_study_reads_is_stored_whole(tmp_path):
    table = answers().assign(question=lambda rows: rows["question"].map("{:03d}".format))
    table.loc[table["question"] == "001", "question"] = "NA"
    table.loc[5, "right"] = None
    table["right"] = table["right"] / 3
    table.to_csv(tmp_path / "answers.csv", index=False)
    keys = {"from": "table", "path": "answers.csv", "sample": "examples", "variant_key": "model", **ROLES}
    found = pull_answers(RunsSettings.model_validate(keys), "right", "ba", tmp_path / "out.csv", base=tmp_path)
    stored = read_pulled_answers(tmp_path / "out.csv")
    assert found.columns == ROLES
    assert list(stored["variant"].unique()) == ["b", "a"], "in the order of the study"
    own = table.sort_values("model", ascending=False, kind="stable").reset_index(drop=True)
    assert set(stored["example"]) >= {"NA"}
    pd.testing.assert_series_equal(stored["score"], own["right"], check_names=False, check_exact=True)


STUDY = """\
study: demo
title: Demo
runs: {from: table, path: answers.csv, sample: examples, example: question}
variants: [{name: a}, {name: b}]
analysis: {metric: right, higher_is_better: true, baseline: a}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variants:", "seeds: 5\nvariants:", "seeds: answers are no runs; leave it out"),
        ("baseline: a", "baseline: a, pairing: seed", "analysis.pairing: examples are always paired; remove it"),
        ("baseline: a", "baseline: a, looks: [2, 3]", "analysis.looks: an evaluation is analysed once; remove it"),
        ("name: b", "name: b, label: B", "label: the report of an evaluation has names only"),
        ("example: question", "take: last", "runs.take: the rows of an evaluation are answers, not runs; remove it"),
        ("sample: examples, example: question", "cluster: text", "runs.cluster: is for an evaluation"),
        ("from: table, path: answers.csv", "from: wandb, project: p", "from: wandb has runs, not answers"),
        ("sample: examples", "sample: exmples", 'runs.sample: found "exmples"'),
        ("runs: {from: table, path: answers.csv, sample: examples, example: question}", "", "seeds: "),
    ],
)
def test_a_study_of_examples_refuses_what_it_would_ignore(tmp_path, old, new, message):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    study = read_study(path)
    assert (study.evaluation, study.declared_seeds) == (True, ())
    path.write_text(STUDY.replace(old, new))
    with pytest.raises(ConfigError) as refused:
        read_study(path)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "baseline: a}",
            "baseline: a, margin: 0.1}",
            "analysis.margin was null when this study was registered and is",
        ),
        (
            "example: question}",
            "example: question, cluster: text}",
            "runs.cluster was null when this study was registered",
        ),
        ("{name: b}]", "{name: b}, {name: c}]", "variant c was added after there were results"),
    ],
)
def test_what_was_declared_is_held_against_the_next_analysis(tmp_path, old, new, message):
    table = answers().query("epoch == 1 and who == 'ann'").drop(columns=["epoch", "who"])
    pd.concat([table, table[table["model"] == "b"].assign(model="c")]).to_csv(tmp_path / "answers.csv", index=False)

    def analysed(text):
        (tmp_path / "study.yaml").write_text(text.replace("example:", "variant_key: model, example:"))
        study = read_study(tmp_path / "study.yaml")
        out, names = tmp_path / "results" / "answers.csv", [variant.name for variant in study.variants]
        pull_answers(study.source, study.analysis.metric, names, out, base=tmp_path)
        asked = StudyFile(study=study, config="study.yaml", seeds=study.seeds, expected={})
        found = analyse_answers(study, out.parent, *look_at(out.parent, asked, "analysis", out, [], 80))
        write_evaluation(out.parent, found, lambda findings: findings)
        return " ".join(found.findings.exploratory)

    (tmp_path / "results").mkdir()
    assert analysed(STUDY) == ""
    assert message.lower() in analysed(STUDY.replace(old, new)).lower()
    assert analysed(STUDY) == "", "the first declaration still holds"


def test_a_variant_without_answers_is_named(tmp_path):
    answers().to_csv(tmp_path / "answers.csv", index=False)
    keys = {"from": "table", "path": "answers.csv", "sample": "examples", "variant_key": "model", **ROLES}
    with pytest.raises(UserError, match=r"^variants: found no answer of c; variants found: a, b$"):
        pull_answers(RunsSettings.model_validate(keys), "right", "abc", tmp_path / "out.csv", base=tmp_path)
