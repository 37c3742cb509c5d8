"""Augmentation batched on tensors: one draw per image, one gather per batch.

An augmentation takes uint8 images (n, channels, height, width) and a CPU generator, and returns images of the same
shape and type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from seedwise.plugins import load_plugin

Augmentation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]

CROP_PADDING = 4


def random_crop(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pad each image with 4 black pixels on every side and cut the original size out at a random place of its own."""
    n, channels, height, width = images.shape
    shifts = torch.randint(0, 2 * CROP_PADDING + 1, (2, n), generator=generator).to(images.device)
    padded = functional.pad(images, (CROP_PADDING,) * 4)
    rows = shifts[0, :, None] + torch.arange(height, device=images.device)
    columns = shifts[1, :, None] + torch.arange(width, device=images.device)
    across = width + 2 * CROP_PADDING
    places = (rows[:, :, None] * across + columns[:, None, :]).view(n, 1, -1).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, places).view(n, channels, height, width)


def random_horizontal_flip(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror each image with probability one half."""
    mirrored = torch.rand(len(images), generator=generator).to(images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


AUGMENTATIONS: dict[str, Augmentation] = {
    "random_crop": random_crop,
    "random_horizontal_flip": random_horizontal_flip,
}


def build_augmentations(names: Sequence[str]) -> list[Augmentation]:
    """Look augmentations up by name, in the order in which they apply."""
    return [AUGMENTATIONS.get(name) or load_plugin(name) for name in names]
