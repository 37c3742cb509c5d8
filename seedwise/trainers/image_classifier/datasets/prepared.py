"""Preparation of a dataset: made once, by the first process that needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import seedwise
from seedwise.basics.code_digest import own_code
from seedwise.basics.errors import UserError
from seedwise.basics.files import hold_lock, write_text
from seedwise.runs.data_card import read_card
from seedwise.trainers.image_classifier.datasets import images, registry
from seedwise.trainers.image_classifier.datasets.identity import RunData, data_of
from seedwise.trainers.image_classifier.settings import DatasetSettings

Say = Callable[[str], None]


def prepared_file(root: Path, name: str = "fashion_mnist", say: Say = print) -> Path:
    """Return the prepared file of a built-in dataset below `root`, as in a study; make it first if it is missing."""
    dataset = DatasetSettings(name=name)
    data = _data_of(dataset, root)
    prepare(dataset, root / data.file, root / data.raw_folder, say)
    return root / data.file


def _data_of(dataset: DatasetSettings, root: Path) -> RunData:
    home = Path(seedwise.__file__).resolve().parents[1]
    return data_of(dataset, own_code(home, root), home, None)


def fetch_raw(dataset: DatasetSettings, folder: Path, say: Say = print) -> str:
    """Fetch the raw files into `folder`, which studies share, and return their digests; one process at a time.

    The digests also lie there as SHA256SUMS, which says that the files are whole.

    Raises:
        UserError: the files cannot be fetched, or are not the right ones.
    """
    with hold_lock(folder / ".lock", lambda: say("another process is fetching these data; waiting for it")):
        local = Path(dataset.folder) if dataset.folder else None
        sums = registry.fetch(dataset.name, folder, local)
        write_text(folder / "SHA256SUMS", sums)
        return sums


def prepare(dataset: DatasetSettings, file: Path, folder: Path, say: Say = print, made_of: str | None = None) -> str:
    """Make the prepared file unless it exists, and return the digest of its content; one process at a time.

    Args:
        dataset: the dataset to prepare.
        file: the prepared file, .npz.
        folder: folder of the raw files, which are fetched if they are missing.
        say: called with lines of progress.
        made_of: the digest in the file's name, to be checked after reading; None checks nothing.

    Raises:
        UserError: the data cannot be fetched, are not valid, or changed while they were read.
    """
    with hold_lock(file.with_name(f".{file.name}.lock"), lambda: say("another process is preparing these data")):
        if file.is_file():
            return images.read_digest(file)
        if not (folder / "SHA256SUMS").is_file():
            fetch_raw(dataset, folder, say)
        local = Path(dataset.folder) if dataset.folder else None
        data = registry.read(dataset.name, folder, local, dataset.image_size)
        if made_of is not None and _data_of(dataset, Path.cwd()).digest != made_of:
            raise UserError(
                f"{file} was not written: the raw files or the code of {dataset.name} changed after this command was "
                "started. Give the command again"
            )
        say(f"{len(data.train_labels)} training and {len(data.test_labels)} test images")
        return images.save(file, data)


def ensure_prepared(
    dataset: DatasetSettings,
    file: Path,
    raw: Path,
    card: Path | None,
    say: Say = print,
    made_of: str | None = None,
) -> None:
    """Make sure that the prepared file exists and holds the data that the card describes.

    Args:
        dataset: which data.
        file: the prepared file.
        raw: folder of the raw files.
        card: that names the data; None takes any.
        say: is given lines of progress.
        made_of: the digest in the file's name; None checks nothing.

    Raises:
        UserError: the data cannot be fetched, or are different data.
    """
    if not file.is_file():
        say(f"{file} does not exist: preparing it again")
    content = prepare(dataset, file, raw, say, made_of)
    known = read_card(card) if card else None
    if known and known.content != content:
        raise UserError(
            f"{file} holds data with digest {content}, but {card} says {known.content}. To train on the new data, "
            f"delete {card} and run the study again: all of its runs are then retrained on them"
        )
