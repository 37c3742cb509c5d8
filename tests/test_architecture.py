"""docs/architecture.md: the packages are those that exist, and imports go down its table only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "seedwise"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TABLE = PAGE.split("| in `seedwise/` |", 1)[1].split("\n\n", 1)[0]
LAYERS = re.findall(r"^\| `(\w+)` \|", TABLE, re.MULTILINE)
"""From bottom to top."""


def layer(name: str) -> str:
    """The layer of a module, `seedwise.runs.fit` or `seedwise/runs/fit.py`; empty for the package itself."""
    parts = re.split(r"[./]", name.removesuffix(".py"))
    return parts[1] if len(parts) > 1 and parts[1] != "__init__" else ""


def imported(file: Path) -> Iterator[str]:
    """Every module of the package that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows() -> dict[tuple[str, str], str]:
    """Which layer imports which, with a file that does."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(ROOT).as_posix()
        for module in imported(file):
            if module.startswith("seedwise."):
                found[layer(name), layer(module)] = name
    return found


def test_the_table_has_every_package() -> None:
    rooms = {layer(file.relative_to(ROOT).as_posix()) for file in PACKAGE.rglob("*.py")} - {""}
    assert sorted(LAYERS) == sorted(rooms)


def test_imports_never_go_upwards() -> None:
    upwards = {
        f"{name}: {importer} imports {module}"
        for (importer, module), name in arrows().items()
        if importer and module in LAYERS and LAYERS.index(module) > LAYERS.index(importer)
    }
    assert upwards == set()


def test_the_arrows_are_found() -> None:
    assert ("statistics", "plan") in arrows()
    assert ("trainers", "statistics") not in arrows()
    assert ("statistics", "trainers") not in arrows()
