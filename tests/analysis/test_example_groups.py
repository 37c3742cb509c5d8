"""Examples that come in groups which nobody named: asked about where a verdict depends on it, and only there."""

import json

import numpy as np
import pandas as pd
import pytest

from seedwise.analysis.example_groups import refuse_unnamed_clusters
from seedwise.basics.errors import UserError
from seedwise.cli import main
from seedwise.sources.pulled import pull_answers
from seedwise.sources.settings import RunsSettings
from seedwise.table import analyse
from tests.analysis.test_example_analysis import CASE
from tests.plans import accuracy_plan

GIVEN = {"metric": "score", "higher_is_better": True, "baseline": "a", "example": "example"}
ADVICE = (
    "If new examples would bring new values of it, as with texts or speakers, add cluster='{0}'. If they would have "
    "these again, as with topics or levels, add ignore='{0}', or dataset='{0}' to judge each by itself"
)


def passages(**renamed):
    """Two models, 200 questions about 20 passages."""
    return pd.read_csv(CASE).rename(columns={"seed": "example", "acc": "score", **renamed})


def made(group, effects, *, questions=15, noise=1.0, seed=0):
    """Answers of a and b to questions in groups; b is better by what is given for each group."""
    generator = np.random.default_rng(seed)
    rows = [
        (variant, f"{place}-{question}", f"{group} {place}", score)
        for place, effect in enumerate(effects)
        for question, (base, error) in enumerate(generator.normal(0, 1, (questions, 2)))
        for variant, score in (("a", base), ("b", base + effect + noise * error))
    ]
    return pd.DataFrame(rows, columns=["variant", "example", group, "score"])


def test_a_claim_that_needs_independent_examples_is_refused():
    with pytest.raises(UserError) as caught:
        analyse(passages(), **GIVEN | {"baseline": "m1"})
    assert str(caught.value) == (
        "the data frame: what can be claimed depends on whether examples that share passage are independent of each "
        f"other (20 values for 200 examples). {ADVICE.format('passage')}"
    )


@pytest.mark.parametrize(
    ("said", "verdict"), [({"cluster": "passage"}, "NOT_SUPPORTED"), ({"ignore": "passage"}, "BETTER")]
)
def test_each_advice_works(said, verdict):
    found = analyse(passages(), **GIVEN | {"baseline": "m1"} | said)
    assert found.comparisons.verdict.tolist() == [verdict]


def test_groups_that_change_no_verdict_are_let_pass():
    assert analyse(made("text", [0.5] * 20), **GIVEN).comparisons.verdict.tolist() == ["BETTER"]
    assert analyse(made("text", [0.0] * 20), **GIVEN).comparisons.verdict.tolist() == ["NOT_SUPPORTED"]


def test_few_groups_matter_if_variants_differ_by_them():
    same = made("letter", [0.3] * 4, questions=30, seed=5)
    assert analyse(same, **GIVEN).comparisons.verdict.tolist() == ["BETTER"]
    assert analyse(same, **GIVEN, cluster="letter").comparisons.verdict.tolist() != ["BETTER"], "so few never suffice"
    with pytest.raises(UserError, match=r"share letter are independent of each other \(4 values for 120 examples\)"):
        analyse(made("letter", [1.6, 0.0, 0.0, 0.0], questions=30), **GIVEN)


def test_columns_that_are_no_groups_are_let_pass():
    """One value for all, one for each example, one that varies within an example, one that is not everywhere."""
    table = passages().drop(columns="passage")
    table["task"], table["text"], table["by"] = "qa", table["example"], table["variant"] + "!"
    table["part"] = np.where(table["example"] < 190, (table["example"] // 10).astype(str), "")
    assert analyse(table, **GIVEN | {"baseline": "m1"}).comparisons.verdict.tolist() == ["BETTER"]


def test_groups_are_looked_for_within_data_sets():
    """A column that says the same as the data set is no further group."""
    tables = [passages(passage="subject").assign(subject=name, task=name) for name in ("one", "two", "three")]
    found = analyse(pd.concat(tables), **GIVEN | {"baseline": "m1"}, dataset="task")
    assert found.comparisons.verdict.iloc[0] == "BETTER", "on the mean of all"


def test_a_log_of_the_harness_is_asked_about_its_documents(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for model, own in passages().groupby("variant"):
        rows = [
            {"doc_id": row.example, "doc": {"title": {"passage": row.passage}, "text": "x" * 300}, "acc": row.score}
            for row in own.itertuples()
        ]
        (tmp_path / f"samples_{model}.jsonl").write_text(
            "".join(json.dumps({**row, "filter": "none"}) + "\n" for row in rows)
        )
    command = ["analyse", "samples_*.jsonl", "--metric", "acc", "--baseline", "m1"]
    assert main(command) == 2
    assert "add --cluster doc.title.passage. If they" in capsys.readouterr().err
    assert main([*command, "--cluster", "doc.title.passage"]) == 0
    assert "NOT_SUPPORTED" in capsys.readouterr().out
    assert main([*command, "--ignore", "title.passage"]) == 0
    assert "BETTER" in capsys.readouterr().out


def test_a_study_of_answers_is_asked_in_its_own_words(tmp_path):
    passages().to_csv(tmp_path / "answers.csv", index=False)
    keys = {"from": "table", "path": "answers.csv", "example": "example", "sample": "examples"}
    plan = accuracy_plan("m1", metric="score")

    def pulled(**more):
        settings = RunsSettings.model_validate(keys | more)
        check = lambda **found: refuse_unnamed_clusters(plan=plan, **found)  # noqa: E731
        return pull_answers(settings, "score", ["m1", "m2"], tmp_path / "out.csv", base=tmp_path, check=check)

    with pytest.raises(UserError, match=r"^runs: .*answers\.csv.*add runs\.cluster: passage\. .* runs\.ignore: "):
        pulled()
    assert not (tmp_path / "out.csv").exists()
    assert pulled(cluster="passage").runs == pulled(ignore=["passage"]).runs == 400
