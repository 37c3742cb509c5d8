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
from torch.optim.swa_utils import AveragedModel

from seedwise.trainers.image_classifier.settings import TrainingSettings
from seedwise.trainers.image_classifier.training.augmentation import Augmentation, Mixup
from seedwise.trainers.image_classifier.training.batches import Examples, Normalisation, training_batches
from seedwise.trainers.image_classifier.training.freezing import train_mode
from seedwise.trainers.image_classifier.training.seeding import Streams, numpy_generator, set_seed, stream_seed

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


@dataclass(frozen=True)
class Learner:
    """What one step changes, and how: model, optimizer, schedule, moving average, and what prepares a batch."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: LRScheduler
    average: AveragedModel | None
    normalise: Normalisation
    augmentations: Sequence[Augmentation]
    training: TrainingSettings
    precision: str

    @property
    def evaluated(self) -> nn.Module:
        """The model that is evaluated: the moving average where there is one."""
        return self.model if self.average is None else self.average

    def mixup(self, streams: Streams, epoch: int) -> Mixup | None:
        """Return the draws of mixup for an epoch, from the augmentation stream; None without mixup."""
        if not self.training.mixup:
            return None
        return Mixup(
            self.training.mixup, numpy_generator(streams.seed_of("augmentation"), "augmentation", epoch, "mixup")
        )

    def loss(self, images: torch.Tensor, labels: torch.Tensor, mixup: Mixup | None) -> torch.Tensor:
        """Return the mean loss of a batch of uint8 images (n, channels, height, width) with labels (n,)."""
        smoothing = self.training.label_smoothing
        with autocast(labels.device, self.precision):
            inputs = self.normalise(images)
            if mixup is None:
                return functional.cross_entropy(self.model(inputs), labels, label_smoothing=smoothing)
            share, partner = mixup.draw(len(labels))
            partner = partner.to(labels.device)
            logits = self.model(torch.lerp(inputs[partner], inputs, share))
            own = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            return share * own + (1 - share) * functional.cross_entropy(
                logits, labels[partner], label_smoothing=smoothing
            )

    def backward(self, loss: torch.Tensor) -> None:
        """Compute gradients, clipped if the settings say so."""
        loss.backward()  # type: ignore[no-untyped-call]
        if self.training.gradient_clipping is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.training.gradient_clipping)

    def step(self, loss: torch.Tensor) -> None:
        """Change the weights by one step that makes a loss smaller."""
        self.backward(loss)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)  # before the next forward pass, which then has that memory


def train_epoch(
    learner: Learner,
    examples: Examples,
    *,
    streams: Streams,
    epoch: int,
    on_batch: Callable[[int], None] = lambda _: None,
) -> float:
    """Train for one epoch; return the mean loss over its examples (NaN or infinite if it diverged)."""
    set_seed(stream_seed(streams.seed_of("dropout"), "dropout", epoch))
    train_mode(learner.model)
    mixup = learner.mixup(streams, epoch)
    losses, sizes = [], []
    batches = training_batches(examples, learner.training.batch_size, learner.augmentations, streams, epoch)
    for step, (images, labels) in enumerate(batches, start=1):
        loss = learner.loss(images, labels, mixup)
        learner.step(loss)
        learner.schedule.step()
        if learner.average is not None:
            learner.average.update_parameters(learner.model)
        losses.append(loss.detach())  # read at the end: to ask a GPU for a number is to wait for it
        sizes.append(len(labels))
        on_batch(step)
    return float(torch.stack(losses).cpu().double() @ torch.tensor(sizes, dtype=torch.float64)) / len(examples)


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
        losses.append(functional.cross_entropy(logits, labels, reduction="sum"))
        predictions.append(logits.argmax(1))
    predicted = torch.cat(predictions)
    correct = predicted == examples.labels
    return Evaluation(
        loss=float(torch.stack(losses).cpu().double().sum()) / len(examples),  # MPS has no float64
        accuracy=int(correct.sum()) / len(examples),
        predicted=predicted.cpu().numpy(),
        correct=correct.cpu().numpy(),
    )


def is_finite(*losses: float) -> bool:
    """Whether a run is still a number: a loss of NaN or infinity means that it diverged."""
    return all(math.isfinite(loss) for loss in losses)


def at_chance(accuracy: float, n: int, classes: int) -> str | None:
    """Say that an accuracy on n examples is no better than guessing; None if it is better.

    Better means more than three standard errors above 1 / classes, the accuracy of a guess.
    """
    chance = 1 / classes
    limit = chance + 3 * math.sqrt(chance * (1 - chance) / n)
    if accuracy > limit:
        return None
    return f"validation accuracy {accuracy:.4f} is at chance ({chance:.4f} + 3 standard errors is {limit:.4f})"
