"""Fashion-MNIST (Xiao et al. 2017): 60 000 + 10 000 grey images of 28 × 28 in 10 classes.

Where the files come from, in this order: files already fetched; a local folder; the Debian package, if installed;
the Debian package, unpacked without root; torchvision's mirror. The SHA-256 of every file's decompressed content is
checked, so a corrupt or altered download is never used.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from seedwise.basics.files import sha256
from seedwise.trainers.image_classifier.datasets.fetching import (
    LOCAL,
    Origin,
    Say,
    download,
    reason,
    try_origins,
)
from seedwise.trainers.image_classifier.datasets.idx import read_idx
from seedwise.trainers.image_classifier.datasets.images import DatasetError, ImageData

FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc8",
    "train-labels-idx1-ubyte": "bad3541b69d91243",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91e",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663",
}
RAW = "FashionMNIST/raw"
"""The subfolder in which torchvision looks for the raw files."""
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = Path("usr/share/datasets/fashion-mnist")


def fetch(folder: Path, local: Path | None = None, say: Say = print) -> None:
    """Put the four checked files into `folder`.

    Raises:
        DatasetError: no origin has them; the message lists what was tried and what to do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remedy = "put " + ", ".join(f"{file}[.gz]" for file in FILES)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        origins = _origins(folder, local, Path(scratch))
        remedy += " into a folder and set dataset.folder to it in config.yaml."
        try_origins("Fashion-MNIST", origins, remedy, say)


def files(folder: Path) -> list[Path]:
    """Return the raw files that `fetch` put into `folder`."""
    return [folder / file for file in FILES]


def read(folder: Path) -> ImageData:
    """Read the four files that `fetch` put into `folder`."""
    parts = [read_idx(folder / file) for file in FILES]
    return ImageData(
        train_images=parts[0][:, None],
        train_labels=parts[1].astype(np.int64),
        test_images=parts[2][:, None],
        test_labels=parts[3].astype(np.int64),
    )


def _origins(folder: Path, local: Path | None, scratch: Path) -> Iterator[Origin]:
    def placed(opener: Callable[[], Path]) -> Callable[[], None]:
        def attempt() -> None:
            found = opener()
            for file in FILES:
                _place(found, file, folder)

        return attempt

    yield "the files already fetched", placed(lambda: folder)
    if local is not None:
        yield f"{LOCAL} {local}", placed(lambda: local)
    yield f"the installed Debian package {DEBIAN_PACKAGE}", placed(lambda: Path("/") / DEBIAN_FOLDER)
    yield f"the Debian package {DEBIAN_PACKAGE}, unpacked without root", placed(lambda: _unpack_debian(scratch))
    yield "torchvision's mirror", placed(lambda: _download(scratch))


def _place(found: Path, file: str, folder: Path) -> None:
    """Copy or decompress one file from `found` into `folder`, if its content is right."""
    target = folder / file
    plain, packed = found / file, found / f"{file}.gz"
    if not plain.is_file() and not packed.is_file():
        raise DatasetError(f"{file} does not exist")
    partial = folder / f".{file}.partial"
    try:
        if plain.is_file():
            _check(plain)
            if plain == target:
                return
            shutil.copyfile(plain, partial)
        else:
            with gzip.open(packed) as stream, partial.open("wb") as out:
                shutil.copyfileobj(stream, out)
        _check(partial, file)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _check(path: Path, file: str | None = None) -> None:
    expected, found = FILES[file or path.name], sha256(path)
    if not found.startswith(expected):
        raise DatasetError(
            f"{file or path.name} is corrupt or altered (its SHA-256 begins with {found[:16]}, not {expected})"
        )


def _unpack_debian(scratch: Path) -> Path:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise DatasetError("this system has no apt-get and dpkg")
    command = ["apt-get", "download", DEBIAN_PACKAGE]
    answer = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=600, check=False)
    packages = list(scratch.glob("*.deb"))
    if not packages:
        raise DatasetError((answer.stderr.strip().splitlines() or ["apt-get download got no package"])[-1])
    subprocess.run(["dpkg", "-x", packages[0], scratch / "package"], capture_output=True, timeout=600, check=True)
    return scratch / "package" / DEBIAN_FOLDER


def _download(scratch: Path) -> Path:
    from torchvision.datasets import FashionMNIST

    for file in FILES:
        name = f"{file}.gz"
        errors = []
        for mirror in FashionMNIST.mirrors:
            try:
                download(f"{mirror}{name}", scratch / name)
                break
            except OSError as error:
                errors.append(f"{mirror}{name}: {reason(error)}")
        else:
            raise DatasetError("; ".join(errors))
    return scratch
