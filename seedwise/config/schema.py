"""JSON schemas of the config and of the run record; editors complete and check from them.

After a change of the models, write them again:  make generate
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedwise.basics.files import write_text
from seedwise.config.study import Study
from seedwise.runs.record import checked
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES

FOLDER = Path(__file__).parents[2] / "workflow" / "schemas"


def config_schema() -> dict[str, Any]:
    """JSON schema of a study's config, for editors."""
    schema = image_schema()
    _open_overrides(schema)
    return schema


def published_schema() -> dict[str, Any]:
    """The same with each section's keys where the section stands: Snakemake's workflow catalogue follows no `$ref`."""
    schema = config_schema()
    inline = schema | {"properties": _inline(schema["properties"], schema["$defs"])}
    return inline | {"$defs": _needed(schema["$defs"], json.dumps(inline["properties"] | inline["else"]))}


def _inline(fields: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """Replace references to sections by what they refer to, and write the type of every field beside its choices."""
    return {key: _inline_field(field, defs) for key, field in fields.items()}


def _inline_field(field: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    choices = [_resolve(choice, defs) for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    own = {key: value for key, value in field.items() if key != "$ref"}
    if len(choices) == 1 and not {"enum", "const"} & choices[0].keys():  # which would exclude null
        own = choices[0] | {key: value for key, value in own.items() if key != "anyOf"}
    sections = [choice for choice in choices if "properties" in choice]
    if len(sections) == 1:
        own.pop("default", None)  # its keys have their own
        own["properties"] = _inline(sections[0]["properties"], defs)
    types = sorted(_types(field, defs))
    return own | {"type": types[0] if len(types) == 1 else types}


def _types(field: dict[str, Any], defs: dict[str, Any]) -> set[str]:
    """Return the JSON types that the values of a field may have."""
    field = _resolve(field, defs)
    if "type" in field:
        return {field["type"]}
    if "anyOf" in field:
        return set().union(*(_types(choice, defs) for choice in field["anyOf"]))
    return {"boolean" if isinstance(value, bool) else "string" for value in field["enum"]}


def _resolve(choice: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = defs[choice["$ref"].removeprefix("#/$defs/")] if "$ref" in choice else choice
    return found


def _needed(defs: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the definitions that a text refers to, and those that these refer to."""
    kept: dict[str, Any] = {}
    while more := {name: defs[name] for name in defs if name not in kept and f'"#/$defs/{name}"' in text}:
        kept |= more
        text = json.dumps(more)
    return {name: defs[name] for name in defs if name in kept}


def image_schema() -> dict[str, Any]:
    """JSON schema in which overrides are those of the image classifier, whatever a study runs."""
    schema = Study.model_json_schema()
    schema["required"] = [key for key in schema["required"] if key not in ("variants", "seeds")]
    of_answers = {"properties": {"runs": {"anyOf": [{"required": ["sample"]}, {"required": ["example"]}]}}}
    schema["allOf"] = [{"anyOf": [{"required": ["seeds"]}, {"required": ["runs"], **of_answers}]}]
    _describe_metric(schema["$defs"]["Plan"])
    schema["oneOf"] = [{"required": ["variants"]}, {"required": ["factors"]}]
    return _finish(schema, "Config of a Seedwise study")


def _open_overrides(schema: dict[str, Any]) -> None:
    """Check overrides as those of the image classifier only where no program is run."""
    defs = schema["$defs"]
    of_image = {"$ref": "#/$defs/Overrides"}
    variant = defs["Variant"]["properties"]["set"]
    variant.pop("$ref", None)
    variant["type"] = "object"
    levels = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": of_image}}
    schema["if"] = {"anyOf": [{"required": ["command"]}, {"required": ["function"]}]}
    variants = {"items": {"properties": {"set": of_image}}}
    schema["else"] = {"properties": {"variants": variants, "factors": {"anyOf": [levels, {"type": "null"}]}}}


def _describe_metric(plan: dict[str, Any]) -> None:
    """Say what may be left out because the trainer knows it, and which metrics the trainer has."""
    metric, direction = plan["properties"]["metric"], plan["properties"]["higher_is_better"]
    plan["required"] = [key for key in plan.get("required", ()) if key not in ("metric", "higher_is_better")]
    metric.pop("default", None)
    names = ", ".join(f"`{name}`" for name in METRIC_NAMES)
    metric |= {"examples": list(METRIC_NAMES), "default": METRIC_NAMES[0]}
    metric["description"] += f" The image classifier has {names}; runs that are not trained here have any."
    direction.pop("default", None)
    direction["description"] += " May be left out for the metrics of the trainer."


def run_record_schema() -> dict[str, Any]:
    """JSON schema of a run record."""
    return _finish(checked().json_schema(), "Run record of Seedwise")


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "config.schema.json": published_schema,
    "run-record.schema.json": run_record_schema,
}


def render(schema: dict[str, Any]) -> str:
    """Write a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema files."""
    parser = argparse.ArgumentParser(description="Write the JSON schemas of the config and of the run record.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the schemas go (default: workflow/schemas)")
    folder: Path = parser.parse_args().folder
    for name, make in SCHEMAS.items():
        write_text(folder / name, render(make()))


def _finish(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": title}


if __name__ == "__main__":
    main()
