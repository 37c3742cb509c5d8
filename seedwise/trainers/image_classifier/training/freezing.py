"""Which part of a model learns, when, and how fast: feature extraction, fine-tuning, discriminative learning rates."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from seedwise.trainers.image_classifier.freeze_epochs import FreezeEpochs
from seedwise.trainers.image_classifier.settings import ModelSettings, TrainingSettings


def head_of(model: nn.Module) -> nn.Module:
    """Return the head of a model: its attribute `head` if it has one, else its last layer with parameters."""
    head = getattr(model, "head", None)
    if isinstance(head, nn.Module):
        return head
    return [module for module in model.modules() if list(module.parameters(recurse=False))][-1]


def parameter_groups(model: nn.Module, settings: TrainingSettings) -> list[nn.Parameter] | list[dict[str, Any]]:
    """Return the parameters for an optimizer; with a learning-rate ratio, the body and the head as two groups.

    The body learns at `learning_rate_ratio` times the rate of the head (discriminative fine-tuning, Howard & Ruder
    2018, with two groups).
    """
    if settings.learning_rate_ratio == 1.0:
        return list(model.parameters())
    head = list(head_of(model).parameters())
    known = {id(parameter) for parameter in head}
    body = [parameter for parameter in model.parameters() if id(parameter) not in known]
    rate = settings.learning_rate
    return [{"params": body, "lr": rate * settings.learning_rate_ratio}, {"params": head, "lr": rate}]


def set_trainable(model: nn.Module, settings: ModelSettings, epoch: int) -> None:
    """Freeze or unfreeze the body of a model for an epoch, counted from 1."""
    frozen = settings.trainable == "head"
    if isinstance(settings.trainable, FreezeEpochs):
        frozen = epoch <= settings.trainable.freeze_epochs
    for parameter in model.parameters():
        parameter.requires_grad_(not frozen)
    for parameter in head_of(model).parameters():
        parameter.requires_grad_(True)


def train_mode(model: nn.Module) -> None:
    """Put a model into training mode; a frozen batch norm keeps its statistics, and uses them."""
    model.train()
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.affine and not module.weight.requires_grad:
            module.eval()
