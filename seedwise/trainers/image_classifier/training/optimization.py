"""Optimizers and learning-rate schedules by name, or your own as `package.module:function`."""

from __future__ import annotations

import inspect
from collections.abc import Callable

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
        return _light(torch.optim.AdamW)(parameters, lr=rate, weight_decay=decay, fused=True)
    fused = next(model.parameters()).is_cuda  # on a CPU it is no faster
    sgd = _light(torch.optim.SGD)(parameters, lr=rate, momentum=settings.momentum, weight_decay=decay, fused=fused)
    if fused and settings.momentum:
        # Where the fused step finds a momentum for some parameters only, as after frozen epochs, it fails.
        for parameter in model.parameters():
            sgd.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return sgd


def _light(optimizer: type[torch.optim.Optimizer]) -> Callable[..., torch.optim.Optimizer]:
    """Return an optimizer whose methods are not wrapped for torch's compiler.

    The wrappers import the compiler at their first call, which takes more than a second of each run. What is compiled
    here is the model, never its optimizer.
    """
    methods = ("add_param_group", "state_dict", "load_state_dict", "zero_grad", "step")
    plain = {name: inspect.unwrap(getattr(optimizer, name)) for name in methods}
    plain["step"] = torch.no_grad()(plain["step"])  # which a wrapper did, too
    return type(optimizer.__name__, (optimizer,), plain)


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
