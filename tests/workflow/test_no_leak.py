"""A study whose W&B falls ill, each job submitted as to a cluster: the key is nowhere in what it leaves or shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.tracking.wandb_server import KEY, WandbServer
from tests.workflow import conftest as workflow

pytestmark = pytest.mark.slow

CONFIG = """\
study: tiny
title: "Tiny {study}"
dataset:  {name: "tests.tiny:read", validation_fraction: 0.1}
training: {epochs: 2, batch_size: 32, learning_rate: 0.05, precision: fp32}
variants: [{name: baseline}]
seeds: [0]
analysis: {metric: test_accuracy, baseline: baseline}
tracking: {wandb: {mode: auto, timeout: 4, upload_results: true, name: "{variant}-run-{seed}"}}
"""
GROUPS = ["fetch_data=data", "prepare_data=data"]  # that share a job, for each job starts a snakemake of its own
GROUPS += [f"{rule}=report" for rule in ("collect_runs", "analyse_study", "plot_figures", "render_report")]
SUBMIT = 'cp "$1" jobs/ && exec sh "$1"\n'  # what a cluster would be handed, kept
ANSWERED = 6  # calls, before the server refuses everything


class CommandLines:
    """The command lines of all processes of a folder, watched while they run."""

    def __init__(self, folder: Path) -> None:
        self.seen: set[bytes] = set()
        self._folder = folder.resolve()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CommandLines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if (process / "cwd").resolve() == self._folder:
                        self.seen.add((process / "cmdline").read_bytes())
                except OSError:
                    continue


def test_the_key_is_nowhere_in_what_a_faulty_online_study_leaves(tmp_path):
    project = workflow.make_project(tmp_path / "project")
    project.config.write_text(CONFIG)
    (project.folder / "jobs").mkdir()
    (project.folder / "submit.sh").write_text(SUBMIT)
    command = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2", "--jobs", "2", "--verbose"]
    command += ["--printshellcmds", "--executor", "cluster-sync", "--cluster-sync-submit-cmd", "sh submit.sh"]
    command += ["--groups", *GROUPS]
    kept = {key: value for key, value in workflow.environment().items() if not key.startswith("WANDB_")}
    with WandbServer(401, after=ANSWERED) as server, CommandLines(project.folder) as command_lines:
        answer = subprocess.run(
            command,
            cwd=project.folder,
            env={**kept, **server.environment(), "NETRC": os.devnull},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=workflow.LIMIT,
            check=False,
        )
    assert answer.returncode == 0, answer.stdout.decode()
    assert json.loads(project.record("baseline", 0).read_text())["status"] == "finished"
    assert (project.results / "results.md").read_text().startswith("# Tiny {study}")  # braces are no wildcards
    logs = "".join(path.read_text() for path in project.results.glob("logs/**/*.log"))
    assert "made to answer 401" in logs, "the server was in trouble"
    assert "Send it later: snakemake --cores 1 sync_wandb" in logs
    scripts = list((project.folder / "jobs").iterdir())
    assert any("train_run" in script.read_text() for script in scripts)
    assert any(b"train_run.py" in line for line in command_lines.seen)
    left = [path for path in project.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    for place in (".snakemake", "jobs", "results/tiny/wandb", "results/tiny/logs", "results/tiny/results.md"):
        assert [path for path in left if path.is_relative_to(project.folder / place)], f"nothing in {place}"
    assert [path for path in left if KEY.encode() in path.read_bytes()] == []
    assert KEY.encode() not in answer.stdout
    assert not [line for line in command_lines.seen if KEY.encode() in line]
