"""Tables that can be read and cannot be meant: each kind is refused with a way on that works, or said."""

import pandas as pd
import pytest

from seedwise.basics.errors import UserError
from seedwise.table import analyse

A, B = [0.80, 0.81, 0.79, 0.82], [0.84, 0.85, 0.83, 0.86]


def runs(**further):
    """Two variants with four seeds, and further columns."""
    rows = [(name, seed, score) for name, scores in (("a", A), ("b", B)) for seed, score in enumerate(scores)]
    return pd.DataFrame(rows, columns=["variant", "seed", "acc"]).assign(**further)


def found(frame, **said):
    return analyse(frame, **({"metric": "acc", "baseline": "a"} | said))


def difference(frame, **said):
    return found(frame, **said).comparisons["difference"].tolist()


@pytest.mark.parametrize(
    ("frame", "said", "way"),
    [
        (
            pd.concat([runs(), pd.DataFrame({"variant": ["a", "b"], "seed": ["mean"] * 2, "acc": [0.805, 0.845]})]),
            "2 rows that sum up others",
            {"where": "seed!=mean"},
        ),
        (
            runs().pivot_table(index="variant", columns="seed", values="acc", margins=True),
            'the variant "All" sums up the others',
            {"where": "variant!=All"},
        ),
        (
            pd.DataFrame({"seed": [*map(str, range(4)), "std"], "a": [*A, 0.01], "b": [*B, 0.01]}),
            'seed is "std" here',
            {"where": "seed!=std"},
        ),
    ],
)
def test_what_sums_up_runs_is_no_run(frame, said, way):
    with pytest.raises(UserError, match=said):
        found(frame)
    assert difference(frame, **way) == pytest.approx([0.04])


def test_a_variant_called_mean_counts_if_it_is_none():
    frame = pd.concat([runs(), runs().iloc[4:].assign(variant="mean", acc=[0.7, 0.9, 0.6, 0.5])])
    assert difference(frame) == pytest.approx([0.04, -0.13])


def test_columns_beside_variants_are_left_out_and_said():
    answer = found(pd.DataFrame({"seed": range(4), "a": A, "b": B, "diff": [0.04] * 4, "p_value": [0.01] * 4}))
    assert answer.summary["variant"].tolist() == ["a", "b"]
    assert "Left out, because they sum up or compare variants: diff, p_value." in answer.notes


@pytest.mark.parametrize("rows", [[5], [4, 5, 6, 7]])
def test_percentages_beside_fractions_are_refused(rows):
    frame = runs()
    frame.loc[rows, "acc"] *= 100
    with pytest.raises(UserError, match="are some in percent"):
        found(frame)
    assert difference(frame, ignore="acc")[0] > 10
    assert len(difference(frame.rename(columns={"acc": "return"}), metric="return")) == 1


def test_a_point_may_group_digits_in_some_rows():
    frame = runs(score=["950", "1.020", "980", "1.010", "990", "1.030", "999", "1.040"]).drop(columns="acc")
    with pytest.raises(UserError, match="if the point groups digits"):
        found(frame, metric="score")
    assert difference(frame, metric="score", decimal=",", thousands=".") == pytest.approx([24.75])


@pytest.mark.parametrize("column", ["name", "notes", "experiment_id"])
def test_a_name_that_stands_for_several_runs_of_several_variants_is_asked_about(column):
    frame = pd.concat([runs(**{column: "1"}), runs(**{column: "2"}).assign(seed=lambda frame: frame["seed"] + 4)])
    with pytest.raises(UserError, match=f"{column} varies within the variant a"):
        found(frame)
    assert difference(frame, where=f"{column}=1") == pytest.approx([0.04])


def test_steps_logged_twice_and_runs_of_other_length_are_said():
    frame = pd.concat([runs(step=1), runs(step=2), runs(step=2).assign(acc=lambda frame: frame["acc"] + 0.01)])
    assert any("have a step several times, with different acc" in note for note in found(frame).notes)
    frame = runs(epoch=[10, 20] * 4)
    assert any("4 runs ended before epoch 20" in note for note in found(frame).notes)


def answers(**further):
    """Two models on 40 questions."""
    rows = [(model, number, int(number % period > 0)) for model, period in (("a", 2), ("b", 3)) for number in range(40)]
    return pd.DataFrame(rows, columns=["variant", "q", "correct"]).assign(**further)


def test_one_id_for_two_questions_is_refused():
    frame = answers(target=lambda frame: frame["q"] + (frame["variant"] == "b"))
    with pytest.raises(UserError, match="does one id mean two questions"):
        found(frame, metric="correct", example="q")
    assert difference(frame, metric="correct", example="q", ignore="target") == pytest.approx([0.15])


def test_a_judge_who_did_not_see_a_variant_is_named():
    frame = pd.concat([answers(judge="ann"), answers(judge="bob").iloc[:40]])
    with pytest.raises(UserError, match="only 0 of 40 answers of b were scored by all 2 judges"):
        found(frame, metric="correct", example="q", judge="judge")


def test_clusters_of_one_name_in_several_datasets_are_said():
    frame = pd.concat([answers(task=task, text=lambda frame: frame["q"] // 4) for task in ("x", "y")])
    answer = found(frame, metric="correct", example="q", dataset="task", cluster="text")
    assert any("10 clusters have one name in several datasets" in note for note in answer.notes)


def test_settings_that_are_one_number_are_one_variant():
    frame = runs(variant=["a"] * 4 + ["b (lr=0.1)", "b (lr=0.10)"] * 2)
    with pytest.raises(UserError, match="differ only in how a number is written"):
        found(frame)


def test_a_series_is_a_table():
    assert difference(runs().set_index(["variant", "seed"])["acc"]) == pytest.approx([0.04])


@pytest.mark.parametrize(
    ("metric", "mark"), [("acc", -999), ("acc", -1), ("loss", 1e30), ("return", 999), ("acc", -99)]
)
def test_a_number_that_stands_for_no_result_is_said_and_counts(metric, mark):
    frame = runs().rename(columns={"acc": metric})
    frame.loc[7, metric] = mark
    answer = found(frame, metric=metric)
    assert any(f"{metric} is {mark:g} in 1 row, and from 0.79 to 0.85 in all others" in note for note in answer.notes)
    assert answer.summary["n"].tolist() == [4, 4]


def test_a_number_that_can_be_a_result_is_not_taken_for_a_mark():
    wins = runs(score=[1, -1, -1, 1, 1, -1, 1, 1])
    spread = runs(score=[-300, 200, -1, 50, 999, 500, 20, -900])
    for frame in (wins, spread, wins.assign(dataset="x"), pd.concat([runs(score=[5, 6, 7, 8] * 2), spread])):
        seeds = frame.groupby("variant").cumcount()
        notes = found(frame.assign(seed=seeds).drop(columns="acc"), metric="score", ignore="dataset").notes
        assert not any("stand for no result" in note for note in notes)


def test_a_score_that_stands_for_no_answer_is_said():
    frame = answers(correct=lambda frame: frame["correct"].where(frame["q"] > 2, -1))
    notes = found(frame, metric="correct", example="q").notes
    assert any("correct is -1 in 6 rows, and from 0 to 1 in all others" in note for note in notes)
