"""A run's history by step, and its scores per example."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from seedwise.trainers.command.outputs.place import Place, ResultsError
from seedwise.trainers.command.outputs.reading import Scores, read_history, read_scores
from tests.command.places import HISTORY, SCORES, make_place
from tests.command.test_results_files import LIGHTNING, TRAINER_STATE


def history(value: object, place: Place) -> list[dict[str, float]]:
    return read_history(HISTORY.validate_python(value), place)


def test_rows_of_one_step_are_one_row(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "metrics.csv").write_text(LIGHTNING)
    rows = history({"csv": "{out}/metrics.csv"}, place)
    assert [row["step"] for row in rows] == [3, 7, 11, 15, 19, 23, 24]
    assert rows[1] == {
        "step": 7,
        "train_loss": 0.44338127970695496,
        "val_acc": 0.9765625,
        "val_loss": 0.34418463706970215,
    }
    by_epoch = history({"csv": "{out}/metrics.csv", "step": "epoch", "keys": {"acc": "val_acc"}}, place)
    assert by_epoch == [{"epoch": 0, "acc": 0.9765625}, {"epoch": 1, "acc": 1}, {"epoch": 2, "acc": 0.984375}]
    assert next(iter(rows[0])) == "step"


def test_a_list_in_a_json_file(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "s.json").write_text(json.dumps(TRAINER_STATE))
    rows = history({"json": "{out}/s.json", "rows": "log_history", "keys": ["loss", "eval_loss"]}, place)
    assert rows == [{"step": 50, "loss": 0.61}, {"step": 100, "eval_loss": 0.3}, {"step": 200, "eval_loss": 0.35}]


@pytest.mark.parametrize(
    ("header", "step"),
    [("epoch,acc", "epoch"), ("acc,global_step,epoch", "global_step"), ("acc,time/iterations", "step")],
)
def test_the_step_is_found_by_its_name(header: str, step: str, tmp_path: Path) -> None:
    place = make_place(tmp_path)
    cells = ",".join(["0.5"] * len(header.split(",")))
    (place.out / "a.csv").write_text(f"{header}\n{cells}\n")
    (row,) = history({"csv": "{out}/a.csv"}, place)
    assert next(iter(row)) == step
    assert row["acc"] == 0.5


def test_what_the_program_logged(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    assert read_history(None, place) == []
    with pytest.raises(ResultsError, match="the program has logged no history"):
        read_history("logged", place)
    place.history.write_text(
        '{"step": 1, "loss": 2}\n{"step": 2, "loss": "nan"}\n{"step": 1, "acc": 0.5}\n{"step": 3, "lo'
    )
    first, second = read_history(None, place)
    assert first == {"step": 1, "loss": 2, "acc": 0.5}
    assert math.isnan(second["loss"])
    assert read_history("logged", place)[0] == first


def test_columns_of_a_history_that_are_not_there(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "a.csv").write_text("epoch,acc,name\n1,0.5,x\n")
    with pytest.raises(ResultsError, match=r'history: no column "acd"; did you mean "acc"\?'):
        history({"csv": "{out}/a.csv", "keys": ["acd"]}, place)
    with pytest.raises(ResultsError, match=r'history.step: no column "epok"; did you mean "epoch"\?'):
        history({"csv": "{out}/a.csv", "step": "epok"}, place)
    with pytest.raises(ResultsError, match='history: name is "x", not a number'):
        history({"csv": "{out}/a.csv", "keys": ["name"]}, place)
    assert history({"csv": "{out}/a.csv"}, place) == [{"epoch": 1, "acc": 0.5}]
    (place.out / "a.json").write_text('{"log": [{"a": 1}]}')
    with pytest.raises(ResultsError, match="is no list of rows; name the list in it"):
        history({"json": "{out}/a.json"}, place)


def test_scores_of_a_table(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "s.csv").write_text("doc,acc,topic\n1,True,law\n2,0,law\n10,0.5,art\n")
    source = {"csv": "{out}/s.csv", "id": "doc", "value": "acc"}
    assert read_scores(SCORES.validate_python(source), place) == Scores(["1", "2", "10"], [1, 0, 0.5], None)
    found = read_scores(SCORES.validate_python({**source, "cluster": "topic"}), place)
    assert found is not None
    assert found.clusters == ["law", "law", "art"]


def test_scores_that_were_written_by_the_program(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    assert read_scores(None, place) is None
    with pytest.raises(ResultsError, match="the program has written no scores"):
        read_scores("logged", place)
    place.scores.write_text('{"id": 1, "value": 0.5, "cluster": "a"}\n{"id": "b", "value": true, "cluster": 2}\n')
    assert read_scores(None, place) == Scores(["1", "b"], [0.5, 1], ["a", "2"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": 1, "value": 1}\n{"id": 1, "value": 0}', "example 1 is there twice (line 1 and line 2)"),
        ('{"id": 1, "value": "nan"}\n', "line 1: the score is nan; need a finite number"),
        ('{"id": 1, "value": "C"}\n', 'line 1: the score is "C", not a number'),
        ('{"id": 1, "value": 1}\n{"id": 2}\n', "line 2: needs id, value; one of them is empty"),
        ('{"id": 1, "valu": 1}\n', 'no key "value"; did you mean "valu"?'),
    ],
)
def test_scores_that_cannot_be_read(text: str, said: str, tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "s.jsonl").write_text(text)
    with pytest.raises(ResultsError) as caught:
        read_scores(SCORES.validate_python({"jsonl": "{out}/s.jsonl"}), place)
    assert str(caught.value).startswith("scores: ")
    assert said in str(caught.value)
