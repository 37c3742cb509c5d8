"""Making the prepared file of a dataset: once, by the first process that asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import seedwise
from seedwise.basics.code_digest import own_sources
from seedwise.basics.errors import UserError
from seedwise.basics.files import hold_lock, write_text
from seedwise.runs.data_card import read_card
from seedwise.trainers.image_classifier.datasets import images, registry
from seedwise.trainers.image_classifier.settings import DatasetSettings
from seedwise.trainers.image_classifier.trainer import data_of

Say = Callable[[str], None]


def prepared_file(root: Path, name: str = "fashion_mnist", say: Say = print) -> Path:
    """Return the file of a dataset that Seedwise knows, prepared first if need be, below `root` as in a study."""
    home = Path(seedwise.__file__).resolve().parents[1]
    dataset = DatasetSettings(name=name)
    data = data_of(dataset, own_sources(home, root), home, None)
    prepare(dataset, root / data.file, root / data.raw_folder, say)
    return root / data.file


def fetch_raw(dataset: DatasetSettings, folder: Path, say: Say = print) -> None:
    """Bring the raw files into their folder, and write their digests to SHA256SUMS there; one process at a time.

    Raises:
        UserError: the files cannot be had, or are not the right ones.
    """
    with hold_lock(folder / ".lock", lambda: say("another process is fetching these data; waiting for it")):
        local = Path(dataset.folder) if dataset.folder else None
        write_text(folder / "SHA256SUMS", registry.fetch(dataset.name, folder, local))


def prepare(dataset: DatasetSettings, file: Path, folder: Path, say: Say = print) -> str:
    """Make the prepared file unless it is there, and return the digest of its content; one process at a time.

    Args:
        dataset: which data.
        file: the prepared file, .npz.
        folder: of the raw files, which are fetched if they are not there.
        say: is given lines of progress.

    Raises:
        UserError: the data cannot be had, or are not what a dataset has to be.
    """
    with hold_lock(file.with_name(f".{file.name}.lock"), lambda: say("another process is preparing these data")):
        if file.is_file():
            return images.read_digest(file)
        if not (folder / "SHA256SUMS").is_file():
            fetch_raw(dataset, folder, say)
        local = Path(dataset.folder) if dataset.folder else None
        data = registry.read(dataset.name, folder, local, dataset.image_size)
        say(f"{len(data.train_labels)} training and {len(data.test_labels)} test images")
        return images.save(file, data)


def ensure_prepared(dataset: DatasetSettings, file: Path, raw: Path, card: Path | None, say: Say = print) -> None:
    """Make sure that the prepared file is there and holds the data that the card names.

    Args:
        dataset: which data.
        file: the prepared file.
        raw: folder of the raw files.
        card: that names the data; None takes any.
        say: is given lines of progress.

    Raises:
        UserError: the data cannot be had, or they are others.
    """
    if not file.is_file():
        say(f"{file} is not there: preparing it again")
    content = prepare(dataset, file, raw, say)
    known = read_card(card) if card else None
    if card and known and (raw / "SHA256SUMS").is_file():
        # Raw files that were fetched again are no newer than the card, or Snakemake would make it again.
        os.utime(raw / "SHA256SUMS", ns=(card.stat().st_atime_ns, card.stat().st_mtime_ns))
    if known and known.content != content:
        raise UserError(
            f"{file} holds other data (digest {content}) than {card} says ({known.content}). To train on them, delete "
            f"{card} and run the study again: its runs are then all trained on these data"
        )
