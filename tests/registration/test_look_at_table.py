"""`seedwise analyse` on the runs.csv of a study: a look that the ledger has, where it can be written."""

from __future__ import annotations

import subprocess
import sys

from seedwise import __version__
from seedwise.cli import main
from seedwise.registration.ledger import read_ledger

ANALYSE = ["analyse", "results/demo/runs.csv", "--metric", "score", "--higher-is-better", "--baseline", "low"]


def looks(demo):
    return [entry.content["of"] for entry in read_ledger(demo.folder).of("look")]


def test_it_is_noted_once(demo, capsys):
    for _ in range(2):
        assert main(ANALYSE) == 0
    assert looks(demo) == ["analysis", "table"]
    assert read_ledger(demo.folder).entries[-1].content["version"] == __version__
    assert "Note: this look" not in capsys.readouterr().err


def test_a_folder_that_may_not_be_written_can_be_looked_at(demo, capsys, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied", "results/demo/registration.jsonl")

    monkeypatch.setattr("seedwise.registration.register.append", refuse)
    assert main(ANALYSE) == 0
    said = capsys.readouterr()
    assert "Note: this look at results/demo/runs.csv could not be noted in the study's ledger: " in said.err
    assert "Permission denied" in said.err
    assert "high" in said.out
    assert looks(demo) == ["analysis"]


def test_windows_has_no_locks_and_looks_all_the_same(demo):
    inside = f"import sys; sys.modules['fcntl'] = None; from seedwise.cli import main; sys.exit(main({ANALYSE}))"
    answer = subprocess.run([sys.executable, "-c", inside], capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Windows lacks the file locks" in answer.stderr
    assert "high" in answer.stdout
