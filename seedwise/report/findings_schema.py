"""JSON schema of findings.json.

After a change of the models, write it again:  make generate
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from seedwise.basics.files import write_text
from seedwise.config.schema import FOLDER, render
from seedwise.report.findings_file import ADAPTER

NAME = "findings.schema.json"


def findings_schema() -> dict[str, Any]:
    """JSON schema of findings.json as this version writes it."""
    schema = ADAPTER.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Findings of Seedwise"} | schema


def main() -> None:
    """Write the schema file."""
    parser = argparse.ArgumentParser(description="Write the JSON schema of findings.json.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where it goes (default: workflow/schemas)")
    folder: Path = parser.parse_args().folder
    write_text(folder / NAME, render(findings_schema()))


if __name__ == "__main__":
    main()
