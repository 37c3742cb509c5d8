"""Runs share the GPUs of a machine: real processes on two fake GPUs."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.runs import hardware
from seedwise.runs.gpus import take_gpu

ROOT = Path(__file__).parents[1]
RUN = """
import os, sys, time
from seedwise.runs.gpus import take_gpu
with take_gpu(sys.argv[1], int(sys.argv[2]), lambda text: print(text, flush=True)):
    began = time.monotonic()
    print("on", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
    time.sleep(float(sys.argv[3]))
    print("span", began, time.monotonic(), flush=True)
"""


@pytest.fixture
def machine(tmp_path) -> dict[str, str]:
    """The environment of a machine on which nvidia-smi lists two GPUs."""
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho GPU-a\necho GPU-b\n")
    tool.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CUDA_", "SLURM_", "SEEDWISE_"))}
    return kept | {
        "PATH": f"{tool.parent}:{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SEEDWISE_GPU_LOCKS": str(tmp_path / "locks"),
    }


def start(environment: dict[str, str], device: str = "cuda", slots: int = 1, seconds: float = 0.2) -> subprocess.Popen:
    command = [sys.executable, "-c", RUN, device, str(slots), str(seconds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> tuple[str, float, float]:
    """Return the GPU of a run, and the times at which the run took and released it."""
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    lines = printed.splitlines()
    gpu = next(line.removeprefix("on ") for line in lines if line.startswith("on "))
    _, began, ended = lines[-1].split()
    return gpu, float(began), float(ended)


def most_at_once(spans: list[tuple[float, float]]) -> int:
    events = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    return max(itertools.accumulate(change for _, change in events))


@pytest.mark.parametrize("slots", [1, 2])
def test_runs_spread_over_the_gpus_and_never_exceed_the_slots_of_one(machine, slots):
    runs = [finish(process) for process in [start(machine, slots=slots) for _ in range(8)]]
    spans = {gpu: [run[1:] for run in runs if run[0] == gpu] for gpu in ("GPU-a", "GPU-b")}
    assert sum(map(len, spans.values())) == 8
    assert {gpu: most_at_once(found) for gpu, found in spans.items()} == {"GPU-a": slots, "GPU-b": slots}


def test_a_killed_run_frees_its_gpu_at_once(machine):
    holders = [start(machine, seconds=60) for _ in range(2)]
    taken = [[process.stdout.readline() for _ in range(2)][1].split()[1] for process in holders]
    assert sorted(taken) == ["GPU-a", "GPU-b"]
    waiting = start(machine, seconds=0)
    try:
        assert waiting.stdout.readline() == "every GPU is taken (2 GPUs, gpu_slots 1); waiting for one\n"
        holders[0].send_signal(signal.SIGKILL)
        assert finish(waiting)[0] == taken[0]
        assert holders[1].poll() is None  # it did not wait for the other GPU
    finally:
        for process in [*holders, waiting]:
            process.kill()
            process.communicate(timeout=60)


def test_only_gpus_named_in_the_environment_are_used_and_share_locks_with_their_uuids(machine):
    holder = start(machine | {"CUDA_VISIBLE_DEVICES": "1"}, seconds=60)
    try:
        assert holder.stdout.readline() == "training on GPU 1\n"
        assert {finish(start(machine, seconds=0))[0] for _ in range(2)} == {"GPU-a"}  # GPU-b is number 1
    finally:
        holder.kill()
        holder.communicate(timeout=60)


def test_a_gpu_that_slurm_gave_to_a_job_is_used_even_if_another_job_uses_it(machine):
    jobs = [machine | {"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": job} for job in ("7", "8")]
    holder = start(jobs[0], seconds=60)
    try:
        assert holder.stdout.readline() == "training on GPU 0\n"
        assert finish(start(jobs[1], seconds=0))[0] == "0"
    finally:
        holder.kill()
        holder.communicate(timeout=60)


def test_cuda_without_a_gpu_is_a_user_error_and_auto_is_the_cpu(machine):
    hidden = machine | {"CUDA_VISIBLE_DEVICES": ""}
    assert finish(start(hidden, device="auto", seconds=0))[0] == ""
    _, errors = (process := start(hidden)).communicate(timeout=60)
    assert process.returncode == 1
    assert 'NoGpuError: training.device: found "cuda", but this machine shows no NVIDIA GPU' in errors


def test_the_environment_is_restored_when_the_run_ends(machine, monkeypatch):
    for name in ("PATH", "SEEDWISE_GPU_LOCKS"):
        monkeypatch.setenv(name, machine[name])
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    hardware.gpus.cache_clear()
    try:
        with take_gpu("cuda", say=lambda _: None):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-a"
        assert "CUDA_VISIBLE_DEVICES" not in os.environ
    finally:
        hardware.gpus.cache_clear()
