"""The GPUs and CPU cores of this machine, detected without importing torch."""

from __future__ import annotations

import functools
import math
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

DEVICES = Path("/dev")


class Gpu(NamedTuple):
    """A GPU that this process may use."""

    name: str
    """Its name in CUDA_VISIBLE_DEVICES."""
    uuid: str
    """Its unique identifier on this machine."""


@functools.cache
def gpus() -> tuple[Gpu, ...]:
    """Return the NVIDIA GPUs that this process may use: those in CUDA_VISIBLE_DEVICES, else all of the driver's.

    Where there is no driver, the variable means nothing; many set it in their shell, on every machine.
    """
    uuids = _driver_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not (uuids or _has_driver()):
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


def _has_driver() -> bool:
    """Whether there is a driver of GPUs, even without nvidia-smi: NVIDIA's, that of WSL, or AMD's."""
    with suppress(OSError):
        return any(device.name.startswith(("nvidia", "nvhost", "nvgpu", "dxg", "kfd")) for device in DEVICES.iterdir())
    return False


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
    """Return how many CPU cores this process may use: those it may run on, or its container's share if that is less."""
    cores = os.cpu_count() or 1
    with suppress(AttributeError, OSError):
        cores = len(os.sched_getaffinity(0))
    share = _cpu_share()
    return cores if share is None else max(1, min(cores, math.floor(share)))


def _cpu_share(proc: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the number of cores that the control groups of this process allow; None if they set no limit."""
    try:
        lines = [line.split(":", 2) for line in proc.read_text(encoding="utf-8").splitlines()]
    except OSError:  # not Linux
        return None
    shares = []
    for _, controllers, path in (parts for parts in lines if len(parts) == 3):
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Inside a container, its own group is mounted as the root, whatever its path is outside.
        root = mounted / controllers if controllers else mounted
        inner = root / path.strip("/")
        groups = {folder for folder in (root, inner, *inner.parents) if folder.is_relative_to(root)}
        shares += [share for share in map(_share_of, groups) if share is not None]
    return min(shares, default=None)


def _share_of(group: Path) -> float | None:
    """Return the limit of one control group, of version 2 (`cpu.max`) or 1, in cores."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text(encoding="utf-8") for name in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # there is none, or it is "max"
        return None


def expected_device(device: str) -> str:
    """Return the device on which a run will train: `auto` is `cuda` where there is a GPU, else `cpu`."""
    if device != "auto":
        return device
    return "cuda" if gpus() else "cpu"
