"""A dataset of 600 training and 300 test images, cut from the real Fashion-MNIST (MIT licence).

It is used the way a user brings a dataset of their own: `name: tests.tiny:read`.
"""

from __future__ import annotations

from pathlib import Path

from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.datasets.images import ImageData

TINY_IMAGES = Path(__file__).parent / "fashion_mnist_600_300.npz"


def read(folder: Path | None) -> ImageData:
    """Read the images; `folder` is not used."""
    del folder
    return images.load(TINY_IMAGES)[0]
