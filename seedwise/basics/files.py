"""Atomic writing, content digests, and locks that are freed when their owner ends."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from seedwise.basics.errors import UserError, full_disk


class LockHeldError(UserError):
    """Another process that is still running holds the lock."""


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` for writing, and rename it to `path` when all of it is on disk.

    A crash leaves the old file or none, never half a file.

    Raises:
        DiskFullError: there is no room for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except Exception as error:
        if full := full_disk(error, path.parent):
            raise full from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def aside(path: Path) -> str:
    """Return the command that moves a file or folder out of the way, where removing it could lose something."""
    return shlex.join(["mv", str(path), f"{path}.aside"])


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_write(path) as stream:
        stream.write(text.encode())


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def short_digest(path: Path) -> str:
    """Return 16 hex digits of a file's SHA-256: enough to notice that it was changed."""
    return sha256(path)[:16]


def content_digest(plain: Mapping[str, Any]) -> str:
    """Return 16 hex digits of the SHA-256 of what a JSON file says besides its own `digest`.

    It is taken of the file, not of a model that was read from it, to which a later version may add a default.
    """
    content = {name: value for name, value in plain.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def hold_lock(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[int]:
    """Hold an OS lock on `path` while the block runs; yield its descriptor, which a child process may inherit.

    The kernel frees it when the process ends, however it ends, so nothing has to be unlocked by hand.
    If another process holds it, call `on_wait` once and wait; without `on_wait`, raise LockHeldError.
    """
    import fcntl  # Windows has none; only the workflow needs it

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if on_wait is None:
                raise LockHeldError(str(path)) from error
            on_wait()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream.fileno()
