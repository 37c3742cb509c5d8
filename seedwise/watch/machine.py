"""How busy this machine is, as far as that is known without waiting."""

from __future__ import annotations

import os
from pathlib import Path

from seedwise.basics.words import quantity
from seedwise.runs.hardware import available_cores

_GIB = 1024**2  # in the KiB of /proc/meminfo


def machine_load() -> str | None:
    """Return the load and the memory in use: `load 1.9 on 2 cores, 3.1 of 7.8 GiB of memory in use`."""
    try:
        load = os.getloadavg()[0]
    except OSError:
        return None
    parts = [f"load {load:.1f} on {quantity(available_cores(), 'core')}"]
    if memory := _memory():
        parts.append(f"{memory[0] / _GIB:.1f} of {memory[1] / _GIB:.1f} GiB of memory in use")
    return ", ".join(parts)


def _memory() -> tuple[int, int] | None:
    """Return the KiB in use and in total; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = {key: int(value.split()[0]) for key, _, value in (line.partition(":") for line in lines)}
        return found["MemTotal"] - found["MemAvailable"], found["MemTotal"]
    except (OSError, ValueError, KeyError, IndexError):
        return None
