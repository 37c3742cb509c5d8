"""Exponential moving average of a model's weights, which is evaluated instead of the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def average(model: nn.Module, decay: float) -> AveragedModel:
    """Return a moving average of a model's parameters and buffers; call `update_parameters(model)` after each step.

    The decay grows as min(decay, (1 + n) / (10 + n)) with the number of steps n, as TensorFlow's
    ExponentialMovingAverage does, so that the initial weights do not dominate the average of a short run.
    """
    return AveragedModel(model, multi_avg_fn=_towards(decay), use_buffers=True)


def _towards(decay: float) -> Callable[[Sequence[torch.Tensor], Sequence[torch.Tensor], torch.Tensor | int], None]:
    @torch.no_grad()
    def update(averages: Sequence[torch.Tensor], values: Sequence[torch.Tensor], steps: torch.Tensor | int) -> None:
        weight = 1.0 - min(decay, (1 + int(steps)) / (10 + int(steps)))
        for mean, value in zip(averages, values, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, weight)
            else:  # batch norm counts batches in an integer
                mean.copy_(value)

    return update
