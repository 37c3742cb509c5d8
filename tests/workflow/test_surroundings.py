"""A study that is started by something else, by a shell with a mind of its own, or with next to nothing around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.workflow.conftest import LIMIT, ROOT
from tests.workflow.programs import make_program

pytestmark = pytest.mark.slow

STUDY = """\
study: tiny
title: "Tiny study"
command:
  run: {python} train.py {{x}}
  settings: {{x: 1}}
variants: [{{name: baseline}}, {{name: other, set: {{x: 2}}}}]
seeds: {seeds}
analysis: {{metric: loss, higher_is_better: false, baseline: baseline}}
"""
PROGRAM = """\
import json, os, sys
import wandb

run = wandb.init(project="own", config={"x": int(sys.argv[1])})
json.dump(dict(os.environ), open(os.path.join(os.environ["SEEDWISE_OUT"], "variables.json"), "w"))
json.dump({"loss": float(run.config["x"])}, open(os.environ["SEEDWISE_RESULTS"], "w"))
run.finish()
"""
BASHRC = 'echo "Welcome to the cluster"\nexport PATH={folder}:/usr/bin:/bin\ncd /\n'
OF_BASH = {"SHELLOPTS": "braceexpand:hashall:noclobber", "BASH_FUNC_python%%": "() { echo mine; return 3; }"}


@pytest.fixture
def project(tmp_path):
    """A program in a repository of git, which logs to W&B by itself and has no run yet."""
    project = make_program(tmp_path / "project")
    (project.folder / "train.py").write_text(PROGRAM)
    project.config.write_text(STUDY.format(python=sys.executable, seeds="[0]"))
    (project.folder / ".gitignore").write_text(".snakemake/\n")
    project.git("init", "--quiet")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "All")
    return project


def test_runs_are_their_own_whatever_bash_and_the_agent_of_a_sweep_have_exported(project, tmp_path):
    """Two of the runs are forks, two that are added are not, and then one is the only one."""
    other = tmp_path / "bin/python"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho another Python\nexit 3\n")
    other.chmod(0o755)
    (tmp_path / "bashrc").write_text(BASHRC.format(folder=other.parent))
    (tmp_path / "sweep.yaml").write_text("wandb_version: 1\nx:\n  value: 99\n")
    sweep = {"WANDB_SWEEP_ID": "outer", "WANDB_SWEEP_PARAM_PATH": str(tmp_path / "sweep.yaml"), "WANDB_RESUME": "must"}
    bash = {"BASH_ENV": str(tmp_path / "bashrc"), **OF_BASH}
    for seeds in ("[0]", "[0, 1]"):
        project.config.write_text(STUDY.format(python=sys.executable, seeds=seeds))
        ran = project.seedwise("run", "config.yaml", "runs", "--cores", "2", **sweep, **bash)
        assert ran.returncode == 0, ran.stdout
        project.record("other", 0).unlink()
    ran = project.seedwise("run", "config.yaml", "runs", **sweep, **bash)
    assert ran.returncode == 0, ran.stdout
    for variant, x in (("baseline", 1), ("other", 2)):
        for seed in (0, 1):
            record = project.record(variant, seed)
            assert json.loads(record.read_text())["metrics"]["loss"] == x, "and not that of the sweep"
            seen = json.loads((record.parent / "out/variables.json").read_text())
            assert seen.keys().isdisjoint(sweep)
            assert seen["BASH_ENV"] == bash["BASH_ENV"], "a shell script of the user's may need it"
            assert seen["SHELLOPTS"] == OF_BASH["SHELLOPTS"]


def test_where_another_python_comes_first_finished_runs_are_kept_and_it_is_said_how(tmp_path):
    """As in another terminal, or with `.venv/bin/seedwise` where that environment is not active."""
    project, venv = make_program(tmp_path / "project"), tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=LIMIT)
    ran = project.seedwise("run", "config.yaml", "runs", PATH=f"{venv}/bin:/usr/bin:/bin")
    assert ran.returncode == 0, ran.stdout
    before = project.record("baseline", 0).read_bytes()
    refused = project.seedwise("run", "config.yaml", "runs")
    assert refused.returncode == 1
    remedy = "activate the environment in which they were made, name it under command: `environment: {venv: …}`, undo"
    assert f"to keep them, {remedy} the change" in refused.stdout
    assert len(refused.stdout) < 2500, "and not hundreds of packages to install, into the Python of the system perhaps"
    assert project.record("baseline", 0).read_bytes() == before
    project.edit("config.yaml", "  data:", f"  environment: {{venv: {venv}}}\n  data:")
    assert "Nothing to be done" in project.seedwise("run", "config.yaml", "runs").stdout


def test_a_folder_whose_name_is_no_text_is_refused_in_a_line(tmp_path):
    project = make_program(tmp_path / os.fsdecode(b"caf\xe9"))
    ran = project.seedwise("run", "config.yaml", "runs")
    assert ran.returncode == 1
    assert ran.stdout.startswith(f"{tmp_path}/caf")
    assert ran.stdout.count("\n") == 1
    assert "is not text in UTF-8; rename it, or start Seedwise with LC_ALL=C.UTF-8" in ran.stdout


def test_a_study_needs_neither_a_variable_nor_a_standard_stream(project):
    words = [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", "--cores", "2"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", "env", "-i", f"PYTHONPATH={ROOT}", *words],
        cwd=project.folder,
        env=project.environment(),
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0
    assert (project.results / "results.md").exists()
    for variant in ("baseline", "other"):
        record = project.record(variant, 0)
        assert json.loads(record.read_text())["provenance"]["commit"], "git is found without a PATH"
        assert "PATH" not in json.loads((record.parent / "out/variables.json").read_text())


def test_a_command_that_fails_without_standard_streams_has_its_status_and_says_it_where_it_can(project):
    for closed, said in ((">&-", "no_study.yaml"), ("<&- >&- 2>&-", "")):
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "seedwise.cli", "run", "no_study.yaml"],
            cwd=project.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
