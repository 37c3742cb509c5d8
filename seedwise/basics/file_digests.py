"""Digests of files that are too large to be read at every start: what has not been touched is not read again."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from seedwise.basics.code_digest import DIGITS
from seedwise.basics.files import sha256, write_text

_TICK = 20_000_000
"""Nanoseconds within which two changes of a file can carry the same time."""

FILES_CACHE = Path(".snakemake/seedwise/files.json")
"""Where the digests of files are kept, in the working folder of a workflow."""


class FileDigests:
    """SHA-256 of files; those whose size, times and place on the disk are known are not read again.

    Args:
        cache: a JSON file that may be deleted at any time; None reads every file.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._known: dict[str, list[object]] = {}
        self._real = functools.cache(os.path.realpath)
        self._new = False
        if cache is not None:
            with suppress(OSError, ValueError, TypeError):
                self._known = dict(json.loads(cache.read_bytes()))

    def sha256(self, file: Path) -> str:
        """Return the SHA-256 of a file."""
        status = file.stat()
        parent, name = os.path.split(file)
        key = os.path.join(self._real(parent), name)  # noqa: PTH118 -- a start can ask for thousands of files
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self._known.get(key)
        if isinstance(known, list) and known[:-1] == stamp:
            return str(known[-1])
        now = time.time_ns()
        digest = sha256(file)
        # A file that was changed a moment ago may change again without a change of its times.
        if now - max(status.st_mtime_ns, status.st_ctime_ns) > _TICK:
            self._known[key], self._new = [*stamp, digest], True
        return digest

    def save(self) -> None:
        """Save the cache; a failure to write it is harmless."""
        if self._cache is not None and self._new:
            with suppress(OSError):
                write_text(self._cache, json.dumps(self._known))
                self._new = False


def folder_digest(folder: Path, cache: Path | None = None) -> str:
    """Digest the names and contents of all files below a folder, or of one file, 12 hex digits.

    Hidden files do not count. Of a file that has not been touched since, the SHA-256 is taken from the cache.

    Args:
        folder: a folder or a file; if it does not exist, the digest is that of an empty folder.
        cache: a JSON file that may be deleted at any time; None reads every file.
    """
    digests = FileDigests(cache)
    digest = hashlib.sha256()
    for file in visible_files(folder):
        name = file.relative_to(folder).as_posix()
        digest.update(f"{name}\0{digests.sha256(file)}\n".encode(errors="surrogateescape"))
    digests.save()
    return digest.hexdigest()[:DIGITS]


def visible_files(folder: Path) -> Iterator[Path]:
    """Go through the files below a folder that are not hidden, in the order of their names; or yield the one file."""
    if folder.is_file():
        yield folder
        return
    seen: set[Path] = set()
    found = []
    for place, folders, names in os.walk(folder, followlinks=True):  # large data are often linked
        here = Path(place)
        if here.resolve() in seen:  # a circle of links
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [here / name for name in names if not name.startswith(".") and (here / name).is_file()]
    yield from sorted(found)
