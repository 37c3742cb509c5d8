"""The documentation site: built strictly, read as a visitor reads it, and asking nothing of any other machine."""

from __future__ import annotations

import functools
import http.server
import os
import posixpath
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from tests.browser import LIMIT

ROOT = Path(__file__).parents[2]
ZENSICAL = shutil.which("zensical", path=str(Path(sys.executable).parent))
COUNTED = ("h1", "h2", "h3", "h4", "li", "td", "th", "pre", "img")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ZENSICAL is None, reason="no zensical: pip install -r requirements-docs.txt"),
]


class Outline(HTMLParser):
    """The tags inside a page's article; the links and anchors of the whole page, and what it loads by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.article = ""
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.add(given.get("id") or "")
        self.links += [value for key in ("href", "src") if (value := given.get(key))]
        if tag in ("script", "img", "link", "iframe"):
            self.loaded += [
                value for key in ("href", "src") if (value := given.get(key)) and given.get("rel") != "canonical"
            ]
        if "article" in self.open:
            self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site") / "build" / "site"
    folder.parent.mkdir()
    (folder.parents[1] / "seedwise").symlink_to(ROOT / "seedwise")  # where mkdocs.yml says that the package is
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "docs/site/prepare.py", folder], check=True, env=environment)
    built = subprocess.run([ZENSICAL, "build", "--strict"], cwd=folder, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@pytest.fixture(scope="session")
def outlines(site: Path) -> dict[str, Outline]:
    """The outline of every page, by its address on the site."""
    return {
        page.relative_to(site).as_posix(): Outline(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")
    }


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The address of a server of the site, on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def page_of(document: Path) -> str:
    """The address of a page of docs/ on the site."""
    return document.relative_to(ROOT / "docs").with_suffix(".html").as_posix().replace("README", "index")


DOCUMENTS = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "site"]


def test_every_page_of_docs_is_on_the_site(outlines: dict[str, Outline]) -> None:
    assert [page_of(document) for document in DOCUMENTS if page_of(document) not in outlines] == []


def test_links_lead_to_pages_and_headings(outlines: dict[str, Outline], site: Path) -> None:
    dead = []
    for page, outline in outlines.items():
        for link in outline.links:
            parts = urlsplit(link)
            if parts.scheme or page == "404.html" or link == "#__skip":
                continue
            path = posixpath.join(posixpath.dirname(page), unquote(parts.path)) if parts.path else page
            target = posixpath.normpath(path).removeprefix(".") or "index.html"
            anchors = outlines[target].anchors if target in outlines else set()
            if not (site / target).is_file() or (parts.fragment and unquote(parts.fragment) not in anchors):
                dead.append(f"{page}: {link}")
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_a_page_has_the_lists_tables_and_code_that_github_shows(document: Path, outlines: dict[str, Outline]) -> None:
    """Python-Markdown needs a blank line before a list and more indentation in it; GitHub does not."""
    if page_of(document) == "index.html":
        pytest.skip("the site has a home page of its own")
    text = document.read_text(encoding="utf-8")
    github = Outline(f"<article>{MarkdownIt('gfm-like', {'linkify': False}).render(text)}</article>").tags
    found = outlines[page_of(document)].tags
    assert {tag: found[tag] for tag in COUNTED} == {tag: github[tag] for tag in COUNTED}


def test_the_reference_has_every_command_and_every_public_name(site: Path) -> None:
    from seedwise import __all__ as public
    from seedwise.cli import GROUPS

    commands = (site / "commands.html").read_text(encoding="utf-8")
    assert [c.name for group in GROUPS.values() for c in group if f"usage: seedwise {c.name}" not in commands] == []
    python = (site / "python.html").read_text(encoding="utf-8")
    assert [name for name in public if name != "__version__" and f'id="seedwise.{name}"' not in python] == []
    assert "Report metrics of this run" in python


def test_pages_name_no_other_machine(outlines: dict[str, Outline], site: Path) -> None:
    """Whatever a page loads by itself comes from the site."""
    assert [(page, url) for page, outline in outlines.items() for url in outline.loaded if "//" in url] == []
    sheets = {sheet: sheet.read_text(encoding="utf-8") for sheet in site.rglob("*.css")}
    assert sheets
    assert [
        sheet.name for sheet, text in sheets.items() if re.search(r"(url\(|@import )[\"']?(https?:)?//", text)
    ] == []


READ = [
    "index",
    "what-3-seeds-can-say",
    "commands",
    "python",
    "statistics",
    "architecture",
    "examples/clear-win/results",
]


def test_visitors_ask_nothing_of_other_machines(browser, address: str) -> None:
    """Not when they read, nor when they search; and pages fit on a phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    context.set_default_timeout(LIMIT)
    page = context.new_page()
    requests, wrong, wide = [], [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    for name in READ:
        page.goto(f"{address}/{name}.html", wait_until="networkidle")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(name)
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Search").fill("percentile bootstrap")
    page.get_by_text(re.compile(r"^\d+ results$")).wait_for()
    context.close()
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    assert (wrong, wide) == ([], [])
