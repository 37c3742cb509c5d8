"""A project folder with a tiny study on real images, and Snakemake to run it with."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedwise.basics.files import hold_lock
from tests.workflow.forks import SNAKEMAKE, forks

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
study: tiny
title: "Tiny study"
dataset:  {name: "tests.tiny:read", validation_fraction: 0.1}
training: {epochs: 1, batch_size: 16, learning_rate: 0.05, precision: fp32}
variants:
  - {name: baseline, label: Baseline}
  - {name: dropout, label: + Dropout, set: {model.dropout: 0.2, training.momentum: 0.8}}
seeds: [0, 1]
analysis: {metric: test_accuracy, baseline: baseline}
tracking: {wandb: {mode: disabled}}
"""
PARTS = ("Snakefile", "workflow", "seedwise", "profiles", "envs", "tests/__init__.py", "tests/tiny.py")
PARTS += ("tests/fashion_mnist_600_300.npz",)
LIMIT = 900  # against hanging only, as in `wait_for`


@dataclass(frozen=True)
class Project:
    """A copy of the workflow in a folder of its own, with a config to change."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def results(self) -> Path:
        return self.folder / "results" / "tiny"

    def record(self, variant: str, seed: int) -> Path:
        return self.results / f"runs/{variant}/seed{seed}/metrics.json"

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def add_own_dataset(self, folder: str) -> Path:
        """Make a folder of raw files and `own:read`, a dataset function that reads them; return the folder."""
        raw = self.folder / folder
        raw.mkdir()
        shutil.copy2(self.folder / "tests/fashion_mnist_600_300.npz", raw / "images.npz")
        (self.folder / "own.py").write_text(
            "from seedwise.trainers.image_classifier.datasets import images\n\n\n"
            "def read(folder):\n    return images.load(folder / 'images.npz')[0]\n"
        )
        return raw

    def command(self, *options: str) -> list[str]:
        return [str(SNAKEMAKE), "--cores", "2", "--resources", "gpu=1", *options]

    def run(self, *options: str) -> str:
        """Run the plain command to its end; return all it printed."""
        answer = self.attempt(*options)
        assert answer.returncode == 0, answer.stdout
        return answer.stdout

    def attempt(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the plain command to its end, as a fork of a process that has imported Snakemake."""
        return forks().run(self.command(*options)[1:], self.folder, self.environment(), LIMIT)

    def type(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the plain command to its end, as a shell would."""
        return subprocess.run(
            self.command(*options),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            env=self.environment(),
            check=False,
        )

    def seedwise(self, *words: str, prefix: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `seedwise` in the project; its output and errors are one text."""
        return subprocess.run(
            [*prefix, sys.executable, "-m", "seedwise.cli", *words],
            cwd=self.folder,
            env=self.environment() | {"PYTHONPATH": str(ROOT)} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the plain command in a process group of its own."""
        return subprocess.Popen(
            self.command(*options),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment(),
            start_new_session=True,
        )

    def environment(self) -> dict[str, str]:
        return environment()

    def made(self, *options: str) -> dict[str, int]:
        """Run the plain command to its end; count the jobs, by rule, from Snakemake's log."""
        self.run(*options)
        return jobs(max((self.folder / ".snakemake/log").glob("*.log")).read_text())

    def planned(self, *options: str) -> dict[str, int]:
        """Count the jobs, by rule, that the plain command would run."""
        return jobs(self.run("--dry-run", *options))


def environment() -> dict[str, str]:
    """The test's environment without what an enclosing workflow or test run may have set."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("SEEDWISE_", "PYTHONPATH"))}


def jobs(printed: str) -> dict[str, int]:
    """Read what a dry run lists, or Snakemake's table of job counts; empty when there is nothing to be done."""
    if "Nothing to be done" in printed:
        return {}
    listed = re.split("Job stats:|would run:", printed, maxsplit=1)[1]
    table = re.findall(r"^ *(\w+) +(\d+)$", listed, re.MULTILINE)
    return {rule: int(count) for rule, count in table if rule != "total"}


def make_project(folder: Path) -> Project:
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    project = Project(folder)
    project.config.write_text(CONFIG)
    return project


def training_processes(project: Project) -> list[int]:
    """Pids of the runs that train in a project, found by the working directory and the script of each process."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = re.split(rb"[\0 ]", (process / "cmdline").read_bytes())  # spaces: of a fork, which writes them
            inside = (process / "cwd").resolve() == project.folder.resolve()
        except OSError:
            continue
        scripts = (b"train_run.py", b"run_program.py")
        if inside and arguments[0].endswith(b"python") and any(part.endswith(scripts) for part in arguments):
            found.append(int(process.name))
    return found


def stop_everything(project: Project, *processes: subprocess.Popen[bytes]) -> None:
    """Leave no process behind, whatever the test did."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT)
    for pid in training_processes(project):
        os.kill(pid, signal.SIGKILL)


def wait_for(condition, seconds: float = LIMIT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, folder_of_all_workers) -> Project:
    """The tiny study, run to its end once for all workers. Copy it before you change anything: see `project`."""
    made = folder_of_all_workers / "finished"
    with hold_lock(folder_of_all_workers / ".finished.lock", lambda: None):
        if not made.exists():
            making = make_project(tmp_path_factory.mktemp("making") / "project")
            assert making.type().returncode == 0
            making.folder.rename(made)
    return Project(shutil.copytree(made, tmp_path_factory.mktemp("finished") / "project", symlinks=True))


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished study with all its times, to change at will."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture
def fresh(tmp_path) -> Project:
    """The tiny study before its first run."""
    return make_project(tmp_path / "project")
