"""The keys results, history and scores: what they take, and what is said of mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from seedwise.trainers.command.outputs.settings import LOGGED, cautions, paths
from tests.command.places import HISTORY, RESULTS, SCORES


def said(adapter: TypeAdapter[Any], value: object) -> list[tuple[tuple[object, ...], str]]:
    """Places and messages of the mistakes in a value."""
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def test_one_source_and_a_list_of_it_are_the_same() -> None:
    one = {"json": "{out}/a.json", "keys": ["acc"]}
    assert RESULTS.validate_python(one) == RESULTS.validate_python([one])
    assert RESULTS.validate_python("logged") == (LOGGED,)


@pytest.mark.parametrize("keys", ["acc", ["acc"], {"acc": "acc"}])
def test_keys_of_the_same_name_are_short(keys: object) -> None:
    (source,) = RESULTS.validate_python({"csv": "a.csv", "keys": keys})
    assert source.keys == {"acc": "acc"}


@pytest.mark.parametrize(
    ("adapter", "value"),
    [
        (RESULTS, ["logged", {"csv": "a.csv", "keys": {"a": "b"}, "take": {"mean_last": 3}}, {"stdout": {"a": "(.)"}}]),
        (HISTORY, {"json": "a.json", "rows": "log_history", "step": "epoch"}),
        (SCORES, {"csv": "a.csv", "id": "doc_id", "value": "acc", "cluster": "topic", "metric": "acc"}),
    ],
)
def test_a_value_that_was_written_out_is_read_again(adapter: TypeAdapter[Any], value: object) -> None:
    parsed = adapter.validate_python(value)
    written = json.loads(json.dumps(adapter.dump_python(parsed, mode="json", by_alias=True)))
    assert adapter.validate_python(written) == parsed


@pytest.mark.parametrize(
    ("adapter", "value", "text"),
    [
        (RESULTS, "{out}/final.json", 'found "{out}/final.json"; say of what kind it is: {json: "{out}/final.json"}'),
        (RESULTS, "a.tsv", 'say of what kind it is: {csv: "a.tsv"}'),
        (HISTORY, "loged", 'found "loged"; did you mean "logged"?'),
        (RESULTS, {}, "missing; a source needs one of json, jsonl, csv, stdout, tensorboard or mlflow"),
        (RESULTS, {"json": "a", "csv": "b"}, "found beside json; a source has one of them; for several, write a list"),
        (HISTORY, {"json": "a", "csv": "b"}, "found beside json; a source has one of them"),
        (RESULTS, {"csv": "a", "rows": "b"}, "csv does not take it; it belongs to json"),
        (RESULTS, {"stdout": {"a": "(.)"}, "keys": ["a"]}, "stdout does not take it; it belongs to json, jsonl, csv"),
        (RESULTS, {"stdout": {"a": "loss"}}, "which has no group; put the number in parentheses"),
        (RESULTS, {"stdout": {"a": "(a)(b)"}}, "which has 2 groups; put only the number in a group"),
        (RESULTS, {"stdout": {"a": "(a"}}, "which is not a regular expression: missing )"),
        (RESULTS, {"csv": "a", "take": "lst"}, 'found "lst"; did you mean "last"?'),
        (
            RESULTS,
            {"csv": "a", "take": {"mean_last": 3, "at_min": "b"}},
            "found beside mean_last; only one of them can choose",
        ),
        (
            RESULTS,
            {"stdout": {"acc": "(.)"}, "take": {"at_max": "ac"}},
            'found "ac"; did you mean "acc"? Patterns: acc',
        ),
        (HISTORY, {"stdout": {"acc": "(.)"}, "step": "epoch"}, 'found "epoch". Patterns: acc'),
        (HISTORY, {"tensorboard": "{out}", "step": "epoch"}, "tensorboard has steps of its own; remove it"),
        (SCORES, {"stdout": {"a": "(.)"}}, "Extra inputs"),
    ],
)
def test_mistakes_are_explained(adapter: TypeAdapter[Any], value: object, text: str) -> None:
    assert text in " | ".join(message for _, message in said(adapter, value))


def test_a_mistake_names_its_place() -> None:
    assert said(RESULTS, [{"stdout": {"a": "(.)", "b": "x"}}])[0][0][-2:] == ("stdout", "b")


@pytest.mark.parametrize("adapter", [RESULTS, HISTORY, SCORES])
def test_there_is_a_schema_for_editors(adapter: TypeAdapter[Any]) -> None:
    schema = json.dumps(adapter.json_schema())
    assert '"const": "logged"' in schema
    assert '"jsonl"' in schema
    assert "json_" not in schema


@pytest.mark.parametrize(
    ("source", "warns"),
    [
        ({"csv": "{out}/a.csv", "take": "best"}, True),
        ({"csv": "{out}/a.csv", "take": "best", "keys": {"acc": "val/acc"}}, True),
        ({"csv": "{out}/a.csv", "take": "max", "keys": ["acc", "loss"]}, True),
        ({"csv": "{out}/a.csv", "take": {"at_max": "val/acc"}, "keys": {"acc": "val/acc"}}, True),
        ({"csv": "{out}/a.csv", "take": {"at_min": "val_loss"}, "keys": ["acc"]}, False),
        ({"csv": "{out}/a.csv", "take": "last"}, False),
        ({"csv": "{out}/a.csv", "take": "max", "keys": ["loss"]}, False),
    ],
)
def test_choosing_a_checkpoint_by_what_judges_it_is_cautioned(source: object, warns: bool) -> None:
    found = cautions(RESULTS.validate_python(source), "acc")
    assert bool(found) is warns
    assert all("chooses the checkpoint by acc, which also judges it" in line for line in found)


def test_files_that_runs_share_are_cautioned() -> None:
    results = RESULTS.validate_python([{"json": "results.json"}, {"json": "r/{variant}-{seed}.json"}])
    history = HISTORY.validate_python({"csv": "{out}/metrics.csv"})
    assert [line.split()[0] for line in cautions(results, "acc", history, None)] == ["results.json"]
    assert cautions(results, "acc", history, None, isolated=True) == []
    above = RESULTS.validate_python([{"json": "../results.json"}, {"csv": "/tmp/results.csv"}])
    assert len(cautions(above, "acc", isolated=True)) == 2
    absolute = RESULTS.validate_python([{"json": "/tmp/results.json"}, {"mlflow": "sqlite:////tmp/mlflow.db"}])
    assert len(cautions(absolute, "acc", isolated=True)) == 2
    assert list(paths(results, history, None)) == ["results.json", "r/{variant}-{seed}.json", "{out}/metrics.csv"]
