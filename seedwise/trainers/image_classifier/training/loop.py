"""The training loop: one epoch of training, and an evaluation. It can be read from top to bottom."""

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
"""Images that are evaluated at once."""
EVALUATION_BATCH_ON_CPU = 100
"""On a CPU, which is up to 1.5 times as fast if what the layers compute stays in its cache."""


@dataclass(frozen=True)
class Evaluation:
    """Results on one set: mean loss, accuracy, and per example the predicted class and whether it is correct."""

    loss: float
    accuracy: float
    predicted: NDArray[np.int64]
    correct: NDArray[np.bool_]


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context of forward passes: bf16 autocast, or no autocast for fp32."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@dataclass(frozen=True)
class Learner:
    """Everything that a training step uses: model, optimizer, schedule, moving average and preprocessing."""

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
        """The model to evaluate: the moving average if there is one."""
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
        """Take one optimizer step to reduce a loss."""
        self.backward(loss)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)  # frees memory before the next forward pass


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
        losses.append(loss.detach())  # read at the end, because reading a number from a GPU waits for it
        sizes.append(len(labels))
        on_batch(step)
    return float(torch.stack(losses).cpu().double() @ torch.tensor(sizes, dtype=torch.float64)) / len(examples)


@torch.inference_mode()
def evaluate(model: nn.Module, examples: Examples, normalise: Normalisation, precision: str) -> Evaluation:
    """Evaluate a model on all examples of a set, in order."""
    device = examples.labels.device
    model.eval()
    losses, predictions = [], []
    size = EVALUATION_BATCH_ON_CPU if device.type == "cpu" else EVALUATION_BATCH
    for images, labels in zip(torch.split(examples.images, size), torch.split(examples.labels, size), strict=True):
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
    """Whether all losses are finite; a loss of NaN or infinity means that the run diverged."""
    return all(math.isfinite(loss) for loss in losses)


def at_chance(accuracy: float, n: int, chance: float) -> str | None:
    """Return why an accuracy on n examples counts as no better than guessing; None if it does not.

    Better means more than three standard errors above `chance`, the accuracy of a guess. A chance of 0 switches this
    off. So does an n at which not even a perfect accuracy would be better, because then accuracy shows nothing.
    """
    limit = chance + 3 * math.sqrt(chance * (1 - chance) / n)
    if chance == 0 or limit >= 1 or accuracy > limit:
        return None
    return (
        f"validation accuracy {accuracy:.4f} is no better than chance ({chance:.4f} plus 3 standard errors is "
        f"{limit:.4f})"
    )
