"""Datasets by name: where their files lie, how they are fetched and read."""

from __future__ import annotations

from pathlib import Path

from seedwise.basics.files import sha256
from seedwise.basics.names import not_known
from seedwise.basics.plugins import is_plugin, load_plugin
from seedwise.trainers.image_classifier.datasets import cifar10, fashion_mnist, oxford_pet
from seedwise.trainers.image_classifier.datasets.images import DatasetError, ImageData
from seedwise.trainers.image_classifier.settings import DATASETS

MODULES = {"fashion_mnist": fashion_mnist, "cifar10": cifar10, "oxford_iiit_pet": oxford_pet}


def fetch(name: str, folder: Path, local: Path | None) -> str:
    """Bring a dataset's raw files into `folder`; return their digests, a line a file as `sha256sum` prints them.

    A dataset of your own (`package.module:function`) brings its own files: nothing is fetched.
    """
    if is_plugin(name):
        return ""
    module, raw = MODULES[_known(name)], _raw(name, folder)
    module.fetch(raw, local, report=lambda line: print(line, flush=True))
    return "".join(f"{sha256(file)}  {file.relative_to(folder)}\n" for file in module.files(raw))


def read(name: str, folder: Path, local: Path | None, image_size: int | None = None) -> ImageData:
    """Read a dataset; a function of your own is called with the local folder, or None, and returns ImageData."""
    if is_plugin(name):
        data = load_plugin(name)(local)
        if not isinstance(data, ImageData):
            raise DatasetError(
                f"{name}: returned {type(data).__name__}; need seedwise.trainers.image_classifier.datasets.images.ImageData"
            )
        return data
    if name == "oxford_iiit_pet":
        return oxford_pet.read(_raw(name, folder), image_size or oxford_pet.SIZE)
    images: ImageData = MODULES[_known(name)].read(_raw(name, folder))
    return images


def _known(name: str) -> str:
    if name not in MODULES:
        raise DatasetError(f"dataset: {not_known(name, DATASETS)}")
    return name


def _raw(name: str, folder: Path) -> Path:
    """Where torchvision would look for the raw files: below this, CIFAR-10 and Pet have a folder of their own."""
    return folder / "FashionMNIST" / "raw" if name == "fashion_mnist" else folder
