"""Each promise of docs/reliability.md names a test, and the test exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
PROMISES = re.sub(r"^## Tried$.*?(?=^## )", "", PAGE, flags=re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def rows() -> list[list[str]]:
    """The cells of each row of the tables, without headings."""
    lines = [line for line in PROMISES.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if row[0] not in ("Fault", "---")]


def test_every_fault_has_an_answer_and_a_test() -> None:
    assert len(rows()) > 30
    assert [row for row in rows() if len(row) != 3 or not all(row) or not NAMED.search(row[2])] == []


def test_every_named_test_exists() -> None:
    named = NAMED.findall(PAGE)
    assert [f"{file}::{test}" for file, test in named if test not in names_in(ROOT / file)] == []
    assert len(named) == PAGE.count("`tests/"), "a path that is not `path::name` is not checked"
