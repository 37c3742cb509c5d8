"""What the machine is, found out without importing torch."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple


@functools.cache
def _cpu_info() -> dict[str, str]:
    """Key and value of the first processor in /proc/cpuinfo; empty where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    first = text.split("\n\n", 1)[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def cpu_model() -> str:
    """Name of the processor, for example 'AMD EPYC'."""
    return _cpu_info().get("model name") or platform.processor() or platform.machine()


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware (elsewhere bf16 is slower than fp32)."""
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(_cpu_info().get("flags", "").split()))


class Gpu(NamedTuple):
    """A GPU that this process may use."""

    name: str
    """What CUDA_VISIBLE_DEVICES calls it."""
    uuid: str
    """What tells it from any other GPU of the machine."""


@functools.cache
def gpus() -> tuple[Gpu, ...]:
    """The NVIDIA GPUs that this process may use: those of CUDA_VISIBLE_DEVICES, else all that the driver reports."""
    uuids = _driver_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple(Gpu(uuid, uuid) for uuid in uuids)
    chosen = []
    for name in (part.strip() for part in visible.split(",")):
        if name in {"", "-1", "NoDevFiles"}:
            break  # CUDA, too, ignores what follows a device that does not exist
        known = name.isdigit() and int(name) < len(uuids)
        chosen.append(Gpu(name, uuids[int(name)] if known else name))
    return tuple(chosen)


def _driver_gpus() -> list[str]:
    """UUIDs of the GPUs that nvidia-smi lists; empty without a driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def resolve_device(device: str) -> str:
    """Turn `auto` into `cuda` where there is a GPU, into `cpu` elsewhere; keep anything else."""
    if device != "auto":
        return device
    return "cuda" if gpus() else "cpu"
