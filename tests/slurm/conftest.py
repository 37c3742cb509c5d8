"""Fixtures: a real Slurm, a study that it runs, and the same study run without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, NoSlurmError, install
from tests.workflow.conftest import Project, make_project, stop_everything

# Three variants, three seeds; each run can be held in the middle of an epoch by a file named `hold`.
CONFIG = """\
study: tiny
title: "Tiny study"
dataset:  {name: "tests.tiny:read", validation_fraction: 0.1}
training: {epochs: 8, batch_size: 32, learning_rate: 0.05, precision: fp32, augmentation: ["hold:hold"]}
variants:
  - {name: baseline, label: Baseline}
  - {name: dropout, label: + Dropout, set: {model.dropout: 0.2}}
  - {name: slow, label: + Slow, set: {training.learning_rate: 0.01}}
seeds: [0, 1, 2]
analysis: {metric: test_accuracy, baseline: baseline}
tracking: {wandb: {mode: disabled}}
"""
HOLD = '''\
"""An augmentation that changes nothing, and waits while a file named `hold` exists."""
import time
from pathlib import Path


def hold(images, generator):
    while Path("hold").exists():
        time.sleep(0.05)
    return images
'''
PATIENCE = 900
TABLE = "results/tiny/summary.csv"  # enough where figures and reports would show nothing more


@dataclass(frozen=True)
class Submitted(Project):
    """A project whose study goes through a profile to the cluster."""

    profile: str = "slurm"
    options: tuple[str, ...] = ("--slurm-init-seconds-before-status-checks", "2")

    def command(self, *options: str) -> list[str]:
        snakemake = str(Path(sys.executable).parent / "snakemake")
        return [snakemake, "--workflow-profile", self.profile, *self.options, *options]

    @property
    def hold(self) -> Path:
        """While this file exists, no run continues."""
        return self.folder / "hold"

    @property
    def printed(self) -> str:
        """The output of Snakemake since `launch`."""
        return (self.folder / "printed.txt").read_text()

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        """Start Snakemake in its own process group, with its output in a file."""
        with (self.folder / "printed.txt").open("wb") as out:
            return subprocess.Popen(
                self.command(*options), cwd=self.folder, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def checkpoints(self) -> list[Path]:
        return list(self.results.glob("runs/*/*/checkpoint-*.pt"))

    def metrics(self) -> dict[str, str]:
        """Return every record without its times and its machine."""
        kept = ("status", "metrics", "epochs", "settings")
        return {
            str(path.parent.relative_to(self.results)): json.dumps(
                {key: json.loads(path.read_text())[key] for key in kept}, sort_keys=True
            )
            for path in self.results.glob("runs/*/*/metrics.json")
        }

    def logs(self) -> list[Path]:
        return list(self.results.glob("logs/train_run/*/*.log"))

    def log(self, variant: str, seed: int) -> str:
        return (self.results / f"logs/train_run/{variant}/seed{seed}.log").read_text()

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until Snakemake ends, and check that it succeeded."""
        try:
            assert process.wait(PATIENCE) == 0, self.printed
        except subprocess.TimeoutExpired:
            raise AssertionError(f"Snakemake does not end\n{self.printed}") from None


def make(folder: Path, profile: str = "slurm", options: tuple[str, ...] | None = None) -> Submitted:
    """Create a project with the study."""
    made = make_project(folder)
    made.config.write_text(CONFIG)
    (folder / "hold.py").write_text(HOLD)
    return Submitted(folder, profile, Submitted.options if options is None else options)


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A Slurm cluster for which the environment of the tests is set."""
    try:
        install()
    except NoSlurmError as error:
        pytest.skip(f"no Slurm: {error}")
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    before = dict(os.environ)
    try:
        cluster.start()
        os.environ.update(cluster.environment)
        yield cluster
    finally:
        cluster.stop()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def local(launched, tmp_path_factory):
    """The study, run on this machine without Slurm."""
    project = make(tmp_path_factory.mktemp("local") / "project", "default", ("--cores", "2"))
    project.finish(launched(project, TABLE, "results/tiny/comparisons.csv"))
    return project


@pytest.fixture(scope="session")
def launched():
    """Start Snakemake in a project; at the end, stop everything that it started."""
    started: list[tuple[Submitted, subprocess.Popen[bytes]]] = []

    def launch(project: Submitted, *options: str) -> subprocess.Popen[bytes]:
        process = project.launch(*options)
        started.append((project, process))
        return process

    yield launch
    for project, process in started:
        project.hold.unlink(missing_ok=True)
        stop_everything(project, process)
