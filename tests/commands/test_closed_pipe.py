"""A reader that leaves early, as in `seedwise run | head -1`: no traceback, and a run goes on to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = {
        "study": "s",
        "title": "S",
        "command": {"run": "echo acc 0.9{seed}", "results": {"stdout": {"acc": "acc (.+)"}}},
        "variants": [{"name": "a"}],
        "seeds": [0, 1],
        "analysis": {"metric": "acc", "higher_is_better": True, "baseline": "a"},
    }
    Path("study.yaml").write_text(yaml.safe_dump(study))


def without_a_reader(*words: str, both: bool = False) -> tuple[int, str]:
    """Run a command whose standard output, or also its standard error, is a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "seedwise.cli", *words],
            stdout=writing,
            stderr=subprocess.STDOUT if both else subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr or ""


def test_a_dry_run_is_silent() -> None:
    assert without_a_reader("run", "study.yaml", "-n") == (0, "")


@pytest.mark.slow
def test_a_run_goes_on_to_its_end() -> None:
    assert without_a_reader("run", "study.yaml", "--cores", "2", "runs", both=True) == (0, "")
    assert len(list(Path("results/s/runs").glob("*/*/metrics.json"))) == 2
