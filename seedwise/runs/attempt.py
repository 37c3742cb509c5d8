"""The mark that an attempt at a run leaves: attempt.json in the run's folder, until the run has its record.

Snakemake deletes the outputs of a failed job, so that without this file a failed run would look like one that never
began. A process that is killed cannot say so; the mark that it leaves behind does.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text

HEARTBEAT = 10.0
"""Seconds between signs of life, which are the modification times of the mark."""
SILENCE = 90.0
"""Seconds without a sign of life after which a process that cannot be asked is taken for dead."""
ENDED = "ended without a word: killed, out of memory or time, or the machine went down"


class Attempt(BaseModel):
    """One attempt at a run that has no record yet; `error` is None while it trains, and after it was killed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    host: str
    pid: int
    started: float
    error: str | None = None
    interrupted: bool = False


@contextmanager
def attempt(folder: Path) -> Iterator[None]:
    """Mark the run's folder while the block trains; leave the reason there if it fails, and nothing if it succeeds."""
    path = folder / "attempt.json"
    mark = Attempt(host=socket.gethostname(), pid=os.getpid(), started=time.time())
    _write(path, mark)
    ended = threading.Event()
    threading.Thread(target=_show_life, args=(path, ended), daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        _write(path, mark.model_copy(update={"error": "interrupted", "interrupted": True}))
        raise
    except BaseException as error:
        with suppress(OSError):  # a full disk is not to hide the error itself
            _write(path, mark.model_copy(update={"error": _reason(error)}))
        raise
    else:
        path.unlink(missing_ok=True)
    finally:
        ended.set()


def read_attempt(folder: Path) -> Attempt | None:
    """Read the mark of a run's folder; None if there is none."""
    try:
        return Attempt.model_validate_json((folder / "attempt.json").read_bytes())
    except (OSError, ValidationError):
        return None


def is_alive(folder: Path, mark: Attempt) -> bool:
    """Whether the process that left a mark still trains.

    Its lock tells at once where locks of the file system reach. Otherwise a process of this machine is asked, and one
    of another machine, on a cluster, is believed to live as long as it gives signs of life.
    """
    if _locked(folder / ".lock"):
        return True
    if mark.error is not None:
        return False
    try:
        silent = time.time() - (folder / "attempt.json").stat().st_mtime
    except OSError:
        return False  # it has just finished
    return silent < SILENCE and (mark.host != socket.gethostname() or _exists(mark.pid))


def _write(path: Path, mark: Attempt) -> None:
    write_text(path, json.dumps(mark.model_dump(mode="json")) + "\n")


def _show_life(path: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT):
        with suppress(OSError):  # the file has gone: somebody deleted the folder
            os.utime(path)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    known = isinstance(error, (UserError, SystemExit))
    return (text if known else f"{type(error).__name__}: {text}" if text else type(error).__name__)[:500]


def _locked(path: Path) -> bool:
    try:
        with path.open() as stream:
            # Shared, so that two onlookers do not see each other.
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
