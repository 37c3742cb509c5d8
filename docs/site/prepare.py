"""Prepare the pages of the site: python docs/site/prepare.py FOLDER writes FOLDER/mkdocs.yml and FOLDER/pages/.

On GitHub, the pages of docs/ link to each other and to files elsewhere in the repository. The site has all that links
from docs/README.md lead to, with the links changed to match; the headings of docs/README.md are its sections. Site
generators come and go, so all of this is done before one is started.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from seedwise.cli import GROUPS, help_text, main

ROOT = Path(__file__).resolve().parents[2]
SITE = "docs/site"
INDEX = "docs/README.md"
HOME = f"{SITE}/index.md"
PLACES = {HOME: "index.md", INDEX: "index.md", "README.md": "index.md", f"{SITE}/python.md": "python.md"}
"""Where files lie on the site, if not at the same place below docs/ or below repository/."""
STATIC = ("site.css", "seeds.js", "icon.svg")
LINK = re.compile(r"\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<path>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
IN_INDEX = re.compile(rf"^## (?P<section>.+)$|{LINK.pattern}", re.MULTILINE)
FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def prepare(folder: Path) -> None:
    """Write the configuration and the pages into a folder, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    for path in sorted(reachable()):
        target = pages / place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".md"):
            target.write_text(rewritten(path), encoding="utf-8")
        else:
            shutil.copyfile(ROOT / path, target)
    (pages / "site").mkdir()
    for name in STATIC:
        shutil.copyfile(ROOT / SITE / name, pages / "site" / name)
    (pages / "commands.md").write_text(commands(), encoding="utf-8")
    settings = (ROOT / SITE / "mkdocs.yml").read_text(encoding="utf-8")
    nav = json.dumps(navigation(), ensure_ascii=False, indent=2)  # which is YAML, too
    (folder / "mkdocs.yml").write_text(f"{settings}\nnav: {nav}\n", encoding="utf-8")


def reachable() -> set[str]:
    """Return the files of the repository that the site has: all that links lead to."""
    found = {HOME, f"{SITE}/python.md"}
    waiting = [*found, INDEX]
    while waiting:
        page = waiting.pop()
        new = {path for path in targets(page) if path not in found and PLACES.get(path) != "index.md"}
        found |= new
        waiting += [path for path in new if path.endswith(".md")]
    return found


def targets(page: str) -> Iterator[str]:
    """Yield the files of the repository that a page of it links to."""
    for part in FENCED.split((ROOT / page).read_text(encoding="utf-8"))[::2]:
        for match in LINK.finditer(part):
            links = [
                match["path"],
                *(inner["path"] for inner in LINK.finditer(match["text"])),
            ]  # an image can be a link
            yield from filter(None, (target(page, link) for link in links))


def target(page: str, link: str) -> str | None:
    """Return the path of what a page of the repository links to; None if it is no file of the repository.

    A link to a folder leads to its README, as on GitHub.
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    if "://" in link or not (ROOT / path).exists():
        return None
    if not (ROOT / path).is_dir():
        return path
    return f"{path}/README.md" if (ROOT / path / "README.md").exists() else None


def place(path: str) -> str:
    """Return where a file of the repository lies on the site."""
    return PLACES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}")


def rewritten(page: str) -> str:
    """Return the text of a page with links that lead to the same files on the site.

    A link to a folder without a README is left out: a site has no listings.
    """
    start = posixpath.dirname(place(page)) or "."

    def changed(match: re.Match[str]) -> str:
        text = LINK.sub(changed, match["text"])
        path = target(page, match["path"])
        if path is not None:
            return f"[{text}]({os.path.relpath(place(path), start)}{match['anchor'] or ''})"
        folder = (ROOT / page).parent / match["path"]
        return text if folder.is_dir() else f"[{text}]({match['path']}{match['anchor'] or ''})"

    parts = FENCED.split((ROOT / page).read_text(encoding="utf-8"))
    text = "".join(part if number % 2 else LINK.sub(changed, part) for number, part in enumerate(parts))
    return text.replace("<details>", "<details markdown>")  # or the tables in it would stay as they are


def navigation() -> list[dict[str, object]]:
    """Return the sections of the index of docs/ with the pages that each links to, every page once."""
    sections: dict[str, list[dict[str, str]]] = {}
    seen = set()
    for match in IN_INDEX.finditer((ROOT / INDEX).read_text(encoding="utf-8")):
        if match["section"]:
            pages = sections.setdefault(match["section"], [])
            continue
        path = target(INDEX, match["path"])
        if path is not None and path.endswith(".md") and path not in seen:
            seen.add(path)
            pages.append({match["text"]: place(path)})
    sections["Reference"][:0] = [{"Command line": "commands.md"}, {"Python": "python.md"}]
    return [{"Home": "index.md"}, *({title: pages} for title, pages in sections.items())]


def commands() -> str:
    """Return a page with the help of every command, as the terminal prints it."""
    lines = ["# Command line", "", "What `seedwise --help` and `seedwise COMMAND --help` print, in this version."]
    lines += ["", "```text", help_text(), "```"]
    for title, group in GROUPS.items():
        lines += ["", f"## {title}"]
        for command in group:
            lines += ["", f"### seedwise {command.name}", "", "```text", printed_help(command.name), "```"]
    return "\n".join(lines) + "\n"


def printed_help(command: str) -> str:
    """Return what `seedwise COMMAND --help` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main([command, "--help"])
    return printed.getvalue().strip()


if __name__ == "__main__":
    os.environ["COLUMNS"] = "100"  # of the help
    prepare(Path(sys.argv[1]))
