"""The training loop: epochs of batches, an evaluation after each, plain enough to read from top to bottom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import LRScheduler

from seedwise.training.augmentation import Augmentation
from seedwise.training.batches import Examples, Normalisation, training_batches
from seedwise.training.seeding import Streams, set_seed, stream_seed

EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Evaluation:
    """Result on one set: mean loss, accuracy, and each example's predicted class and correctness (n,)."""

    loss: float
    accuracy: float
    predicted: NDArray[np.int64]
    correct: NDArray[np.bool_]


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which forward passes run: bf16 autocast, or nothing for fp32."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: LRScheduler,
    examples: Examples,
    normalise: Normalisation,
    augmentations: Sequence[Augmentation],
    *,
    batch_size: int,
    streams: Streams,
    epoch: int,
    precision: str,
    on_batch: Callable[[int], None] = lambda _: None,
) -> float:
    """Train for one epoch; return the mean loss over its examples (NaN or infinite if it diverged)."""
    device = examples.labels.device
    set_seed(stream_seed(streams.seed_of("dropout"), "dropout", epoch))
    model.train()
    total = torch.zeros((), device=device, dtype=torch.float64)
    for step, (images, labels) in enumerate(
        training_batches(examples, batch_size, augmentations, streams, epoch), start=1
    ):
        with autocast(device, precision):
            loss = functional.cross_entropy(model(normalise(images)), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        total += loss.detach().double() * len(labels)
        on_batch(step)
    return float(total) / len(examples)


@torch.inference_mode()
def evaluate(model: nn.Module, examples: Examples, normalise: Normalisation, precision: str) -> Evaluation:
    """Evaluate a model on a set, in its order."""
    device = examples.labels.device
    model.eval()
    losses, predictions = [], []
    for images, labels in zip(
        torch.split(examples.images, EVALUATION_BATCH), torch.split(examples.labels, EVALUATION_BATCH), strict=True
    ):
        with autocast(device, precision):
            logits = model(normalise(images)).float()
        losses.append(functional.cross_entropy(logits, labels, reduction="sum").double())
        predictions.append(logits.argmax(1))
    predicted = torch.cat(predictions)
    correct = predicted == examples.labels
    return Evaluation(
        loss=float(torch.stack(losses).sum()) / len(examples),
        accuracy=int(correct.sum()) / len(examples),
        predicted=predicted.cpu().numpy(),
        correct=correct.cpu().numpy(),
    )


def is_finite(*losses: float) -> bool:
    """Whether a run is still a number: a loss of NaN or infinity means that it diverged."""
    return all(math.isfinite(loss) for loss in losses)
