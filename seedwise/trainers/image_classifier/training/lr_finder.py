"""Learning-rate range test (Smith 2017), as in fastai: raise the learning rate step by step and watch the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from seedwise.basics.errors import UserError
from seedwise.trainers.image_classifier.settings import RunSettings
from seedwise.trainers.image_classifier.training.batches import training_batches
from seedwise.trainers.image_classifier.training.freezing import set_trainable, train_mode
from seedwise.trainers.image_classifier.training.setup import SetUp, set_up

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
SMOOTHING = 0.98
"""Weight of the past in the moving average of the loss."""
STOP = 4.0
"""The test ends when the smoothed loss is this many times its best."""
SKIPPED = (STEPS // 10, 5)
"""Number of points at the start and at the end that suggestions ignore."""


def find_learning_rate(
    settings: RunSettings, seed: int, data: Path, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Run the range test on the set-up of a run; the trained weights are discarded.

    Returns:
        `learning_rates`, `losses` (smoothed), and `suggestions` by name (learning rates).

    Raises:
        UserError: the loss explodes too early to suggest anything.
    """
    made = set_up(settings, seed, data, say)
    set_trainable(made.learner.model, settings.model, epoch=1)
    rates, losses = _range_test(made)
    start, end = SKIPPED
    if len(rates) < start + end + 5:
        raise UserError(f"lr_finder: the loss exploded after {len(rates)} steps, at a learning rate of {rates[-1]:.2g}")
    chosen = slice(start, -end)
    found = suggestions(rates[chosen], losses[chosen])
    return {"learning_rates": rates, "losses": losses, "suggestions": found}


def suggestions(rates: ArrayLike, losses: ArrayLike) -> dict[str, float]:
    """Suggest learning rates from the smoothed losses (n,) at rising rates (n,), by fastai's names.

    `valley`: in the middle of the longest decrease. `steep`: where the loss falls fastest per decade; unlike fastai's,
    only up to the smallest loss, because a loss also falls fast after an explosion. `minimum`: a tenth of the rate with
    the smallest loss.
    """
    rate, loss = np.asarray(rates, float), np.asarray(losses, float)
    falling = slice(max(int(loss.argmin()), 1) + 1)
    slope = np.diff(loss[falling]) / np.diff(np.log(rate[falling]))
    return {
        "valley": float(rate[_valley(loss)]),
        "steep": float(rate[slope.argmin()]),
        "minimum": float(rate[loss.argmin()]) / 10,
    }


def _valley(loss: NDArray[np.float64]) -> int:
    """Index in the middle of the middle third of the longest decreasing subsequence (fastai's `valley`)."""
    n = len(loss)
    longest = np.ones(n, int)
    start = end = 0
    for i in range(1, n):
        for j in range(i):
            if loss[i] < loss[j] and longest[i] < longest[j] + 1:
                longest[i] = longest[j] + 1
            if longest[end] < longest[i]:
                end = i
                start = end - int(longest[end])
    third = (end - start) / 3
    return max(start, 0) + int(third) + int(third / 2)


def _range_test(made: SetUp) -> tuple[list[float], list[float]]:
    learner = made.learner
    ratios = [group["lr"] / learner.optimizer.param_groups[-1]["lr"] for group in learner.optimizer.param_groups]
    train_mode(learner.model)
    mixup = learner.mixup(made.streams, 1)
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    for step, (images, labels) in zip(range(STEPS), _endless(made), strict=False):
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / STEPS)
        for group, ratio in zip(learner.optimizer.param_groups, ratios, strict=True):
            group["lr"] = rate * ratio
        loss = learner.loss(images, labels, mixup)
        average = SMOOTHING * average + (1 - SMOOTHING) * float(loss.detach())
        smoothed = average / (1 - SMOOTHING ** (step + 1))
        if not math.isfinite(smoothed):
            break
        rates.append(rate)
        losses.append(smoothed)
        if smoothed > STOP * min(losses):
            break
        learner.step(loss)
    return rates, losses


def _endless(made: SetUp) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches of the training images, epoch after epoch, without end."""
    epoch = 0
    while True:
        epoch += 1
        learner = made.learner
        yield from training_batches(
            made.parts.train, learner.training.batch_size, learner.augmentations, made.streams, epoch
        )
