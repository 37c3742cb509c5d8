"""Where raw files come from: one source after the other until one has the right ones, and one error if none has."""

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
Source = tuple[str, Callable[[], None]]
"""What a source is called, and what puts its files in place (or raises DatasetError or OSError)."""

LOCAL = "dataset.folder"


def first_that_works(dataset: str, sources: Iterable[Source], remedy: str, say: Say) -> None:
    """Try sources in order until one works.

    A folder that the user named is what the user wants: if it has no right files, no other source replaces it.

    Raises:
        DatasetError: none worked; the message lists what was tried, and the remedy.
    """
    tried = []
    for name, attempt in sources:
        try:
            attempt()
        except (DatasetError, OSError, subprocess.SubprocessError, EOFError, tarfile.TarError) as error:
            tried.append(f"  {name}: {reason(error)}")
            say(f"{dataset}: no luck with {name} ({reason(error)})")
            if name.startswith(LOCAL):
                break
        else:
            say(f"{dataset}: files from {name}, checked")
            return
    raise DatasetError(f"{dataset} could not be had. Tried:\n" + "\n".join(tried) + f"\nWhat to do: {remedy}")


def download(url: str, target: Path) -> None:
    """Download one file; raises OSError."""
    with urllib.request.urlopen(url, timeout=30) as answer, target.open("wb") as out:
        shutil.copyfileobj(answer, out)


def check_md5(path: Path, expected: str) -> None:
    """Check a file by the MD5 that its publisher gives.

    Raises:
        DatasetError: it is not there, torn or altered.
    """
    if not path.is_file():
        raise DatasetError(f"{path.name} is not there")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "md5").hexdigest()
    if found != expected:
        raise DatasetError(f"{path.name} is torn or altered (MD5 {found}, not {expected})")


def unpack(archive: Path, md5: str, folder: Path) -> None:
    """Unpack a tar archive into `folder` after its MD5 is found right.

    Raises:
        DatasetError: it is not there, torn or altered.
    """
    check_md5(archive, md5)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def put_in_place(made: Path, target: Path) -> None:
    """Let a whole, checked folder take the place of what was there; both lie on one file system."""
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)


def reason(error: BaseException) -> str:
    """Say in one line what went wrong."""
    return " ".join(str(error).split()) or type(error).__name__
