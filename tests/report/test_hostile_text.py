"""One hostile text in every field of a table, and no output in which it is more than text."""

from __future__ import annotations

import csv
import html.parser
import unicodedata

import pytest
from markdown_it import MarkdownIt

from seedwise.cli import main

HOSTILE = (
    '</td></script><img src=x onerror="alert(1)"> *b* _i_ | `c` ``` $x$ [y](javascript:alert(1)) ~~s~~ &lt;i&gt; '
    "\\ {{7*7}} \x9b31m \u202e\u200b end\n# heading\n```\nfence\n<!--"
)
FORBIDDEN = {"script", "img", "iframe", "s", "i"}


class _Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def _check_markdown(text):
    rendered = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    tags = _Tags()
    tags.feed(rendered)
    own = [
        (tag, given) for tag, given in tags.found if tag != "img" or not str(given.get("src")).startswith("figures/")
    ]
    assert {tag for tag, _ in own} & FORBIDDEN == set()
    assert not [given for _, given in own if any(name.startswith("on") for name in given)]
    assert not [given for _, given in own if "javascript" in str(given.get("href"))]
    assert "heading" not in [line.strip() for line in rendered.replace("<h1>", "\n").splitlines()]
    assert rendered.count("<h1>") == 1
    assert "&lt;!--" in rendered  # what follows a comment that is begun would be lost


def _check_terminal(text):
    odd = {char for char in text if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"}
    assert odd == set()


def _table(folder, header, rows):
    path = folder / "t\n```\n<img src=x>.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


RUNS = ["variant", "seed", f"score {HOSTILE}"]
ANSWERS = ["variant", "example", "cluster", f"score {HOSTILE}"]


@pytest.mark.parametrize("kind", ["runs", "answers"])
def test_a_hostile_text_is_text_in_every_field_of_a_table(kind, tmp_path, capsys):
    names = [f"{letter}{HOSTILE}" for letter in "ABC"]
    if kind == "runs":
        rows = [
            [name, f"s{n}{HOSTILE}", 0.5 + at / 10 + n / 100 * (1 + at)]
            for at, name in enumerate(names)
            for n in range(4)
        ]
        path, flags = _table(tmp_path, RUNS, rows), []
    else:
        rows = [
            [name, f"e{n}{HOSTILE}", f"c{n // 2}{HOSTILE}", (n + at) % 3 / 2]
            for at, name in enumerate(names)
            for n in range(24)
        ]
        path, flags = _table(tmp_path, ANSWERS, rows), ["--example", "example", "--cluster", "cluster"]
    metric, out = (RUNS if kind == "runs" else ANSWERS)[-1], tmp_path / "out"
    flags += ["--metric", metric, "--baseline", names[0], "--higher-is-better", "--out", str(out)]
    assert main(["analyse", path, *flags]) == 0, capsys.readouterr().err
    shown = capsys.readouterr()
    _check_terminal(shown.out + shown.err)
    _check_markdown((out / "results.md").read_text(encoding="utf-8"))
    page = (out / "page.html").read_text(encoding="utf-8")
    tags = _Tags()
    tags.feed(page)
    assert not [given for _, given in tags.found if any(name.startswith("on") for name in given)]
    assert not [given for tag, given in tags.found if tag == "img" and given.get("src") == "x"]
    for figure in (out / "figures").glob("*.svg"):
        assert "<img" not in figure.read_text(encoding="utf-8")


def test_a_hostile_text_in_a_mistake_is_one_line(tmp_path, capsys):
    rows = [[f"{letter}{HOSTILE}", n, 0.5 + n / 10] for letter in "AB" for n in range(3)]
    path = _table(tmp_path, RUNS, rows)
    assert main(["analyse", path, "--metric", RUNS[-1], "--baseline", f"Z{HOSTILE}", "--higher-is-better"]) == 2
    said = capsys.readouterr().err
    _check_terminal(said)
    assert said.count("\n") == 1
