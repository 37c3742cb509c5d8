"""CIFAR-10 (Krizhevsky 2009): 50 000 + 10 000 colour images of 32 × 32 in 10 classes.

Where the files come from, in this order: files already fetched; a local folder, with the archive or its contents; the
publisher's archive at torchvision's address. The archive and every file in it are checked against torchvision's MD5s.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from seedwise.trainers.image_classifier.datasets.fetching import (
    LOCAL,
    Origin,
    Say,
    check_md5,
    download,
    put_in_place,
    try_origins,
    unpack,
)
from seedwise.trainers.image_classifier.datasets.images import DatasetError, ImageData

COUNTS = {"training": 50_000, "test": 10_000}


def fetch(folder: Path, local: Path | None = None, say: Say = print) -> None:
    """Put the checked files into `folder`, where torchvision looks for them.

    Raises:
        DatasetError: no origin has them; the message lists what was tried and what to do.
    """
    from torchvision.datasets import CIFAR10

    folder.mkdir(parents=True, exist_ok=True)
    remedy = (
        f"put {CIFAR10.filename}, or the folder {CIFAR10.base_folder}, into a folder and set dataset.folder to it in "
        "config.yaml."
    )
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        try_origins("CIFAR-10", _origins(folder, local, Path(scratch)), remedy, say)


def files(folder: Path) -> list[Path]:
    """Return the raw files that `fetch` put into `folder`."""
    from torchvision.datasets import CIFAR10

    names = [name for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list)] + [CIFAR10.meta["filename"]]
    return [folder / CIFAR10.base_folder / name for name in names]


def read(folder: Path) -> ImageData:
    """Read the files that `fetch` put into `folder`, through torchvision.

    Raises:
        DatasetError: the files are corrupt, or have the wrong number of images.
    """
    from torchvision.datasets import CIFAR10

    try:
        train, test = (CIFAR10(folder, train=part, download=False) for part in (True, False))
    except RuntimeError as error:
        raise DatasetError(f"CIFAR-10: {error} (in {folder})") from error
    for part, images in (("training", train), ("test", test)):
        if len(images) != COUNTS[part]:
            raise DatasetError(f"CIFAR-10: found {len(images)} {part} images; expected {COUNTS[part]}")
    return ImageData(
        train_images=np.ascontiguousarray(train.data.transpose(0, 3, 1, 2)),
        train_labels=np.array(train.targets, np.int64),
        test_images=np.ascontiguousarray(test.data.transpose(0, 3, 1, 2)),
        test_labels=np.array(test.targets, np.int64),
    )


def _origins(folder: Path, local: Path | None, scratch: Path) -> Iterator[Origin]:
    from torchvision.datasets import CIFAR10

    def unpacked(archive: Path) -> None:
        unpack(archive, CIFAR10.tgz_md5, scratch)
        _check(scratch)
        put_in_place(scratch / CIFAR10.base_folder, folder / CIFAR10.base_folder)

    def from_local(source: Path) -> None:
        if (source / CIFAR10.filename).is_file():
            unpacked(source / CIFAR10.filename)
            return
        _check(source)
        shutil.copytree(source / CIFAR10.base_folder, scratch / CIFAR10.base_folder)
        put_in_place(scratch / CIFAR10.base_folder, folder / CIFAR10.base_folder)

    def from_publisher() -> None:
        download(CIFAR10.url, scratch / CIFAR10.filename)
        unpacked(scratch / CIFAR10.filename)

    yield "the files already fetched", lambda: _check(folder)
    if local is not None:
        yield f"{LOCAL} {local}", lambda: from_local(local)
    yield CIFAR10.url, from_publisher


def _check(folder: Path) -> None:
    """Check the MD5 of every file."""
    from torchvision.datasets import CIFAR10

    base = folder / CIFAR10.base_folder
    if not base.is_dir():
        raise DatasetError(f"{CIFAR10.base_folder} does not exist")
    for name, md5 in (*CIFAR10.train_list, *CIFAR10.test_list):
        check_md5(base / name, md5)
    check_md5(base / CIFAR10.meta["filename"], CIFAR10.meta["md5"])
