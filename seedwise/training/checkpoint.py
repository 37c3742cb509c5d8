"""Checkpoints: everything a killed run needs to go on from its last epoch to the same result, to the last digit."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from seedwise.errors import UserError
from seedwise.files import atomic_write


class CheckpointError(UserError):
    """A checkpoint is there but cannot be used; going on silently could give a different result."""


@dataclass
class Progress:
    """Where a run stands: completed epochs, their history, and the seconds they took."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


def save(
    path: Path, progress: Progress, model: nn.Module, optimizer: torch.optim.Optimizer, schedule: LRScheduler
) -> None:
    """Write a checkpoint atomically. Random streams need no saving: they are keyed by the epoch."""
    state = {
        "progress": {"epoch": progress.epoch, "history": progress.history, "seconds": progress.seconds},
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
    }
    with atomic_write(path) as stream:
        torch.save(state, stream)


def restore(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, schedule: LRScheduler, device: torch.device
) -> Progress:
    """Load a checkpoint into its places; without one, start from the beginning.

    Raises:
        CheckpointError: there is one, but it cannot be used.
    """
    if not path.is_file():
        return Progress()
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        return Progress(**state["progress"])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path}: cannot resume from this checkpoint ({error}); delete it and run again"
        ) from error
