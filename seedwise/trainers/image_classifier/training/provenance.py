"""What produced a run's numbers: commit, versions, hardware."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path

import torch

from seedwise.runs.hardware import cpu_has_bf16, cpu_model

PACKAGES = ("torch", "torchvision", "numpy", "efficientnet-lite-pytorch", "seedwise")


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """Return (commit, dirty) of the repository that holds `folder`; results do not count. (None, None) outside one."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results")
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit, bool(changes)


def versions(device: torch.device) -> dict[str, str]:
    """Return versions of Python, of the packages that compute and, for a GPU, of CUDA and cuDNN."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if device.type == "cuda":
        found |= {"cuda": str(torch.version.cuda), "cudnn": str(torch.backends.cudnn.version())}  # type: ignore[no-untyped-call]
    return found


def hardware(device: torch.device) -> str:
    """Return the model of the device that trains."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_model()


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn `auto` into bf16 where the hardware computes it, else fp32: emulated bf16 is slower than fp32."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and cpu_has_bf16() else "fp32"


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
