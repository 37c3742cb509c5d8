"""Datasets by name: where their files lie, how they are fetched and read."""

from __future__ import annotations

from pathlib import Path

from seedwise.data import fashion_mnist
from seedwise.data.images import DataError, ImageData
from seedwise.files import sha256
from seedwise.plugins import is_plugin, load_plugin


def fetch(name: str, folder: Path, local: Path | None) -> str:
    """Bring a dataset's raw files into `folder`; return their digests, a line a file as `sha256sum` prints them.

    A dataset of your own (`package.module:function`) brings its own files: nothing is fetched.
    """
    if is_plugin(name):
        return ""
    raw = _raw(folder)
    fashion_mnist.fetch(raw, local, report=lambda line: print(line, flush=True))
    return "".join(f"{sha256(raw / file)}  {(raw / file).relative_to(folder)}\n" for file in fashion_mnist.FILES)


def read(name: str, folder: Path, local: Path | None) -> ImageData:
    """Read a dataset; a function of your own is called with the local folder, or None, and returns ImageData."""
    if not is_plugin(name):
        return fashion_mnist.read(_raw(folder))
    data = load_plugin(name)(local)
    if not isinstance(data, ImageData):
        raise DataError(f"{name}: returned {type(data).__name__}; need seedwise.data.images.ImageData")
    return data


def _raw(folder: Path) -> Path:
    """Where torchvision would put, and look for, the raw files."""
    return folder / "FashionMNIST" / "raw"
