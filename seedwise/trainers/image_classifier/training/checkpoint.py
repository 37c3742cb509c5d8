"""Checkpoints: everything a killed run needs to go on from its last epoch to the same result, to the last digit."""

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
    """A checkpoint is there but cannot be used; going on silently could give a different result."""


@dataclass
class Progress:
    """Where a run stands: completed epochs, their history, and the seconds they took."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


class Stateful(Protocol):
    """Anything whose state is a dictionary of tensors and plain values."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Take over a state."""


def save(path: Path, progress: Progress, parts: Mapping[str, Stateful]) -> None:
    """Write a checkpoint atomically. Random streams need no saving: they are keyed by the epoch."""
    state = {"progress": dataclasses.asdict(progress), **{name: part.state_dict() for name, part in parts.items()}}
    with atomic_write(path) as stream:
        torch.save(state, stream)


def restore(path: Path, parts: Mapping[str, Stateful], device: torch.device) -> Progress:
    """Load a checkpoint into its places; without one, start from the beginning.

    Raises:
        CheckpointError: there is one, but it cannot be used.
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
