"""Datasets: fetched from the first place that has them, checked, and prepared once as one file that loads fast.

A dataset is one module here and one line in `DATASETS`. The module has `fetch(folder, local, say)`, which puts checked
raw files into a folder; `files(folder)`, which lists them; and `read(folder)`, or `read(folder, size)` where images are
resized, which returns `ImageData`. `RAW`, if defined, is the subfolder that holds the raw files.
"""

from __future__ import annotations

from typing import NamedTuple


class Dataset(NamedTuple):
    """A built-in dataset.

    Attributes:
        module: its module in this folder.
        title: its name in the report.
        resized: whether its images have different sizes, so that a study has to choose one.
        pinned: whether its raw files are checked byte for byte, so that different files are never accepted.
    """

    module: str
    title: str
    resized: bool = False
    pinned: bool = True


DATASETS = {
    "fashion_mnist": Dataset("fashion_mnist", "Fashion-MNIST"),
    "cifar10": Dataset("cifar10", "CIFAR-10"),
    "oxford_iiit_pet": Dataset("oxford_pet", "Oxford-IIIT Pet", resized=True, pinned=False),
}
