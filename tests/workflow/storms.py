"""Kills at random moments: a study is started and killed again and again, then run once more to its end."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from seedwise.analysis.findings import read_findings
from seedwise.basics.files import short_digest
from seedwise.registration.ledger import read_ledger
from seedwise.registration.results import known_results, results_in
from tests.workflow.conftest import LIMIT, Project

Strike = Callable[[Project, subprocess.Popen[bytes], random.Random], str]


def live_through(
    template: Project, folder: Path, kills: int, seed: int, strikes: list[Strike], start: Callable[..., Any]
) -> Counter[str]:
    """Kill a study so often, each time at a random moment of a life as long as the template's.

    A study that ends in spite of the kills is followed by another one, from the start. Each one is run to its end by
    one plain command, and its outcome must be that of the template, which nobody killed.

    Args:
        template: the study before its first run.
        folder: where the copies go.
        kills: how many.
        seed: of the moments and of what is killed.
        strikes: ways to kill; each returns what it has killed, or "" if there was nothing to kill.
        start: starts the plain command in a project.

    Returns:
        How often each thing was killed.
    """
    choices, struck = random.Random(seed), Counter[str]()
    whole = copy(template, folder / "whole")
    began = time.monotonic()
    assert start(whole).wait(LIMIT) == 0
    length, expected = time.monotonic() - began, outcome(whole)
    while struck.total() < kills:
        project = copy(template, folder / f"torn{struck.total()}")
        process = None
        try:
            while struck.total() < kills:
                process = start(project)
                with suppress(subprocess.TimeoutExpired):
                    assert process.wait(choices.uniform(0, length)) == 0
                    break
                if what := choices.choice(strikes)(project, process, choices):
                    struck[what] += 1
                process.wait(LIMIT)
            process = start(project)
            assert process.wait(LIMIT) == 0, f"after {struck}"
            assert outcome(project) == expected
            assert_registered_once(project)
        finally:
            for one in [process, *processes(project)]:
                with suppress(psutil.Error, ProcessLookupError):
                    one.kill()
        shutil.rmtree(project.folder)
    return struck


def copy(project: Project, folder: Path) -> Project:
    return type(project)(shutil.copytree(project.folder, folder, symlinks=True))


def processes(project: Project) -> list[psutil.Process]:
    """Return the processes that work in the project's folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(project.folder.resolve()):
                found.append(process)
    return found


def kill_everything(_project: Project, process: subprocess.Popen[bytes], _choices: random.Random) -> str:
    """Kill the whole process group, as a machine that goes down does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        return "everything"
    return ""


def kill_snakemake(_project: Project, process: subprocess.Popen[bytes], _choices: random.Random) -> str:
    """Kill Snakemake alone; what it had started goes on, beside the next command's runs."""
    if process.poll() is None:
        process.kill()
        return "Snakemake"
    return ""


def kill_one(project: Project, process: subprocess.Popen[bytes], choices: random.Random) -> str:
    """Kill one other process, as the system does when memory is short."""
    others = [one for one in processes(project) if one.pid != process.pid]
    if not others:
        return kill_everything(project, process, choices)
    with suppress(psutil.Error):
        choices.choice(others).kill()
        return "one process"
    return ""


def outcome(project: Project) -> dict[str, object]:
    """All that a study's runs and analysis say, without times and places."""
    found: dict[str, object] = {}
    for record in sorted(project.results.glob("runs/*/*/metrics.json")):
        read = json.loads(record.read_text())
        folder = record.parent
        found[str(folder.relative_to(project.results))] = (read["status"], read["metrics"], *left(folder))
    for name in ("summary.csv", "comparisons.csv"):
        found[name] = (project.results / name).read_text()
    assert (project.results / "results.md").exists()
    return found


def assert_registered_once(project: Project) -> None:
    """The ledger is whole: one registration before everything else, all results, and the look that the report shows."""
    ledger = read_ledger(project.results)
    assert not ledger.faults
    assert ledger.of("registration") == [ledger.entries[0]], [entry.content for entry in ledger.entries]
    assert known_results(ledger) == results_in(project.results)
    looks = {entry.hash: entry.content["table"] for entry in ledger.of("look")}
    assert len(set(looks.values())) == len(looks), "the same look is noted once"
    registration = read_findings(project.results / "findings.json").registration
    assert registration
    assert looks[registration.head] == short_digest(project.results / "runs.csv")
    for record in project.results.glob("runs/*/*/metrics.json"):
        assert json.loads(record.read_text())["registration"] == ledger.entries[0].short


def left(folder: Path) -> list[object]:
    """The history and the predictions of a run, if it has any."""
    found: list[object] = []
    if (folder / "history.csv").exists():
        with (folder / "history.csv").open() as table:
            found.append([{**row, "seconds": None} for row in csv.DictReader(table)])
    if (folder / "predictions.npz").exists():
        with np.load(folder / "predictions.npz") as predictions:
            found.append({name: predictions[name].tobytes() for name in predictions.files})
    return found
