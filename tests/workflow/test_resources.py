"""What jobs may use: declared by rule, changed without training anew, and GPUs that runs share."""

import json
import re
import time
from pathlib import Path

import pytest

from seedwise.config.resources import Resources
from tests.workflow.programs import make_program

pytestmark = pytest.mark.slow
RESOURCES = "resources: {train_run: {threads: 2}}\n"


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """A machine whose nvidia-smi lists two GPUs; torch still trains on the CPU."""
    names = [f"GPU-{tmp_path.name}-{time.monotonic_ns()}-{letter}" for letter in "ab"]
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n" + "".join(f"echo {name}\n" for name in names))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield names
    for name in names:
        for lock in (Path("/tmp") / "seedwise-gpus").glob(f"{name}.*"):
            lock.unlink()


def test_runs_queue_for_the_gpus_of_the_machine_without_being_told(fresh, two_gpus):
    # Not as a fork, which has imported torch.
    printed = fresh.type("--cores", "4", "--resources", "mem_mb=64000", "-p", "--", "runs").stdout  # in place of gpu=1
    assert re.search(r"Provided resources: .*gpu=.*2", printed)
    logs = [path.read_text().splitlines()[0] for path in fresh.results.glob("logs/train_run/*/*.log")]
    assert len(logs) == 4
    assert {line.removeprefix("training on GPU ") for line in logs} == set(two_gpus)


def test_cuda_without_a_gpu_is_told_before_anything_runs(fresh, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    fresh.edit("config.yaml", "precision: fp32", "precision: fp32, device: cuda")
    answer = fresh.attempt()
    assert answer.returncode != 0
    assert answer.stdout.count('training.device: found "cuda", but this machine shows no NVIDIA GPU') == 1
    assert "Traceback" not in answer.stdout
    assert "localrule" not in answer.stdout
    assert fresh.attempt("--dry-run").returncode == 0


def test_other_resources_train_and_render_nothing_anew(project):
    with project.config.open("a") as config:
        config.write("resources: {train_run: {mem_mb: 9000, gpu_slots: 3}, analyse_study: {runtime: 5}}\n")
    assert project.planned() == {}


def test_grouped_runs_are_planned_without_warnings(fresh):
    printed = fresh.type(
        "--dry-run", "--groups", "train_run=runs", "--default-resources", "mem_mb=2*input.size_mb"
    ).stdout
    assert "train_run      4" in printed
    assert "Warning" not in printed


def test_config_and_command_line_say_what_a_run_may_use(project):
    project.record("dropout", 1).unlink()
    with project.config.open("a") as config:
        config.write("resources: {train_run: {runtime: 77, gpu_model: a100}}\n")
    printed = project.run("--dry-run", "-p", "--set-resources", "train_run:mem_mb=123")
    run = printed.split("rule train_run:")[1].split("\nrule ")[0]
    assert all(part in run for part in ("runtime=77", "mem_mb=123", "gpu_model=a100", "gpu_slots=1"))


def test_runs_can_be_planned_in_parts(fresh):
    planned = fresh.planned("runs", "--batch", "runs=1/2")  # Snakemake plans 2/2 only after 1/2 is done
    assert planned["train_run"] == 2
    assert "collect_runs" not in planned


def test_memory_and_time_grow_with_each_attempt():
    resources = Resources.model_validate({"train_run": {"mem_mb": 1000}})
    assert [resources.limits("train_run", attempt) for attempt in (1, 2, 3)] == [(1000, 120), (2000, 240), (3000, 360)]


def test_a_program_gets_a_gpu_of_its_own_and_as_many_threads_as_it_asks_for(tmp_path, two_gpus):
    project = make_program(tmp_path / "program")
    text = project.config.read_text().replace("{rate: 0.05", "{report: 1, rate: 0.05")
    project.config.write_text(text.replace("--seed", "--report {report} --seed") + RESOURCES)
    (project.folder / "train.py").write_text(
        "import os, seedwise, time\ntime.sleep(0.5)\n"
        "gpu, threads = ord(os.environ['CUDA_VISIBLE_DEVICES'][-1]), int(os.environ['OMP_NUM_THREADS'])\n"
        "seedwise.result(loss=1, gpu=gpu, threads=threads)\n"
    )
    assert project.type("--cores", "4", "--resources", "mem_mb=64000", "--", "runs").returncode == 0
    records = [json.loads(path.read_text()) for path in project.results.glob("runs/*/*/metrics.json")]
    assert {record["metrics"]["gpu"] for record in records} == {ord("a"), ord("b")}
    assert {record["metrics"]["threads"] for record in records} == {2}
    assert {record["provenance"]["device"] for record in records} == {"cuda"}
    project.edit("config.yaml", "threads: 2", "threads: 2, gpu: 0")
    assert project.planned("--", "runs") == {}, "what a run may use is not what it computes"
