"""Optimizers and learning-rate schedules by name, or your own as `package.module:function`."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import lr_scheduler

from seedwise.basics.plugins import is_plugin, load_plugin
from seedwise.trainers.image_classifier.settings import TrainingSettings
from seedwise.trainers.image_classifier.training.freezing import parameter_groups


def build_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Build the optimizer that the settings name; a plugin gets (parameters, settings)."""
    parameters = parameter_groups(model, settings)
    if is_plugin(settings.optimizer):
        made: torch.optim.Optimizer = load_plugin(settings.optimizer)(parameters, settings)
        return made
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(parameters, lr=rate, momentum=settings.momentum, weight_decay=decay)


def build_schedule(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings, total_steps: int
) -> lr_scheduler.LRScheduler:
    """Build the schedule, which is stepped once per batch; a plugin gets (optimizer, settings, total_steps).

    The ratio of the parameter groups' learning rates stays constant.
    `one_cycle` is Smith & Topin 2018 with torch's defaults (30 % warm-up, cosine); momentum stays constant.
    """
    if is_plugin(settings.schedule):
        made: lr_scheduler.LRScheduler = load_plugin(settings.schedule)(optimizer, settings, total_steps)
        return made
    if settings.schedule == "one_cycle":
        return lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=total_steps,
            cycle_momentum=False,
        )
    if settings.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=total_steps)
    return lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0)
