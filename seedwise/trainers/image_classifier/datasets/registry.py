"""Datasets by name: where their files are, how they are fetched and read."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from seedwise.basics.files import sha256
from seedwise.basics.names import not_known
from seedwise.basics.plugins import is_plugin, load_plugin
from seedwise.trainers.image_classifier.datasets import DATASETS
from seedwise.trainers.image_classifier.datasets.images import DatasetError, ImageData


def fetch(name: str, folder: Path, local: Path | None) -> str:
    """Fetch a dataset's raw files into `folder`; return their digests, one line per file as `sha256sum` prints them.

    Nothing is fetched for a dataset of your own (`package.module:function`): its function finds its own files.
    """
    if is_plugin(name):
        return ""
    module = _module(name)
    raw = _raw(module, folder)
    module.fetch(raw, local, lambda line: print(line, flush=True))
    return "".join(f"{sha256(file)}  {file.relative_to(folder)}\n" for file in module.files(raw))


def read(name: str, folder: Path, local: Path | None, image_size: int | None = None) -> ImageData:
    """Read a dataset; a function of your own is called with the local folder, or None, and returns ImageData."""
    if is_plugin(name):
        data = load_plugin(name)(local)
        if not isinstance(data, ImageData):
            raise DatasetError(f"{name}: returned {type(data).__name__}; expected {ImageData.__module__}.ImageData")
        return data
    module = _module(name)
    size = [image_size or module.SIZE] if DATASETS[name].resized else []
    images: ImageData = module.read(_raw(module, folder), *size)
    return images


def _module(name: str) -> ModuleType:
    if name not in DATASETS:
        raise DatasetError(f"dataset: {not_known(name, list(DATASETS))}")
    return import_module(f"{__package__}.{DATASETS[name].module}")


def _raw(module: ModuleType, folder: Path) -> Path:
    return folder / getattr(module, "RAW", "")
