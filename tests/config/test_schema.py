"""The schemas that editors use: up to date with the models, and as strict as JSON schema can be."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from seedwise.config import schema

ROOT = Path(__file__).parents[2]
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
CONFIGS.append(ROOT / ".test/config/config.yaml")


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft202012Validator(schema.published_schema())


@pytest.mark.parametrize("name", list(schema.SCHEMAS))
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    committed = (schema.FOLDER / name).read_text(encoding="utf-8")
    assert committed == schema.render(schema.SCHEMAS[name]()), "run: make generate"
    jsonschema.Draft202012Validator.check_schema(json.loads(committed))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_configs_fit_the_schema_and_name_it(path: Path, validator: Any) -> None:
    text = path.read_text(encoding="utf-8")
    validator.validate(yaml.safe_load(text))
    named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == schema.FOLDER / "config.schema.json"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("training", "learning_rte"), 0.1),
        (("training", "optimizer"), "adam"),
        (("training", "learning_rate"), "1e-3"),
        (("training", "epochs"), 0),
        (("training", "augmentation"), ["random_crp"]),
        (("variants", 1, "set"), {"training.epoch": 3}),
        (("variants", 1, "set"), {"model.dropout": 1.5}),
        (("variants", 1, "set"), {"dataset.folder": "data"}),
        (("variants", 1, "name"), True),
        (("variants", 1, "name"), "a..b"),
        (("seeds",), 0),
        (("seeds",), [0, 0]),
        (("analysis", "metric"), 3),
        (("analysis", "basline"), "baseline"),
        (("tracking", "wandb", "mode"), "on"),
    ],
)
def test_the_schema_refuses(path: tuple[Any, ...], value: object, validator: Any) -> None:
    config = inner = yaml.safe_load(CONFIGS[0].read_text(encoding="utf-8"))
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert not validator.is_valid(config)


def test_the_schema_accepts_functions_of_the_user(validator: Any) -> None:
    config = yaml.safe_load(CONFIGS[0].read_text(encoding="utf-8"))
    config["model"]["name"] = "my.models:net"
    config["training"]["augmentation"] = ["random_crop", "mine:blur"]
    validator.validate(config)


@pytest.mark.parametrize("section", [{}, {"metric": "f1", "higher_is_better": True}, {"metric": "test_loss"}])
def test_the_schema_accepts_any_metric_and_none(section: dict[str, Any], validator: Any) -> None:
    config = yaml.safe_load(CONFIGS[0].read_text(encoding="utf-8"))
    validator.validate(config | {"analysis": {"baseline": "baseline"} | section})


def test_every_setting_is_described() -> None:
    config = schema.config_schema()
    definitions = config["$defs"]
    bare = []
    for model in [config, *definitions.values()]:
        for key, field in model["properties"].items():
            target = definitions.get(field.get("$ref", "").removeprefix("#/$defs/"), {})
            if "description" not in {**target, **field}:
                bare.append(f"{model['title']}.{key}")
    assert bare == []


def rows_of_the_catalogue(fields: dict[str, Any], path: str = "") -> dict[str, tuple[str, str]]:
    """Type and description of each key, read as Snakemake's workflow catalogue does: `properties` and nothing else."""
    rows = {}
    for key, field in fields.items():
        rows[f"{path}{key}"] = (str(field.get("type", "")), field.get("description", ""))
        rows |= rows_of_the_catalogue(field.get("properties", {}), f"{path}{key}.")
    return rows


def test_the_table_of_the_catalogue_is_complete() -> None:
    published = json.loads((schema.FOLDER / "config.schema.json").read_text(encoding="utf-8"))
    rows = rows_of_the_catalogue(published["properties"])
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*?)$(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    expected = set()
    for title, text in sections:
        path = "" if title == "The study" else f"{title.strip('`')}."
        same = re.findall(r"^The same keys: (.*)\.$", text, re.MULTILINE)
        paths = [path, *(f"{name}." for line in same for name in re.findall(r"`(.*?)`", line))]
        keys = re.findall(r"^\| `(.*?)` \|", text, re.MULTILINE)
        assert keys
        if path != "variants.":  # items of a list, which the catalogue does not show
            expected |= {f"{prefix}{key}" for prefix in paths for key in keys}
    assert len(expected) > 150
    assert sorted(expected - set(rows)) == []
    assert [key for key, (_, description) in rows.items() if not description or "|" in description] == []
    assert [key for key, (kind, _) in rows.items() if not kind] == []


def test_the_command_writes_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["schema", "--folder", str(tmp_path)])
    schema.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.schema.json", "run-record.schema.json"]
    assert (tmp_path / "config.schema.json").read_text(encoding="utf-8") == schema.render(schema.published_schema())
