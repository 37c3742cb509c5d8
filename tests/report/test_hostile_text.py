"""One hostile text in every field of a table, and no output in which it is more than text."""

from __future__ import annotations

import csv

import pytest
from hostile import HOSTILE, check_html, check_markdown, check_plain

from seedwise.cli import main


def _table(folder, header, rows):
    path = folder / "t\n```\n<img src=x>.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


RUNS = ["variant", "seed", f"score {HOSTILE}"]
ANSWERS = ["variant", "example", "cluster", f"score {HOSTILE}"]


@pytest.mark.parametrize("kind", ["runs", "answers"])
def test_a_hostile_text_is_text_in_every_field_of_a_table(kind, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("seedwise.report.page.page.packed_vega", str)  # which takes seconds
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
    check_plain(shown.out + shown.err)
    check_markdown((out / "results.md").read_text(encoding="utf-8"))
    check_html((out / "page.html").read_text(encoding="utf-8"))
    for figure in (out / "figures").glob("*.svg"):
        assert "<img" not in figure.read_text(encoding="utf-8")


def test_a_hostile_text_in_a_mistake_is_one_line(tmp_path, capsys):
    rows = [[f"{letter}{HOSTILE}", n, 0.5 + n / 10] for letter in "AB" for n in range(3)]
    path = _table(tmp_path, RUNS, rows)
    assert main(["analyse", path, "--metric", RUNS[-1], "--baseline", f"Z{HOSTILE}", "--higher-is-better"]) == 2
    said = capsys.readouterr().err
    check_plain(said)
    assert said.count("\n") == 1
