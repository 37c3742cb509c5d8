"""Named random streams: they are independent, and runs with the same seed share all they can."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from seedwise.trainers.image_classifier.settings import ModelSettings
from seedwise.trainers.image_classifier.training.models import build_model
from seedwise.trainers.image_classifier.training.seeding import (
    STREAMS,
    initialise,
    numpy_generator,
    set_seed,
    stream_seed,
    torch_generator,
)


def build(seed, **settings):
    return build_model(ModelSettings(**settings), channels=1, classes=10, size=28, seed=seed)


def test_streams_differ_by_seed_name_and_epoch():
    seeds = {stream_seed(seed, stream, epoch) for seed in range(20) for stream in STREAMS for epoch in range(5)}
    assert len(seeds) == 20 * len(STREAMS) * 5
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_set_seed_seeds_every_global_generator():
    def draws():
        return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002

    set_seed(7)
    first = draws()
    set_seed(7)
    assert draws() == first
    set_seed(8)
    assert not set(draws()) & set(first)


def test_generators_of_a_stream_repeat():
    assert torch.equal(
        torch.rand(5, generator=torch_generator(3, "order", 1)), torch.rand(5, generator=torch_generator(3, "order", 1))
    )
    assert numpy_generator(3, "split").random() != numpy_generator(4, "split").random()


def test_same_seed_same_weights_other_seed_other_weights():
    one, same, other = build(0).state_dict(), build(0).state_dict(), build(1).state_dict()
    for name in one:
        assert torch.equal(one[name], same[name])
        assert not torch.equal(one[name], other[name])


def test_dropout_leaves_the_initial_weights_as_they_are():
    plain, dropout = build(0).state_dict(), build(0, dropout=0.2).state_dict()
    assert all(torch.equal(plain[name], dropout[name]) for name in plain)


def test_an_added_layer_leaves_the_other_layers_as_they_are():
    def net(*middle):
        layers = nn.Sequential()
        layers.add_module("first", nn.Linear(4, 4))
        for name in middle:
            layers.add_module(name, nn.Linear(4, 4))
        layers.add_module("last", nn.Linear(4, 2))
        initialise(layers, seed=5)
        return layers.state_dict()

    without, with_layer = net(), net("extra")
    assert all(torch.equal(without[name], with_layer[name]) for name in without)
    assert set(with_layer) - set(without) == {"extra.weight", "extra.bias"}


def test_initialising_does_not_move_the_global_stream():
    layer = nn.Linear(3, 3)
    set_seed(1)
    expected = torch.rand(3)
    set_seed(1)
    initialise(layer, seed=9)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("size", [28, 32])
def test_small_cnn_gives_logits_for_any_size(size):
    model = build_model(ModelSettings(), channels=3, classes=7, size=size, seed=0)
    assert model(torch.zeros(2, 3, size, size)).shape == (2, 7)
