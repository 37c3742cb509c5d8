"""docs/configuration.md: every key of a config, from the models, so that the page cannot fall behind them.

After a change of the models, write it again:  make generate
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seedwise.basics.files import write_text
from seedwise.config.schema import config_schema

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
SKIPPED = ("Overrides", "Variant")
INTRODUCTION = """\
# Every key of a config

A config is one YAML file and one study; [config.yaml](../config.yaml) is a short one. Only `study`, `title`, `seeds`,
`analysis.baseline` and either `variants` or `factors` are needed; everything else has the default below. A key that is
not on this page is an error, reported with its line and the key that you may have meant. Editors with a YAML language
server complete and check the keys from `workflow/schemas/config.schema.json`, which the first line of a config names.
What the settings of dataset, model and training do is explained in [training.md](training.md). `5e-4` is a number where
one is needed, although YAML takes it for text.

*This page is generated from the models that read the config: `make generate`.*
"""
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}

Schema = Mapping[str, Any]


def render() -> str:
    """Write the page."""
    schema = config_schema()
    parts = [INTRODUCTION, _section("The study", "", schema, schema)]
    parts.append(_section("variants", "variants[]", schema["$defs"]["Variant"], schema))
    parts += _sections(schema, schema, "")
    return "\n".join(parts)


def main() -> None:
    """Write docs/configuration.md."""
    parser = argparse.ArgumentParser(description="Write docs/configuration.md from the models of the config.")
    parser.add_argument("--out", type=Path, default=PAGE, help="file to write (default: docs/configuration.md)")
    write_text(parser.parse_args().out, render())


def _sections(model: Schema, schema: Schema, prefix: str) -> Iterator[str]:
    """Yield the tables of all mappings below a model; of those that have the same keys only the first."""
    written: set[str] = set()
    for key, field in model["properties"].items():
        target = _target(field, schema)
        if target is None or target["title"] in SKIPPED:
            continue
        path = f"{prefix}{key}"
        if target["title"] not in written:
            same = [other for other, value in model["properties"].items() if _target(value, schema) is target]
            yield _section(path, path, target, schema, same=[f"{prefix}{name}" for name in same[1:]])
            yield from _sections(target, schema, f"{path}.")
        written.add(target["title"])


def _section(title: str, path: str, model: Schema, schema: Schema, same: list[str] | None = None) -> str:
    rows = [
        [f"`{key}`", _type(field, schema), _default(key, field, model, schema), _description(field, schema)]
        for key, field in model["properties"].items()
    ]
    lines = [f"## {f'`{title}`' if path else title}", ""]
    if path and "description" in model:
        lines += [" ".join(model["description"].split()), ""]
    if same:
        lines += [f"The same keys: {', '.join(f'`{name}`' for name in same)}.", ""]
    lines += ["| key | takes | default | meaning |", "| --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    return "\n".join([*lines, ""])


def _target(field: Schema, schema: Schema) -> Schema | None:
    """Return the model of a field's value, if it is one; it may also be null."""
    for choice in (field, *field.get("anyOf", ())):
        name = choice.get("$ref", "").removeprefix("#/$defs/")
        found = schema["$defs"].get(name)
        if found and "properties" in found:
            model: Schema = found
            return model
    return None


def _type(field: Schema, schema: Schema) -> str:
    if (target := _target(field, schema)) is not None and "const" not in field:
        name = next((key for key, model in schema["$defs"].items() if model is target), "")
        if name not in SKIPPED:
            return "mapping"
    return _words(field, schema)


def _words(field: Schema, schema: Schema) -> str:
    """Say in words what a field takes."""
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_words(choice, schema) for choice in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    kind = field.get("type")
    if kind in ("number", "integer"):
        bounds = [f"{sign} {_bound(field[key])}" for key, sign in BOUNDS.items() if key in field]
        return " ".join(["number" if kind == "number" else "whole number", ", ".join(bounds)]).strip()
    if kind == "array":
        return f"list of {_words(field.get('items', {}), schema)}"
    if kind == "object":
        keys = ", ".join(field.get("properties", ()))
        return f"`{{{keys}}}`" if keys and len(field["properties"]) < 3 else "mapping"
    if kind == "string" and ":" in field.get("pattern", ""):
        return "`package.module:function`"
    return {"boolean": "`true`, `false`", "string": "text", "null": "`null`"}.get(str(kind), "any value")


def _bound(value: float) -> str:
    return "2⁶³" if value == 2**63 else f"{value:g}"


def _default(key: str, field: Schema, model: Schema, schema: Schema) -> str:
    if key in model.get("required", ()):
        return "needed"
    if _target(field, schema) is not None or "default" not in field:
        return ""
    return f"`{json.dumps(field['default'], ensure_ascii=False)}`"


def _description(field: Schema, schema: Schema) -> str:
    text = field.get("description") or schema["$defs"].get(field.get("$ref", "")[8:], {}).get("description", "")
    text = " ".join(text.split())
    examples = field.get("examples")
    text = re.sub(r"<(?=\w)", r"\<", text)  # or GitHub takes it for HTML
    return f"{text} Example: `{json.dumps(examples[0], ensure_ascii=False)}`" if examples else text


if __name__ == "__main__":
    main()
