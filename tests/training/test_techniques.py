"""Techniques as settings: each does what its paper says, draws from its own stream, and works in a run."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from seedwise.tracking import Mirrors
from seedwise.trainers.image_classifier.settings import OPTIMIZERS, SCHEDULES
from seedwise.trainers.image_classifier.training.augmentation import Mixup, random_crop, random_erasing
from seedwise.trainers.image_classifier.training.batches import Examples, training_batches
from seedwise.trainers.image_classifier.training.run import train_run
from seedwise.trainers.image_classifier.training.seeding import Streams, numpy_generator, torch_generator
from tests.training.conftest import QUIET


def weights(made):
    return torch.cat([parameter.detach().flatten() for parameter in made.learner.model.parameters()])


@pytest.mark.parametrize(
    "technique",
    [
        {"label_smoothing": 0.1},
        {"mixup": 0.4},
        {"gradient_clipping": 0.05},
        {"weight_decay": 0.1},
        {"augmentation": ["random_crop"]},
        {"augmentation": ["random_horizontal_flip"]},
        {"augmentation": ["random_erasing"]},
        {"optimizer": "adamw", "learning_rate": 0.001},
        {"momentum": 0.0},
        {"schedule": "cosine"},
        {"schedule": "constant"},
        {"learning_rate_ratio": 0.1},
        {"model": {"dropout": 0.5}},
    ],
    ids=str,
)
def test_each_technique_changes_what_is_learned_and_repeats(first_steps, technique):
    plain, _ = first_steps(batch_size=16)
    made, loss = first_steps(batch_size=16, **technique)
    again, same_loss = first_steps(batch_size=16, **technique)
    assert math.isfinite(loss)
    assert not torch.equal(weights(plain), weights(made))
    assert torch.equal(weights(made), weights(again))
    assert loss == same_loss


def test_label_smoothing_spreads_a_fraction_of_the_label(first_steps):
    made, _ = first_steps(n=8, label_smoothing=0.3)
    images, labels = made.parts.train.images[:8], made.parts.train.labels[:8]
    learner = made.learner
    logits = learner.model(learner.normalise(images))
    target = 0.7 * functional.one_hot(labels, 10) + 0.03
    expected = -(target * logits.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(learner.loss(images, labels, None), expected)


def test_label_smoothing_does_not_change_how_runs_are_evaluated(request_run):
    request = request_run(label_smoothing=0.5, epochs=1)
    metrics = train_run(request, Mirrors([]), QUIET).metrics
    assert metrics["train_loss"] != metrics["validation_loss"]
    with np.load(request.folder / "predictions.npz") as archive:
        assert archive["correct"].mean() == metrics["test_accuracy"]


def test_gradients_are_clipped_to_the_norm(first_steps):
    made, _ = first_steps(gradient_clipping=0.01)
    learner = made.learner
    learner.backward(learner.loss(made.parts.train.images[:16], made.parts.train.labels[:16], None))
    norm = torch.cat([parameter.grad.flatten() for parameter in learner.model.parameters()]).norm()
    assert float(norm) == pytest.approx(0.01, rel=1e-3)


def test_mixup_blends_images_and_labels(first_steps):
    made, _ = first_steps(n=16, mixup=1.0)
    learner, images, labels = made.learner, made.parts.train.images[:16], made.parts.train.labels[:16]
    share, partner = learner.mixup(made.streams, 1).draw(16)
    inputs = learner.normalise(images)
    logits = learner.model(share * inputs + (1 - share) * inputs[partner])
    target = share * functional.one_hot(labels, 10) + (1 - share) * functional.one_hot(labels[partner], 10)
    expected = -(target * logits.log_softmax(1)).sum(1).mean()
    found = learner.loss(images, labels, learner.mixup(made.streams, 1))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_mixup_ratios_follow_the_beta_distribution():
    mixup = Mixup(0.4, numpy_generator(0, "augmentation"))
    draws = [mixup.draw(10) for _ in range(2000)]
    shares = np.array([share for share, _ in draws])
    assert abs(shares.mean() - 0.5) < 0.03
    assert abs(shares.var() - 0.25 / 1.8) < 0.01
    assert all(sorted(partner.tolist()) == list(range(10)) for _, partner in draws)


def test_the_moving_average_is_evaluated_and_lags_behind_the_weights(first_steps):
    plain, _ = first_steps(batch_size=16)
    made, _ = first_steps(batch_size=16, ema=0.9)
    learner = made.learner
    assert torch.equal(weights(plain), weights(made))  # it changes what is evaluated, not what is learned
    assert learner.evaluated is learner.average
    averaged = torch.cat([parameter.flatten() for parameter in learner.average.module.parameters()])
    assert not torch.equal(averaged, weights(made))
    assert int(learner.average.n_averaged) == 4


def test_the_moving_average_follows_its_formula():
    from torch import nn

    from seedwise.trainers.image_classifier.training.ema import average

    layer = nn.Linear(1, 1, bias=False)
    mean = average(layer, 0.3)
    expected = None
    for step, value in enumerate([1.0, 5.0, -2.0, 7.0]):
        with torch.no_grad():
            layer.weight.fill_(value)
        mean.update_parameters(layer)
        decay = min(0.3, (1 + step) / (10 + step))
        expected = value if expected is None else decay * expected + (1 - decay) * value
    assert float(mean.module.weight.detach()) == pytest.approx(expected)


def test_a_moving_average_of_a_resnet_averages_batch_norms_too(first_steps):
    made, _ = first_steps(n=32, batch_size=16, ema=0.5, model={"name": "resnet18"})
    model, mean = made.learner.model, made.learner.average.module
    assert int(mean.bn1.num_batches_tracked) == int(model.bn1.num_batches_tracked) == 2
    assert not torch.equal(mean.bn1.running_mean, model.bn1.running_mean)


def pixels(n=600, size=20):
    return torch.full((n, 1, size, size), 9, dtype=torch.uint8)


def test_erasing_blackens_one_rectangle_in_half_of_the_images():
    erased = random_erasing(pixels(), torch_generator(0, "augmentation"))[:, 0] == 0
    touched = erased.flatten(1).any(1)
    assert 250 < int(touched.sum()) < 350
    for image in erased[touched]:
        rows, columns = image.any(1).nonzero(), image.any(0).nonzero()
        tall, wide = int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
        assert int(image.sum()) == tall * wide  # one full rectangle
        assert 0.01 < tall * wide / 400 < 0.36
    places = erased[touched].float().mean(0)
    assert float(places.min()) > 0  # every pixel can be erased


def test_an_added_augmentation_leaves_the_draws_of_the_others_as_they_are():
    examples = Examples(torch.randint(1, 256, (40, 1, 12, 12)).to(torch.uint8), torch.zeros(40, dtype=torch.int64))
    alone = list(training_batches(examples, 8, [random_crop], Streams(3), 1))
    both = list(training_batches(examples, 8, [random_crop, random_erasing], Streams(3), 1))
    for (cropped, _), (erased, _) in zip(alone, both, strict=True):
        assert torch.equal(erased, torch.where(erased == 0, erased, cropped))
    assert any(not torch.equal(cropped, erased) for (cropped, _), (erased, _) in zip(alone, both, strict=True))


@pytest.mark.parametrize("technique", [{"mixup": 0.4}, {"augmentation": ["random_erasing"]}], ids=["mixup", "erasing"])
def test_mixup_and_erasing_follow_the_augmentation_stream(first_steps, technique):
    fixed = {"vary": ["augmentation"], "batch_size": 16, **technique}
    (one, _), (two, _) = (first_steps(seed=seed, **fixed) for seed in (1, 2))
    assert not torch.equal(weights(one), weights(two))
    fixed["vary"] = ["dropout"]
    (one, _), (two, _) = (first_steps(seed=seed, **fixed) for seed in (1, 2))
    assert torch.equal(weights(one), weights(two))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_has_its_shape_in_every_parameter_group(request_run, optimizer, schedule):
    from seedwise.trainers.image_classifier.training.setup import set_up

    request = request_run(optimizer=optimizer, schedule=schedule, learning_rate=0.01, learning_rate_ratio=0.1)
    learner = set_up(request.settings, 0, request.data, QUIET).learner
    body, head = [], []
    for _ in range(2 * 9):
        body.append(learner.optimizer.param_groups[0]["lr"])
        head.append(learner.optimizer.param_groups[1]["lr"])
        learner.optimizer.step()
        learner.schedule.step()
    np.testing.assert_allclose(np.array(body), 0.1 * np.array(head), rtol=1e-6)
    assert max(head) == pytest.approx(0.01, rel=0.02)
    shape = {"constant": head[-1] == head[0], "cosine": head[0] > head[9] > head[-1], "one_cycle": head[0] < max(head)}
    assert shape[schedule]
