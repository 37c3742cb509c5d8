"""The processor of this machine: its name, and whether it supports bfloat16."""

from __future__ import annotations

import functools
import platform
from pathlib import Path


@functools.cache
def _cpu_info() -> dict[str, str]:
    """Return the entries of the first processor in /proc/cpuinfo; empty where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    first = text.split("\n\n", 1)[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def cpu_model() -> str:
    """Return the name of the processor, for example 'AMD EPYC'."""
    return _cpu_info().get("model name") or platform.processor() or platform.machine()


def cpu_has_bf16() -> bool:
    """Whether the processor supports bfloat16 in hardware; without it, bf16 is slower than fp32."""
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(_cpu_info().get("flags", "").split()))
