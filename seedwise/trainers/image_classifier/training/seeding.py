"""Named random streams: a run's seed drives independent streams, each with its own generator.

Two variants with the same seed share every stream that both use (common random numbers), and a variant that draws
more from one stream does not shift the others. Streams that are used in every epoch are keyed by the epoch, so a
checkpoint need not save them. A stream that a study holds fixed follows the same seed in all runs.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from seedwise.trainers.image_classifier.settings import STREAMS

FIXED_SEED = 0
"""The seed of the streams that do not vary."""


@dataclass(frozen=True)
class Streams:
    """The streams of one run: those that vary follow the run's seed, the others `FIXED_SEED`."""

    seed: int
    vary: tuple[str, ...] = STREAMS

    def seed_of(self, stream: str) -> int:
        """Return the seed that a stream follows."""
        return self.seed if stream in self.vary else FIXED_SEED


def stream_seed(seed: int, stream: str, *keys: str | int) -> int:
    """Derive a 63-bit seed for a stream: SHA-256 of the run's seed, the stream's name and further keys."""
    text = "/".join(str(part) for part in (seed, stream, *keys))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def torch_generator(seed: int, stream: str, *keys: str | int) -> torch.Generator:
    """Make a CPU generator for a stream."""
    return torch.Generator().manual_seed(stream_seed(seed, stream, *keys))


def numpy_generator(seed: int, stream: str, *keys: str | int) -> np.random.Generator:
    """Make a numpy generator for a stream."""
    return np.random.default_rng(stream_seed(seed, stream, *keys))


def set_seed(seed: int) -> None:
    """Seed every global generator (Python's, numpy's, torch's on all devices), for code that uses no stream."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global state is what third-party code draws from
    torch.manual_seed(seed)


def initialise(model: nn.Module, seed: int) -> None:
    """Initialise each layer from a generator keyed by (seed, layer name).

    A layer that one variant adds or widens leaves the initial weights of all others as they are.
    """
    for name, module in model.named_modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(stream_seed(seed, "init", name))
                reset()
