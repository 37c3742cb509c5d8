"""The versions and the hardware that produced a run's numbers."""

from __future__ import annotations

import platform
from importlib import metadata

import torch

from seedwise.runs.cpu import cpu_model

PACKAGES = ("torch", "torchvision", "numpy", "efficientnet-lite-pytorch", "seedwise")


def versions(device: torch.device) -> dict[str, str]:
    """Return the versions of Python, of the numerical packages and, for a GPU, of CUDA and cuDNN."""
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
    """Return the model name of the training device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_model()
