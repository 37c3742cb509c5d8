"""JSON schemas of the config and of the run record; editors complete and check from them.

Write them anew after a change of the models:  python -m seedwise.config.schema
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedwise.basics.files import write_text
from seedwise.config.study import Study
from seedwise.runs.record import RunRecord
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES as METRICS

FOLDER = Path(__file__).parents[2] / "workflow" / "schemas"


def config_schema() -> dict[str, Any]:
    """JSON schema of a study's config."""
    schema = Study.model_json_schema()
    schema["$defs"]["Plan"]["properties"]["metric"]["enum"] = list(METRICS)
    schema["required"].remove("variants")
    schema["oneOf"] = [{"required": ["variants"]}, {"required": ["factors"]}]
    return _finish(schema, "Config of a Seedwise study")


def run_record_schema() -> dict[str, Any]:
    """JSON schema of a run record."""
    return _finish(RunRecord.model_json_schema(), "Run record of Seedwise")


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "config.schema.json": config_schema,
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
