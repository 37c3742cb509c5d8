"""docs/configuration.md: up to date with the models, and complete."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from seedwise.config import reference as config_reference
from seedwise.config.schema import config_schema


def test_the_committed_page_is_up_to_date() -> None:
    committed = config_reference.PAGE.read_text(encoding="utf-8")
    assert committed == config_reference.render(), "run: make generate"


def test_every_key_of_every_model_is_on_the_page() -> None:
    page = config_reference.render()
    models = [config_schema(), *config_schema()["$defs"].values()]
    keys = {key for model in models if model["title"] != "Overrides" for key in model["properties"]}
    assert {key for key in keys if f"| `{key}` |" not in page} == set()


def test_every_row_has_four_cells_and_a_description() -> None:
    rows = [line for line in config_reference.render().splitlines() if line.startswith("| `")]
    assert len(rows) > 60
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == 4
        assert cells[1].strip() not in ("", "any value")
        assert cells[3].strip()


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["config_reference", "--out", str(tmp_path / "page.md")])
    config_reference.main()
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == config_reference.render()
