"""Optimizers: lighter than torch's, with the same steps."""

from __future__ import annotations

import pytest
import torch

from seedwise.trainers.image_classifier.settings import TrainingSettings
from seedwise.trainers.image_classifier.training.optimization import build_optimizer, build_schedule

SETTINGS = {
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01},
    "sgd without momentum": {"optimizer": "sgd", "momentum": 0.0},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.01},
}


def of_torch(model, settings):
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    return torch.optim.SGD(
        model.parameters(), lr=settings.learning_rate, momentum=settings.momentum, weight_decay=settings.weight_decay
    )


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))


def train(model, optimizer, schedule, steps):
    for step in steps:
        images = torch.randn(32, 8, generator=torch.Generator().manual_seed(step))
        torch.nn.functional.cross_entropy(model(images), torch.arange(32) % 3).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
    return [parameter.detach().clone() for parameter in model.parameters()]


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_steps_are_those_of_torch(changes):
    settings, here, there = TrainingSettings(**changes), model(), model()
    own, torchs = build_optimizer(here, settings), of_torch(there, settings)
    found = train(here, own, build_schedule(own, settings, 50), range(50))
    expected = train(there, torchs, build_schedule(torchs, settings, 50), range(50))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_a_saved_state_goes_on_to_the_last_bit(changes):
    settings, whole, halves = TrainingSettings(**changes), model(), model()
    own = build_optimizer(whole, settings)
    expected = train(whole, own, build_schedule(own, settings, 20), range(20))
    first = build_optimizer(halves, settings)
    schedule = build_schedule(first, settings, 20)
    train(halves, first, schedule, range(10))
    second = build_optimizer(halves, settings)
    rest = build_schedule(second, settings, 20)
    second.load_state_dict(first.state_dict())
    rest.load_state_dict(schedule.state_dict())
    found = train(halves, second, rest, range(10, 20))
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)
