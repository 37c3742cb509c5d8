"""A program of a user's on a cluster: the same profile, its own resources, a checkpoint that a new job finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.slurm.conftest import Submitted, wait_for
from tests.workflow.conftest import ROOT
from tests.workflow.programs import COMMAND, make_program

pytestmark = [pytest.mark.slurm, pytest.mark.slow]


@dataclass(frozen=True)
class SubmittedProgram(Submitted):
    """A program in a folder of its own, whose study goes to the cluster."""

    def command(self, *options: str) -> list[str]:
        profile = ["--workflow-profile", self.profile, *self.options]
        return [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", *profile, *options]

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with (self.folder / "printed.txt").open("wb") as out:
            return subprocess.Popen(
                self.command(*options),
                cwd=self.folder,
                env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def test_a_program_runs_on_the_cluster_and_a_cancelled_job_goes_on_from_its_checkpoint(cluster, launched, tmp_path):
    text = COMMAND.replace("steps: 1", "steps: 200")
    made = make_program(tmp_path / "project", text + "resources: {train_run: {threads: 2, mem_mb: 300, runtime: 7}}\n")
    project = SubmittedProgram(made.folder)
    before = {job["id"] for job in cluster.jobs()}

    def trainings() -> list[dict[str, str]]:
        return [job for job in cluster.jobs() if job["id"] not in before and "train_run" in job["comment"]]

    process = launched(project, "runs")
    wait_for(lambda: list(project.results.glob("runs/*/*/out/step.txt")), "a run has a checkpoint")
    running = [job["id"] for job in trainings() if job["state"] == "RUNNING"]
    cluster.call("scancel", running[0])
    project.finish(process)
    records = [json.loads(path.read_text()) for path in project.results.glob("runs/*/*/metrics.json")]
    assert len(records) == 4
    assert {record["provenance"]["threads"] for record in records} == {2}
    assert {job["limit"] for job in trainings()} >= {"7:00"}
    assert any("resuming after step" in path.read_text() for path in project.logs())
    assert any("--resume" in record["command"] for record in records)
