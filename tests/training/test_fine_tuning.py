"""What learns, when and how fast: feature extraction, a frozen start, discriminative learning rates."""

import pytest
import torch
from torch import nn

from seedwise.tracking import Mirrors
from seedwise.trainers.image_classifier.settings import TrainingSettings
from seedwise.trainers.image_classifier.training.freezing import head_of, parameter_groups, set_trainable
from seedwise.trainers.image_classifier.training.loop import train_epoch
from seedwise.trainers.image_classifier.training.models import SmallCNN
from seedwise.trainers.image_classifier.training.run import train_run
from tests.training.conftest import QUIET


def changed(made, before):
    return {name for name, value in made.learner.model.state_dict().items() if not torch.equal(value, before[name])}


def copy(made):
    return {name: value.clone() for name, value in made.learner.model.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "head"), [("small_cnn", "head."), ("resnet18", "fc."), ("efficientnet_lite0", "_fc.")]
)
def test_with_a_trainable_head_nothing_else_changes_not_even_batch_norm_statistics(first_steps, name, head):
    if name == "efficientnet_lite0":
        pytest.importorskip(
            "efficientnet_lite_pytorch",
            reason="there is no efficientnet-lite-pytorch; requirements-efficientnet.txt has it",
        )
    changes = {"model": {"name": name, "trainable": "head"}, "n": 32, "batch_size": 16, "weight_decay": 0.1}
    made, _ = first_steps(**changes)
    before = copy(made)
    train_epoch(made.learner, made.parts.validation, streams=made.streams, epoch=1)
    assert changed(made, before) == {f"{head}weight", f"{head}bias"}


def test_after_the_frozen_epochs_everything_learns(first_steps):
    frozen = {"trainable": {"freeze_epochs": 1}}
    made, _ = first_steps(model=frozen, ema=0.9, epochs=3)
    model = made.learner.model
    assert [name for name, parameter in model.named_parameters() if parameter.requires_grad] == [
        "head.weight",
        "head.bias",
    ]
    before = copy(made)
    from seedwise.trainers.image_classifier.settings import ModelSettings

    set_trainable(model, ModelSettings(**frozen), epoch=2)
    train_epoch(made.learner, made.parts.validation, streams=made.streams, epoch=2)
    assert changed(made, before) == set(before)


def test_a_record_counts_the_parameters_that_learned(request_run):
    head = train_run(request_run("head", epochs=2, model={"trainable": "head"}), Mirrors([]), QUIET)
    everything = train_run(request_run("all", epochs=2, model={"trainable": {"freeze_epochs": 1}}), Mirrors([]), QUIET)
    assert head.sizes.parameters == 128 * 10 + 10
    assert everything.sizes.parameters > 90_000


def test_the_body_learns_at_a_fraction_of_the_heads_rate():
    model = SmallCNN(1, 10, 28)
    settings = TrainingSettings(learning_rate=0.02, learning_rate_ratio=0.1)
    body, head = parameter_groups(model, settings)
    assert (body["lr"], head["lr"]) == (pytest.approx(0.002), 0.02)
    assert {id(parameter) for parameter in head["params"]} == {id(parameter) for parameter in model.head.parameters()}
    assert len(body["params"]) + len(head["params"]) == len(list(model.parameters()))


def test_the_head_is_the_attribute_head_or_the_last_layer_with_parameters():
    assert head_of(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3), nn.ReLU())).out_features == 3
    model = SmallCNN(1, 10, 28)
    assert head_of(model) is model.head
