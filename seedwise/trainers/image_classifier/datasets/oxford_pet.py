"""Oxford-IIIT Pet (Parkhi et al. 2012): 3680 + 3669 colour photographs of 37 breeds of cats and dogs.

Where the files come from, in this order: files already fetched; a local folder, with the two archives or their
contents; the publisher's archives at torchvision's addresses. Torchvision itself only checks that two folders exist, so
it accepts a partial extraction. Here, both lists must be complete and every image in them must exist and be readable.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedwise.trainers.image_classifier.datasets.fetching import (
    LOCAL,
    Origin,
    Say,
    download,
    put_in_place,
    try_origins,
    unpack,
)
from seedwise.trainers.image_classifier.datasets.images import DatasetError, ImageData

BASE = "oxford-iiit-pet"
PARTS = ("images", "annotations")
COUNTS = {"trainval": 3680, "test": 3669}
SIZE = 64
"""Default side of the prepared images, in pixels."""


def fetch(folder: Path, local: Path | None = None, say: Say = print) -> None:
    """Put the checked folders `images` and `annotations` where torchvision looks for them.

    Raises:
        DatasetError: no origin has them; the message lists what was tried and what to do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remedy = (
        "put images.tar.gz and annotations.tar.gz, or the folders images and annotations, into a folder and set "
        "dataset.folder to it in config.yaml."
    )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        try_origins("Oxford-IIIT Pet", _origins(folder / BASE, local, Path(scratch)), remedy, say)


def files(folder: Path) -> list[Path]:
    """Return the raw files that are read: both lists, and the images in them."""
    base = folder / BASE
    lists = [base / "annotations" / f"{split}.txt" for split in COUNTS]
    return lists + [base / "images" / f"{name}.jpg" for split in COUNTS for name in _names(base, split)]


def read(folder: Path, size: int = SIZE) -> ImageData:
    """Read the files that `fetch` put into `folder`, through torchvision; crop to a central square of `size` pixels.

    Raises:
        DatasetError: files are missing or corrupt.
    """
    _check(folder / BASE)
    train_images, train_labels = _part(folder, "trainval", size)
    test_images, test_labels = _part(folder, "test", size)
    return ImageData(train_images, train_labels, test_images, test_labels)


def _part(folder: Path, split: str, size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    from PIL import Image, ImageOps
    from torchvision.datasets import OxfordIIITPet

    def square(image: Any) -> NDArray[np.uint8]:
        fitted = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
        return np.asarray(fitted, np.uint8).transpose(2, 0, 1)

    dataset = OxfordIIITPet(folder, split=split, download=False, transform=square)
    images = np.empty((len(dataset), 3, size, size), np.uint8)
    labels = np.empty(len(dataset), np.int64)
    names = _names(folder / BASE, split)
    for index, name in enumerate(names):
        try:
            images[index], labels[index] = dataset[index]
        except OSError as error:
            raise DatasetError(f"Oxford-IIIT Pet: {name}.jpg is corrupt ({error}); delete {folder / BASE}") from error
    return images, labels


def _origins(base: Path, local: Path | None, scratch: Path) -> Iterator[Origin]:
    from torchvision.datasets import OxfordIIITPet

    resources = [(url, Path(url).name, md5) for url, md5 in OxfordIIITPet._RESOURCES]

    def unpacked(source: Path) -> None:
        made = scratch / BASE
        for _, name, md5 in resources:
            unpack(source / name, md5, made)
        _check(made)
        put_in_place(made, base)

    def from_local(source: Path) -> None:
        if any((source / name).is_file() for _, name, _ in resources):
            unpacked(source)
            return
        found = source / BASE if (source / BASE).is_dir() else source
        _check(found)
        for part in PARTS:
            shutil.copytree(found / part, scratch / BASE / part)
        put_in_place(scratch / BASE, base)

    def from_publisher() -> None:
        for url, name, _ in resources:
            download(url, scratch / name)
        unpacked(scratch)

    yield "the files already fetched", lambda: _check(base)
    if local is not None:
        yield f"{LOCAL} {local}", lambda: from_local(local)
    yield "the publisher, " + " and ".join(url for url, _, _ in resources), from_publisher


def _names(base: Path, split: str) -> list[str]:
    path = base / "annotations" / f"{split}.txt"
    return [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _check(base: Path) -> None:
    """Check that both lists are complete and that every image in them exists and is not empty."""
    for part in PARTS:
        if not (base / part).is_dir():
            raise DatasetError(f"the folder {part} does not exist")
    for split, count in COUNTS.items():
        if not (base / "annotations" / f"{split}.txt").is_file():
            raise DatasetError(f"annotations/{split}.txt does not exist")
        names = _names(base, split)
        if len(names) != count:
            raise DatasetError(
                f"annotations/{split}.txt lists {len(names)} images, not {count}: was the archive partly extracted?"
            )
        paths = [base / "images" / f"{name}.jpg" for name in names]
        missing = [path.name for path in paths if not path.is_file() or path.stat().st_size == 0]
        if missing:
            raise DatasetError(
                f"{len(missing)} of {count} {split} images are missing, such as {missing[0]}: "
                "was the archive partly extracted?"
            )
