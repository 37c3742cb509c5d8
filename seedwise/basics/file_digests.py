"""Digests of files that are too large to be read at every start: what has not been touched is not read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from seedwise.basics.code_digest import DIGITS
from seedwise.basics.files import sha256, write_text


def folder_digest(folder: Path, cache: Path | None = None) -> str:
    """Digest the names and contents of all files below a folder, or of one file, 12 hex digits.

    Hidden files do not count. Of a file whose size, times and place on the disk are those in the cache, the SHA-256
    is taken from there.

    Args:
        folder: a folder or a file; if it does not exist, the digest is that of an empty folder.
        cache: a JSON file that may be deleted at any time; None reads every file.
    """
    known: dict[str, list[object]] = {}
    if cache is not None:
        with suppress(OSError, ValueError):
            known = json.loads(cache.read_bytes())
    digest, seen, new = hashlib.sha256(), dict(known), False
    for file in _files(folder):
        status = file.stat()
        key = str(file.resolve())
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        if known.get(key, [None])[:-1] != stamp:
            seen[key], new = [*stamp, sha256(file)], True
        name = file.relative_to(folder).as_posix()
        digest.update(f"{name}\0{seen[key][-1]}\n".encode())
    if cache is not None and new:
        with suppress(OSError):
            write_text(cache, json.dumps(seen))
    return digest.hexdigest()[:DIGITS]


def _files(folder: Path) -> Iterator[Path]:
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
