"""The GPUs of this machine, detected without importing torch."""

from __future__ import annotations

import functools
import os
import subprocess
from contextlib import suppress
from typing import NamedTuple


class Gpu(NamedTuple):
    """A GPU that this process may use."""

    name: str
    """Its name in CUDA_VISIBLE_DEVICES."""
    uuid: str
    """Its unique identifier on this machine."""


@functools.cache
def gpus() -> tuple[Gpu, ...]:
    """Return the NVIDIA GPUs that this process may use: those in CUDA_VISIBLE_DEVICES, else all of the driver's."""
    uuids = _driver_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple(Gpu(uuid, uuid) for uuid in uuids)
    chosen = []
    for name in (part.strip() for part in visible.split(",")):
        if name in {"", "-1", "NoDevFiles"}:
            break  # like CUDA, ignore everything after a device that does not exist
        known = name.isdigit() and int(name) < len(uuids)
        chosen.append(Gpu(name, uuids[int(name)] if known else name))
    return tuple(chosen)


def _driver_gpus() -> list[str]:
    """Return the UUIDs of the GPUs that nvidia-smi lists; empty without a driver."""
    return _query("uuid")


def _query(property_: str) -> list[str]:
    """Return a property of each GPU that nvidia-smi lists."""
    import shutil  # runs that use no GPU need none of these

    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, f"--query-gpu={property_}", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def gpu_model() -> str | None:
    """Return the model of the first GPU that nvidia-smi lists; None without a driver."""
    lines = _query("name")
    return lines[0] if lines else None


def available_cores() -> int:
    """Return how many CPU cores this process may use."""
    with suppress(AttributeError, OSError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def expected_device(device: str) -> str:
    """Return the device on which a run will train: `auto` is `cuda` where there is a GPU, else `cpu`."""
    if device != "auto":
        return device
    return "cuda" if gpus() else "cpu"
