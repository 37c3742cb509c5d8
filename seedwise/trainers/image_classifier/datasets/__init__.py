"""Datasets: fetched from wherever they can be had, checked, prepared once into one file that loads at once.

A dataset is one module here and one line in `DATASETS`. The module has `fetch(folder, local, say)`, which puts checked
raw files into a folder; `files(folder)`, which lists them; and `read(folder)`, or `read(folder, size)` where images are
resized, which returns `ImageData`. `RAW`, if it has one, is the folder below the dataset's in which the raw files lie.
"""

from __future__ import annotations

from typing import NamedTuple


class Dataset(NamedTuple):
    """A dataset that Seedwise knows.

    Attributes:
        module: its module in this folder.
        title: its name in a report.
        resized: whether its images have many sizes, so that a study chooses one.
        pinned: whether its raw files are checked byte for byte, so that no other files can pass for them.
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
