"""Checkpoints: everything a killed run needs to resume after its last epoch and reach the same result, bit for bit."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from seedwise.basics.errors import UserError
from seedwise.basics.files import atomic_write


class CheckpointError(UserError):
    """A checkpoint exists but cannot be used; starting over silently could give a different result."""


@dataclass
class Progress:
    """The progress of a run: completed epochs, their history, and the seconds they took."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


class Stateful(Protocol):
    """Anything whose state is a dictionary of tensors and plain values."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Load a state."""


def save(path: Path, progress: Progress, parts: Mapping[str, Stateful]) -> None:
    """Write a checkpoint atomically. Random streams need not be saved because they are keyed by the epoch."""
    state = {"progress": dataclasses.asdict(progress), **{name: part.state_dict() for name, part in parts.items()}}
    with atomic_write(path) as stream:
        torch.save(state, stream)


def restore(path: Path, parts: Mapping[str, Stateful], device: torch.device) -> Progress:
    """Load a checkpoint into `parts` and return its progress; without a checkpoint, return that of a new run.

    Raises:
        CheckpointError: there is a checkpoint, but it cannot be used.
    """
    if not path.is_file():
        return Progress()
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return Progress(**state["progress"])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"{path}: cannot resume from this checkpoint ({error}); delete it and run again"
        ) from error
