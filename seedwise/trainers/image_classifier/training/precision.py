"""The numerical precision of a run."""

from __future__ import annotations

import torch

from seedwise.runs.cpu import cpu_has_bf16


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn `auto` into bf16 where the hardware supports it, else into fp32: emulated bf16 is slower than fp32."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and cpu_has_bf16() else "fp32"
