"""Exponential moving average of a model's weights, which is evaluated in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def average(model: nn.Module, decay: float) -> AveragedModel:
    """Start an average of a model's parameters and buffers; `update_parameters(model)` after each step adds to it.

    The decay grows as min(decay, (1 + n) / (10 + n)) with the number of steps n, as TensorFlow's
    ExponentialMovingAverage does, so that a short run does not average over its first weights.
    """
    return AveragedModel(model, multi_avg_fn=_towards(decay), use_buffers=True)


def _towards(decay: float) -> Callable[[Sequence[torch.Tensor], Sequence[torch.Tensor], torch.Tensor | int], None]:
    @torch.no_grad()
    def update(averages: Sequence[torch.Tensor], values: Sequence[torch.Tensor], steps: torch.Tensor | int) -> None:
        weight = 1.0 - min(decay, (1 + int(steps)) / (10 + int(steps)))
        for mean, value in zip(averages, values, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, weight)
            else:  # a batch norm's count of batches
                mean.copy_(value)

    return update
