"""Fetching of raw files: try one origin after the other until one has the right files; one error if none has."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from seedwise.trainers.image_classifier.datasets.images import DatasetError

Say = Callable[[str], None]
Origin = tuple[str, Callable[[], None]]
"""The name of a place that may have the raw files, and a function that puts them into their folder.

The function raises DatasetError or OSError if it cannot.
"""

LOCAL = "dataset.folder"


def try_origins(dataset: str, origins: Iterable[Origin], remedy: str, say: Say) -> None:
    """Try origins in order until one works.

    A folder that the config names is never replaced by another origin: if its files are wrong, that is an error.

    Raises:
        DatasetError: none worked; the message lists what was tried, and the remedy.
    """
    tried = []
    for name, attempt in origins:
        try:
            attempt()
        except (DatasetError, OSError, subprocess.SubprocessError, EOFError, tarfile.TarError) as error:
            tried.append(f"  {name}: {reason(error)}")
            say(f"{dataset}: not from {name} ({reason(error)})")
            if name.startswith(LOCAL):
                break
        else:
            say(f"{dataset}: using {name}; every file was checked")
            return
    raise DatasetError(f"could not get {dataset}. Tried:\n" + "\n".join(tried) + f"\nWhat to do: {remedy}")


def download(url: str, target: Path) -> None:
    """Download one file; raises OSError."""
    with urllib.request.urlopen(url, timeout=30) as answer, target.open("wb") as out:
        shutil.copyfileobj(answer, out)


def check_md5(path: Path, expected: str) -> None:
    """Check a file against the MD5 that its publisher gives.

    Raises:
        DatasetError: it is missing, corrupt or altered.
    """
    if not path.is_file():
        raise DatasetError(f"{path.name} does not exist")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "md5").hexdigest()
    if found != expected:
        raise DatasetError(f"{path.name} is corrupt or altered (MD5 {found}, not {expected})")


def unpack(archive: Path, md5: str, folder: Path) -> None:
    """Unpack a tar archive into `folder`, after a check of its MD5.

    Raises:
        DatasetError: it is missing, corrupt or altered.
    """
    check_md5(archive, md5)
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:  # Python before 3.11.4; the checksum says that the archive is the publisher's
            tar.extractall(folder)


def put_in_place(made: Path, target: Path) -> None:
    """Replace `target` with a complete, checked folder on the same file system."""
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)


def reason(error: BaseException) -> str:
    """Return an error's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__
