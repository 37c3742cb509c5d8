"""Prepared image data: one file that loads fast and contains the digest of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.files import atomic_write


class DatasetError(UserError):
    """Data are missing or broken; the message says what was tried and what to do."""


@dataclass(frozen=True)
class ImageData:
    """Training and test sets: uint8 images (n, channels, height, width) and int64 labels (n,)."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            if images.ndim != 4 or images.dtype != np.uint8:
                raise DatasetError(
                    f"{part} images: found {images.dtype} {images.shape}; expected uint8 (n, channels, h, w)"
                )
            if labels.shape != (len(images),) or labels.dtype != np.int64:
                raise DatasetError(
                    f"{part} labels: found {labels.dtype} {labels.shape}; expected int64 ({len(images)},)"
                )

    @property
    def digest(self) -> str:
        """16 hex digits that depend on the arrays alone, not on the file that they came from."""
        whole = hashlib.sha256()
        for field in fields(self):
            array = getattr(self, field.name)
            whole.update(f"{field.name} {array.dtype} {array.shape}\n".encode())
            whole.update(np.ascontiguousarray(array).data)
        return whole.hexdigest()[:16]


def save(path: Path, data: ImageData) -> str:
    """Write prepared data uncompressed and atomically; return their digest, which the file contains."""
    digest = data.digest
    with atomic_write(path) as stream:
        np.savez(stream, digest=np.array(digest), **{field.name: getattr(data, field.name) for field in fields(data)})
    return digest


def load(path: Path) -> tuple[ImageData, str]:
    """Read prepared data and their digest.

    Raises:
        DatasetError: the file is not prepared data.
    """
    with _opened(path) as archive:
        data = ImageData(**{field.name: archive[field.name] for field in fields(ImageData)})
        return data, str(archive["digest"])


def read_digest(path: Path) -> str:
    """Read the digest that a file of prepared data contains.

    Raises:
        DatasetError: the file is not prepared data.
    """
    with _opened(path) as archive:
        return str(archive["digest"])


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            yield archive
    except DatasetError:
        raise
    except Exception as error:  # numpy raises many kinds for a corrupt archive
        raise DatasetError(f"{path}: not prepared data ({error}); delete it and run again") from error


def stratified_order(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Order examples at random so that every prefix has the classes in their proportions.

    Each example of a class of size m gets a rank (k + u) / m with k its place in a random order of the class and one
    u in [0, 1) per class; sorting by rank interleaves the classes evenly.
    """
    rank = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[generator.permutation(members)] = (np.arange(len(members)) + generator.random()) / len(members)
    return np.argsort(rank, kind="stable")


def stratified_subset(labels: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    """Pick `size` examples, classes in their proportions; sorted indices, the same for the same seed.

    Raises:
        DatasetError: `size` is larger than the number of examples.
    """
    if size > len(labels):
        raise DatasetError(f"dataset.subset: found {size}, but there are only {len(labels)} training images")
    return np.sort(stratified_order(labels, np.random.default_rng(seed))[:size])
