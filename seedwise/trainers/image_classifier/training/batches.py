"""Training, validation and test sets as tensors on the device, and the batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from seedwise.trainers.image_classifier.datasets.images import (
    DatasetError,
    ImageData,
    stratified_order,
    stratified_subset,
)
from seedwise.trainers.image_classifier.settings import DatasetSettings
from seedwise.trainers.image_classifier.training.augmentation import Augmentation, random_crop, random_horizontal_flip
from seedwise.trainers.image_classifier.training.seeding import Streams, numpy_generator, torch_generator

SUBSET_SEED = 0
"""Seed of the subset, the same in all runs: the subset is part of the question, not of the noise."""

AT_ONCE = 1024
"""About this many images are selected and augmented at once, which costs far less than batch by batch."""

SHARING = (random_crop, random_horizontal_flip)
"""Augmentations that share one generator; any other has its own, so that it does not shift the draws of these."""


@dataclass(frozen=True)
class Examples:
    """Images (n, channels, height, width; uint8) and labels (n,; int64) on one device."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Normalisation:
    """Per-channel mean and standard deviation (1, channels, 1, 1) in units of grey levels 0 to 255.

    With a `size`, images are scaled to that side (bilinear). With 3 channels, a grey image gets three equal channels.
    """

    mean: torch.Tensor
    std: torch.Tensor
    size: int | None = None

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Turn uint8 images into normalised float32 images in channels-last layout."""
        pixels = images.float()
        if self.size is not None:
            shrinks = self.size < pixels.shape[-1]
            pixels = functional.interpolate(pixels, (self.size, self.size), mode="bilinear", antialias=shrinks)
        return ((pixels - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Parts:
    """Training, validation and test sets; the test set is used only at the end."""

    train: Examples
    validation: Examples
    test: Examples
    normalise: Normalisation
    classes: int


def split(data: ImageData, settings: DatasetSettings, seed: int, device: torch.device) -> Parts:
    """Split the training data into training and validation sets, stratified by class, with the `split` stream."""
    chosen = np.arange(len(data.train_labels))
    if settings.subset is not None:
        chosen = stratified_subset(data.train_labels, settings.subset, SUBSET_SEED)
    order = chosen[stratified_order(data.train_labels[chosen], numpy_generator(seed, "split"))]
    held_out = round(settings.validation_fraction * len(order))
    if not 0 < held_out < len(order):
        raise DatasetError(
            f"dataset.validation_fraction: {settings.validation_fraction} of {len(order)} training images leaves "
            f"{held_out} for validation and {len(order) - held_out} for training; each set needs at least one"
        )
    train = np.sort(order[held_out:])
    images = data.train_images[train]
    return Parts(
        train=_examples(images, data.train_labels[train], device),
        validation=_examples(data.train_images[order[:held_out]], data.train_labels[order[:held_out]], device),
        test=_examples(data.test_images, data.test_labels, device),
        normalise=_normalisation(images, device),
        classes=int(max(data.train_labels.max(), data.test_labels.max())) + 1,
    )


def training_batches(
    examples: Examples, batch_size: int, augmentations: Sequence[Augmentation], streams: Streams, epoch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield all examples once in batches, with the order and the augmentation of this epoch."""
    order = torch.randperm(len(examples), generator=torch_generator(streams.seed_of("order"), "order", epoch))
    seed = streams.seed_of("augmentation")
    shared = torch_generator(seed, "augmentation", epoch)
    draws = [
        shared
        if augment in SHARING
        else torch_generator(seed, "augmentation", epoch, getattr(augment, "__name__", type(augment).__name__))
        for augment in augmentations
    ]
    for chosen in torch.split(order.to(examples.labels.device), batch_size * max(1, AT_ONCE // batch_size)):
        images, labels = examples.images.index_select(0, chosen), examples.labels.index_select(0, chosen)
        for augment, generator in zip(augmentations, draws, strict=True):
            images = augment(images, generator)
        yield from zip(torch.split(images, batch_size), torch.split(labels, batch_size), strict=True)


def _examples(images: np.ndarray, labels: np.ndarray, device: torch.device) -> Examples:
    return Examples(torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device))


def _normalisation(images: np.ndarray, device: torch.device) -> Normalisation:
    levels = np.arange(256)
    means, stds = [], []
    for channel in range(images.shape[1]):
        share = _histogram(images[:, channel]) / images[:, channel].size
        mean = float(share @ levels)
        means.append(mean)
        stds.append(max(float(share @ (levels - mean) ** 2) ** 0.5, 1.0))
    shape = (1, -1, 1, 1)
    return Normalisation(torch.tensor(means, device=device).view(shape), torch.tensor(stds, device=device).view(shape))


def _histogram(pixels: np.ndarray) -> np.ndarray:
    """Count each grey level, two pixels at a time: ten times as fast as one at a time."""
    flat = np.ascontiguousarray(pixels).ravel()
    pairs = np.bincount(flat[: len(flat) // 2 * 2].view(np.uint16), minlength=2**16).reshape(256, 256)
    counts: np.ndarray = pairs.sum(axis=0) + pairs.sum(axis=1)
    if len(flat) % 2:
        counts[flat[-1]] += 1
    return counts
