"""Augmentations of batches of images: one random draw per image, one tensor operation for many images.

An augmentation takes uint8 images (n, channels, height, width) and a CPU generator, and returns images of the same
shape and type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn import functional

from seedwise.basics.plugins import load_plugin

Augmentation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]

CROP_PADDING = 4


def random_crop(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pad each image with 4 black pixels on every side and crop the original size at a random position per image."""
    n, _, height, width = images.shape
    top, left = torch.randint(0, 2 * CROP_PADDING + 1, (2, n), generator=generator).to(images.device)
    places = functional.pad(images, (CROP_PADDING,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    return places[torch.arange(n, device=images.device), :, top, left]


def random_horizontal_flip(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror each image with probability one half."""
    mirrored = torch.rand(len(images), generator=generator).to(images.device) < 0.5
    columns = torch.arange(images.shape[3], device=images.device)
    columns = torch.where(mirrored[:, None], columns.flip(0), columns)
    return images.gather(3, columns[:, None, None].expand(images.shape))


def random_erasing(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Blacken a rectangle in half of the images (Zhong et al. 2020, with torchvision's defaults).

    The rectangle covers 2 to 33 % of the image, with an aspect ratio between 0.3 and 3.3, at a random position.
    """
    n, _, height, width = images.shape
    chosen, area, ratio, top, left = torch.rand(5, n, generator=generator).to(images.device)
    area = (0.02 + (0.33 - 0.02) * area) * height * width
    ratio = torch.exp(math.log(0.3) + (math.log(3.3) - math.log(0.3)) * ratio)
    tall = (area * ratio).sqrt().round().clamp(1, height)
    wide = (area / ratio).sqrt().round().clamp(1, width)
    top, left = (top * (height - tall + 1)).floor(), (left * (width - wide + 1)).floor()
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    in_rows = (rows >= top[:, None]) & (rows < (top + tall)[:, None])
    in_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    erased = in_rows[:, :, None] & in_columns[:, None, :] & (chosen < 0.5)[:, None, None]
    return images.masked_fill(erased[:, None], 0)


class Mixup:
    """Random draws of mixup (Zhang et al. 2018) for one epoch: the mixing ratio and the partner of each image."""

    def __init__(self, alpha: float, generator: np.random.Generator) -> None:
        self._alpha, self._generator = alpha, generator

    def draw(self, n: int) -> tuple[float, torch.Tensor]:
        """Return the weight of the image itself, from Beta(alpha, alpha), and the index of each image's partner."""
        return float(self._generator.beta(self._alpha, self._alpha)), torch.from_numpy(self._generator.permutation(n))


AUGMENTATIONS: dict[str, Augmentation] = {
    "random_crop": random_crop,
    "random_horizontal_flip": random_horizontal_flip,
    "random_erasing": random_erasing,
}


def build_augmentations(names: Sequence[str]) -> list[Augmentation]:
    """Look up augmentations by name, in the order in which they are applied."""
    return [AUGMENTATIONS.get(name) or load_plugin(name) for name in names]
