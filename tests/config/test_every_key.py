"""Every key of a config, misspelt or with a wrong value: the message always says what to correct."""

from __future__ import annotations

import copy
import datetime
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedwise.config import messages
from seedwise.config.reading import ConfigError, load_study
from seedwise.config.schema import image_schema

SCHEMA = image_schema()
BASE = """\
study: demo
title: Demo
analysis: {baseline: baseline}
seeds: [0, 1, 2]
"""
VARIANTS = {"variants": [{"name": "baseline"}, {"name": "other"}]}
PROGRAMS: dict[str, dict[str, Any]] = {
    "command": {"run": "python train.py {args} --seed {seed}"},
    "function": {"call": "my_project.train:run"},
}
OF_PROGRAM = {"analysis": {"baseline": "baseline", "metric": "loss", "higher_is_better": False}}
FACTORS = {"factors": {"dropout": {"none": {}, "light": {}}}}
JARGON = ("Input should", "validation error", "Extra inputs", "pydantic", "type=", "Traceback", "valid tuple")
Keys = tuple[Any, ...]


def resolve(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the members of a union, or the schema itself, with references resolved."""
    if "$ref" in schema:
        return resolve(SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    unions = [*schema.get("anyOf", ()), *(() if "properties" in schema else schema.get("oneOf", ()))]
    return [member for option in unions for member in resolve(option)] if unions else [schema]


def mappings(schema: Mapping[str, Any], path: Keys = ()) -> Iterator[tuple[Keys, list[str]]]:
    """Return every mapping with fixed keys in a config, and those keys."""
    for member in resolve(schema):
        properties = member.get("properties", {})
        if properties:
            yield path, list(properties)
        for key, inner in properties.items():
            yield from mappings(inner, (*path, key))
        if "items" in member:
            yield from mappings(member["items"], (*path, 0))
        if isinstance(member.get("additionalProperties"), dict):
            names = ("dropout", "light") if path[:1] == ("factors",) else ("some",)
            yield from mappings(member["additionalProperties"], (*path, names[min(len(path) - 1, len(names) - 1)]))


MAPPINGS = list(mappings(SCHEMA))
EVERY_KEY = [(path, key) for path, keys in MAPPINGS for key in keys]


def config(path: Keys, key: str, value: object) -> dict[str, Any]:
    """Return a config that is right except for one key."""
    whole = base(path, key)
    if path == ("runs",):
        whole["runs"] = {"from": "csv", "path": "runs.csv"}
    if path == ("analysis", "tuned_on"):
        whole["analysis"]["tuned_on"] = {"split": "validation"}
    inner: Any = whole
    for step, following in itertools.pairwise((*path, key)):
        if isinstance(step, str) and step not in inner:
            inner[step] = [{}] if isinstance(following, int) else {}
        inner = inner[step]
    if path[-1:] == ("resume",):
        inner["checkpoint"] = "{out}/last.pt"
    inner[key] = value
    return whole


def base(path: Keys, key: str) -> dict[str, Any]:
    """Return a right config of the kind that has a key."""
    whole: dict[str, Any] = yaml.safe_load(BASE)
    whole |= copy.deepcopy(FACTORS if (*path, key)[0] in ("factors", "design") else VARIANTS)
    kind = path[0] if path else key
    if path[:1] == ("variants",) and key in ("revision", "environment", "venv", "conda", "uv", "lock", "ignore"):
        kind = "command"
    if kind in PROGRAMS:
        whole |= copy.deepcopy(OF_PROGRAM) | {kind: copy.deepcopy(PROGRAMS[kind])}
    return whole


def misspellings(key: str) -> list[str]:
    """Return misspellings of a key: doubled, missing, capital or swapped letters."""
    middle = len(key) - 2
    return [f"{key}{key[-1]}", key[:-1] if len(key) > 4 else f"{key}_", key.upper()] + (
        [f"{key[:middle]}{key[-1]}{key[-2]}"] if len(key) > 3 and key[-1] != key[-2] else []
    )


def lines(whole: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the message on a config that is in a file and that Snakemake has read."""
    file = folder / "config.yaml"
    file.write_text(yaml.dump(whole, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_study(whole, [file])
    return [line.removeprefix(f"{folder}/") for line in caught.value.problems]


def check(found: list[str]) -> None:
    for line in found:
        assert line.startswith("config.yaml:")
        assert line.isprintable()
        assert not [word for word in JARGON if word in line]


def test_the_walk_reaches_every_model() -> None:
    reached = {path for path, _ in MAPPINGS}
    assert {
        (),
        ("runs",),
        ("tracking", "wandb"),
        ("tracking", "mlflow"),
        ("resources", "train_run"),
        ("model", "trainable"),
        ("variants", 0, "set"),
        ("variants", 0, "set", "model.trainable"),
        ("factors", "dropout", "light"),
        ("factors", "dropout", "light", "model.trainable"),
    } <= reached
    assert len(EVERY_KEY) > 150


@pytest.mark.parametrize(("path", "key"), EVERY_KEY, ids=lambda part: str(part))
def test_a_misspelt_key_is_one_line_that_suggests_the_right_one(path: Keys, key: str, tmp_path: Path) -> None:
    siblings = {other for place, other in EVERY_KEY if place == path}
    for wrong in misspellings(key):
        if wrong in siblings or any(key.startswith(other) for other in siblings - {key}):
            continue  # it is another key, or as near to a shorter one
        whole = config(path, key, copy.deepcopy(placed(path, key)))
        inner: Any = whole
        for step in path:
            inner = inner[step]
        value = inner.pop(key)
        inner[wrong] = value
        found = lines(whole, tmp_path)
        check(found)
        assert len(found) == 1, found
        assert f'{wrong}: unknown key; did you mean "{key}"?' in found[0]
        number = int(found[0].split(":")[1])
        assert f"{wrong}:" in (tmp_path / "config.yaml").read_text(encoding="utf-8").splitlines()[number - 1]


def placed(path: Keys, key: str) -> object:
    """Return a value for the key: the one in a right config, or any other."""
    right: Any = base(path, key)
    for step in (*path, key):
        try:
            right = right[step]
        except (KeyError, IndexError, TypeError):
            return {"from": "csv", "path": "runs.csv", "freeze_epochs": 1}.get(key)
    return right


WRONG = [None, True, -1, 1.5, "", "wrong: {x} [y]", [], [[1]], {}, {"a": {"b": 1}}, {1: 2}, datetime.date(2026, 1, 31)]


@pytest.mark.parametrize(("path", "key"), EVERY_KEY, ids=lambda part: str(part))
def test_no_value_of_a_key_gives_a_traceback(path: Keys, key: str, tmp_path: Path) -> None:
    for wrong in WRONG:
        whole = config(path, key, wrong)
        try:
            load_study(whole)
        except ConfigError:
            check(lines(whole, tmp_path))


@pytest.mark.parametrize("name", ["metric_names", "own"])
def test_keys_of_open_mappings_are_checked_too(name: str, tmp_path: Path) -> None:
    for keys in ({1: {}}, {True: "a"}, {"validation_los": "v"}, {"": {}}, {"no plugin": {}}, {"validation_loss": 3}):
        where = {"own": {"own": keys}, "metric_names": {"wandb": {"metric_names": keys}}}[name]
        check(lines(yaml.safe_load(BASE) | VARIANTS | {"tracking": where}, tmp_path))


def test_discriminated_unions_and_unions_of_mappings_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"oneOf": [{"$ref": "#/$defs/Square"}, {"$ref": "#/$defs/Circle"}], "discriminator": {"propertyName": "of"}}
    schema = {
        "properties": {"shape": shape, "named": {"type": "object", "additionalProperties": shape}},
        "$defs": {
            "Square": {"type": "object", "properties": {"of": {"const": "square"}, "side": {"type": "number"}}},
            "Circle": {"type": "object", "properties": {"of": {"const": "circle"}, "radius": {"type": "integer"}}},
        },
    }
    monkeypatch.setattr(messages, "_root", lambda: schema)
    for above in (("shape",), ("named", "mine")):
        said = messages.message("extra_forbidden", (*above, "radiuss"), 1, "", None)
        assert said == 'unknown key; did you mean "radius"? Valid keys: of, side, radius'
        said = messages.message("int_type", (*above, "radius"), "x", "", None)
        assert said == 'found the text "x"; need a whole number'
    assert messages.message("model_type", ("shape",), 3, "", None) == "found 3; need a mapping of keys to values"
