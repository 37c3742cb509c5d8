"""Augmentations: drawn per image, not per batch; every crop is a window of the padded image."""

import pytest
import torch
from torch.nn import functional

from seedwise.trainers.image_classifier.training import batches
from seedwise.trainers.image_classifier.training.augmentation import (
    CROP_PADDING,
    build_augmentations,
    random_crop,
    random_horizontal_flip,
)
from seedwise.trainers.image_classifier.training.batches import Examples, training_batches
from seedwise.trainers.image_classifier.training.seeding import Streams, torch_generator


def images(n, channels=1, size=12):
    pixels = torch.randint(1, 256, (channels, size, size), generator=torch.Generator().manual_seed(1))
    return pixels.to(torch.uint8).expand(n, -1, -1, -1).contiguous()


@pytest.mark.parametrize("augment", [random_crop, random_horizontal_flip])
def test_identical_images_in_one_batch_are_augmented_differently(augment):
    batch = augment(images(64), torch_generator(0, "augmentation", 1))
    assert batch.shape == (64, 1, 12, 12)
    assert batch.dtype == torch.uint8
    distinct = len(torch.unique(batch.flatten(1), dim=0))
    assert distinct == (2 if augment is random_horizontal_flip else distinct)
    assert distinct >= (2 if augment is random_horizontal_flip else 30)


@pytest.mark.parametrize("augment", [random_crop, random_horizontal_flip])
def test_same_generator_state_same_images(augment):
    one = augment(images(16), torch_generator(0, "augmentation", 1))
    assert torch.equal(one, augment(images(16), torch_generator(0, "augmentation", 1)))
    assert not torch.equal(one, augment(images(16), torch_generator(0, "augmentation", 2)))


@pytest.mark.parametrize("channels", [1, 3])
def test_every_crop_is_a_window_of_the_padded_image(channels):
    original = images(200, channels)
    cropped = random_crop(original, torch_generator(0, "augmentation"))
    padded = functional.pad(original[0], (CROP_PADDING,) * 4)
    windows = {
        (row, column): padded[:, row : row + 12, column : column + 12]
        for row in range(2 * CROP_PADDING + 1)
        for column in range(2 * CROP_PADDING + 1)
    }
    places = [next(place for place, window in windows.items() if torch.equal(window, image)) for image in cropped]
    assert len(set(places)) > 60  # of 81: each place is about as likely as any other
    assert {row for row, _ in places} == {column for _, column in places} == set(range(9))


def test_about_half_of_the_images_are_mirrored_and_the_rest_untouched():
    original = images(400)
    flipped = random_horizontal_flip(original, torch_generator(0, "augmentation"))
    mirrored = (flipped == original.flip(3)).flatten(1).all(1)
    untouched = (flipped == original).flatten(1).all(1)
    assert torch.equal(mirrored, ~untouched)
    assert 160 < int(mirrored.sum()) < 240


def test_augmentations_are_applied_in_the_named_order():
    assert build_augmentations(["random_crop", "random_horizontal_flip"]) == [random_crop, random_horizontal_flip]
    assert build_augmentations(["seedwise.trainers.image_classifier.training.augmentation:random_crop"]) == [
        random_crop
    ]


@pytest.mark.parametrize("at_once", [1, 12, 1024])
def test_an_epoch_has_every_image_once_in_batches_of_the_requested_size(monkeypatch, at_once):
    monkeypatch.setattr(batches, "AT_ONCE", at_once)
    labels = torch.arange(40)
    examples = Examples(labels.to(torch.uint8).view(40, 1, 1, 1).expand(-1, -1, 12, 12), labels)
    shown = list(training_batches(examples, 6, [random_horizontal_flip], Streams(0), epoch=1))
    assert [len(batch) for _, batch in shown] == [6] * 6 + [4]
    assert all(torch.equal(pixels[:, 0, 0, 0], batch) for pixels, batch in shown)
    order = torch.cat([batch for _, batch in shown])
    assert torch.equal(order.sort().values, labels)
    assert not torch.equal(order, labels)
