"""Ctrl-C, once or twice, at any time: a line, status 130, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from seedwise.cli import main

LIMIT = 60
PRESSED_TWICE = 0.15  # seconds between the two


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("import time\ntime.sleep(60)\n")
    study = {
        "study": "s",
        "title": "S",
        "command": {"run": [sys.executable, "train.py", "{seed}"], "results": {"stdout": {"acc": "acc (.+)"}}},
        "variants": [{"name": "a"}, {"name": "b"}],
        "seeds": [0, 1, 2],
        "analysis": {"metric": "acc", "higher_is_better": True, "baseline": "a"},
    }
    Path("study.yaml").write_text(yaml.safe_dump(study))


def starting_snakemake(pid: int) -> bool:
    """Whether a process has become the one that imports Snakemake."""
    return b"start_snakemake.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def importing(pid: int) -> bool:
    """Whether a process imports what its command needs."""
    return b"pydantic_core" in Path(f"/proc/{pid}/maps").read_bytes()


def running(_pid: int) -> bool:
    """Whether a run has begun."""
    return any(Path("results/s/runs").glob("*/*/attempt.json"))


def press(words: list[str], when: Callable[[int], bool], presses: int, later: float = 0.0) -> tuple[int, list[str]]:
    """Start a command, press Ctrl-C in its terminal, and return its status and what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "seedwise.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + LIMIT
        while not when(process.pid):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(later)
        for _ in range(presses):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(PRESSED_TWICE)
        printed, _ = process.communicate(timeout=LIMIT)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, printed.splitlines()


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("later", [0.0, 0.7], ids=["as Python starts", "importing Snakemake"])
def test_ctrl_c_before_the_first_run(presses: int, later: float) -> None:
    assert press(["run", "study.yaml", "--cores", "2"], starting_snakemake, presses, later) == (130, ["interrupted"])


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_while_a_command_imports(presses: int) -> None:
    # Interrupted there, pydantic's compiled module would panic.
    assert press(["check", "study.yaml"], importing, presses) == (130, ["interrupted"])


@pytest.mark.slow
def test_pressed_twice_while_runs_run_the_study_says_how_to_go_on() -> None:
    status, printed = press(["run", "study.yaml", "--cores", "2"], running, 2, 0.3)
    assert status == 130
    assert "To go on, run the same command again: it does only what is missing." in printed
    assert not any("Traceback" in line or "KeyboardInterrupt" in line for line in printed)


def test_in_this_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("seedwise.commands.check.run", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert main(["check", "study.yaml"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert signal.getsignal(signal.SIGINT) == before
