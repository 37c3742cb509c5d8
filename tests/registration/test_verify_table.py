"""`seedwise verify` on the report of a table, which has no ledger: what can be checked, and how to repeat it."""

from __future__ import annotations

import json
import shutil

import pytest

from seedwise.cli import main

TABLE = "variant,seed,score\n" + "".join(f"{v},{s},0.{8 + (v == 'b')}{s}\n" for v in "ab" for s in range(4))


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The report of a table; nothing may be changed in it."""
    folder = tmp_path_factory.mktemp("table")
    (folder / "results.csv").write_text(TABLE)
    words = ["analyse", str(folder / "results.csv"), "--metric", "score", "--baseline", "a", "--out"]
    assert main([*words, str(folder / "report")]) == 0
    return folder / "report"


@pytest.fixture
def report(made, tmp_path):
    return shutil.copytree(made, tmp_path / "report")


def verify(capsys, folder):
    capsys.readouterr()
    status = main(["verify", str(folder), "--json"])
    found = json.loads(capsys.readouterr().out)
    states = {check["name"]: check["state"] for check in found["checks"]}
    assert status == ("FAILED" in states.values())
    assert main(["verify", str(folder)]) == status
    return states, " ".join(capsys.readouterr().out.split())


def test_it_says_that_there_is_no_ledger_and_how_to_repeat_it(report, capsys):
    states, text = verify(capsys, report)
    assert states == {"findings.json": "ok", "tables": "ok", "report": "not checked"}
    assert "a report of `seedwise analyse`, never registered" in text
    assert "`seedwise analyse` reads a table and registers nothing" in text
    assert "results.csv --metric score --baseline a --out" in text.partition("What it cannot show:")[0]
    assert "earlier version" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "failed"),
    [
        ("comparisons.csv", "BETTER", "WORSE", "tables"),
        ("findings.json", '"BETTER"', '"WORSE"', "findings.json"),
    ],
)
def test_an_edit_is_seen(report, capsys, file, old, new, failed):
    text = (report / file).read_text()
    assert old in text
    (report / file).write_text(text.replace(old, new))
    states, said = verify(capsys, report)
    assert {name for name, state in states.items() if state == "FAILED"} == {failed}
    assert "The folder contradicts itself" in said
