"""Runs share the GPUs of a machine: real processes on two fake GPUs."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.runs import hardware
from seedwise.runs.gpus import take_gpu

ROOT = Path(__file__).parents[2]
RUN = """
import os, sys
from seedwise.runs.gpus import take_gpu
with take_gpu(sys.argv[1], int(sys.argv[2]), lambda text: print(text, flush=True)):
    sys.stdin.read()  # until the test closes it
    print("on", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
"""
TAKEN = "every GPU is taken (2 GPUs, gpu_slots {slots}); waiting for one\n"


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


@pytest.fixture
def start(machine):
    """Return a function that starts a run, which keeps its GPU until `finish`, or until the test ends."""
    started = []

    def start(slots: int = 1, device: str = "cuda", **more: str) -> subprocess.Popen:
        command = [sys.executable, "-c", RUN, device, str(slots)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started.append(subprocess.Popen(command, env=machine | more, text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=60)


def finish(process: subprocess.Popen) -> str:
    """Let a run end; return the GPU that it had."""
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return next(line.removeprefix("on ") for line in printed.splitlines() if line.startswith("on "))


def ready(runs: list[subprocess.Popen], seconds: float) -> list[subprocess.Popen]:
    """The runs that have something to say."""
    found = select.select([run.stdout for run in runs], [], [], seconds)[0]
    return [run for run in runs if run.stdout in found]


@pytest.mark.parametrize("slots", [1, 2])
def test_runs_spread_over_the_gpus_and_never_exceed_the_slots_of_one(start, slots):
    runs = [start(slots) for _ in range(2 * slots + 2)]
    said = {run: run.stdout.readline() for run in runs}
    on_a, on_b = ([run for run in runs if said[run] == f"training on GPU GPU-{name}\n"] for name in "ab")
    waiting = [run for run in runs if said[run] == TAKEN.format(slots=slots)]
    assert [len(on_a), len(on_b), len(waiting)] == [slots, slots, 2]
    for gpu, holder in (("GPU-b", on_b[0]), ("GPU-a", on_a[0])):
        assert ready(waiting, 0) == []
        assert finish(holder) == gpu
        (next_run,) = ready(waiting, 60)
        assert next_run.stdout.readline() == f"training on GPU {gpu}\n"
        waiting.remove(next_run)


def test_a_killed_run_frees_its_gpu_at_once(start):
    holders = [start() for _ in range(2)]
    taken = [process.stdout.readline().split()[-1] for process in holders]
    assert sorted(taken) == ["GPU-a", "GPU-b"]
    waiting = start()
    assert waiting.stdout.readline() == TAKEN.format(slots=1)
    holders[0].send_signal(signal.SIGKILL)
    assert finish(waiting) == taken[0]
    assert holders[1].poll() is None  # it did not wait for the other GPU


def test_only_gpus_named_in_the_environment_are_used_and_share_locks_with_their_uuids(start):
    holder = start(CUDA_VISIBLE_DEVICES="1")
    assert holder.stdout.readline() == "training on GPU 1\n"
    assert {finish(start()) for _ in range(2)} == {"GPU-a"}  # GPU-b is number 1


def test_a_gpu_that_slurm_gave_to_a_job_is_used_even_if_another_job_uses_it(start):
    holder = start(CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="7")
    assert holder.stdout.readline() == "training on GPU 0\n"
    assert finish(start(CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="8")) == "0"


def test_cuda_without_a_gpu_is_a_user_error_and_auto_is_the_cpu(start):
    assert finish(start(device="auto", CUDA_VISIBLE_DEVICES="")) == ""
    _, errors = (process := start(CUDA_VISIBLE_DEVICES="")).communicate(timeout=60)
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
