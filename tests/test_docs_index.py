"""The documentation: every page is in the index, and every link, path and dotted name that it gives leads somewhere."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOTEBOOKS = sorted((ROOT / "workflow" / "notebooks").glob("*.ipynb"))
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(page for page in DOCS.rglob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("config", "benchmarks", "workflow/notebooks")),
    *sorted((ROOT / "examples").rglob("README.md")),
]
PATH = re.compile(r"(?<![\w./<>-])(?:\.\./)*((?:seedwise|workflow|tests|docs|profiles)/(?:[\w./*-]|<\w+>)*)")
DOTTED = re.compile(r"(?<![\w/.-])seedwise(?:\.[A-Za-z_]\w*)+")
NO_MODULE = {"seedwise.sif", "seedwise.start_study", "seedwise.end_study"}
"""A container, and the functions of a Snakemake module that is called seedwise."""


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    """What a page or the cells of a notebook say; of a changelog's `before | now` only what is now."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    if page.name == "CHANGELOG.md":
        return re.sub(r"^\| `.*?\| ", "| ", text, flags=re.MULTILINE)
    return text


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def resolves(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            continue
        if found is None:
            continue
        return length == len(parts) or (
            length == len(parts) - 1 and hasattr(importlib.import_module(module), parts[-1])
        )
    return False


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index] == []


def test_every_example_is_in_the_index_of_examples() -> None:
    index = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    names = [study.parent.name for study in (ROOT / "examples").glob("*/study.yaml")]
    assert names
    assert [name for name in names if f"({name}/README.md)" not in index] == []


@pytest.mark.parametrize("page", ["architecture.md", "CONTRIBUTING.md"])
def test_both_first_pages_lead_to_what_developers_need(page: str) -> None:
    for index in (ROOT / "README.md", DOCS / "README.md"):
        assert f"{page})" in index.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in (link for link in links if "://" not in link):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=named)
def test_paths_exist(page: Path) -> None:
    """A path is meant from the repository's root, or from the page; `*` and `<name>` stand for any name."""
    paths = {re.sub(r"<\w+>", "*", match.rstrip(".")) for match in PATH.findall(text_of(page))}
    assert [path for path in paths if not any(list(folder.glob(path)) for folder in (ROOT, page.parent))] == []


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=named)
def test_dotted_names_can_be_imported(page: Path) -> None:
    names = set(DOTTED.findall(text_of(page))) - NO_MODULE
    assert [name for name in names if not resolves(name)] == []


def test_a_path_or_name_that_is_gone_is_found() -> None:
    assert PATH.findall("see `seedwise/data/gone.py`, tests/gone.") == ["seedwise/data/gone.py", "tests/gone."]
    assert not resolves("seedwise.data.images.ImageData")
    assert resolves("seedwise.statistics.format_table")
