"""The mark of an attempt at a run: attempt.json in the run's folder, until the run has its record.

Snakemake deletes the outputs of a failed job. Without this file, a failed run would look like one that was never
started. A killed process cannot report its end, but its mark stays behind.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from seedwise.basics.errors import UserError, full_disk_here
from seedwise.basics.files import write_text

HEARTBEAT = 10.0
"""Seconds between heartbeats, which update the modification time of the mark."""
SILENCE = 90.0
"""Seconds without a heartbeat after which a process on another machine is presumed dead."""
ENDED = "ended without an error message: killed, out of memory, time or disk space, or the machine went down"


@dataclass(frozen=True)
class Attempt:
    """One attempt at a run that has no record yet; `error` is None while it is running, and after it was killed.

    Attributes:
        phase: what it does before its first step, such as "importing"; None from then on, or where nobody knows.
        registration: hash of the registration of the study to which it belongs; None where there is none.
    """

    host: str
    pid: int
    started: float
    phase: str | None = None
    error: str | None = None
    interrupted: bool = False
    registration: str | None = None


@contextmanager
def attempt(folder: Path, registration: str | None = None) -> Iterator[Callable[[str | None], None]]:
    """Mark the run's folder while the block runs; record the error if it fails, and remove the mark if it succeeds.

    Yields:
        A function that notes in the mark what the run is doing before its first step.
    """
    path = folder / "attempt.json"
    mark = Attempt(host=platform.node(), pid=os.getpid(), started=time.time(), registration=registration)
    _write(path, mark)
    ended = threading.Event()
    threading.Thread(target=_send_heartbeats, args=(path, ended), daemon=True).start()

    def enter(phase: str | None) -> None:
        with suppress(OSError):  # it is only for people who watch
            _write(path, replace(mark, phase=phase))

    try:
        yield enter
    except KeyboardInterrupt:
        _write(path, replace(mark, error="interrupted", interrupted=True))
        raise
    except BaseException as error:
        with suppress(OSError):  # a full disk must not hide the error itself
            _write(path, replace(mark, error=_reason(error)))
        raise
    else:
        path.unlink(missing_ok=True)
    finally:
        ended.set()


def read_attempt(folder: Path) -> Attempt | None:
    """Read the mark of a run's folder; None if there is none."""
    try:
        found = json.loads((folder / "attempt.json").read_bytes())
        return Attempt(
            host=str(found["host"]),
            pid=int(found["pid"]),
            started=float(found["started"]),
            phase=None if found.get("phase") is None else str(found["phase"]),
            error=None if found.get("error") is None else str(found["error"]),
            interrupted=found.get("interrupted") is True,
            registration=None if found.get("registration") is None else str(found["registration"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def is_alive(folder: Path, mark: Attempt) -> bool:
    """Whether the process that made a mark is still running.

    A held lock shows it where the file system supports locks. Otherwise a process on this machine is looked up by its
    id, and one on another machine, on a cluster, counts as alive as long as its heartbeats continue.
    """
    if _locked(folder / ".lock"):
        return True
    if mark.error is not None:
        return False
    try:
        silent = time.time() - (folder / "attempt.json").stat().st_mtime
    except OSError:
        return False  # it has just finished
    return silent < SILENCE and (mark.host != platform.node() or _exists(mark.pid))


def _write(path: Path, mark: Attempt) -> None:
    write_text(path, json.dumps(vars(mark)) + "\n")


def _send_heartbeats(path: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT):
        with suppress(OSError):  # the file is gone because somebody deleted the folder
            os.utime(path)


def _reason(error: BaseException) -> str:
    error = full_disk_here(error) or error
    text = " ".join(str(error).split())
    known = isinstance(error, (UserError, SystemExit))
    return (text if known else f"{type(error).__name__}: {text}" if text else type(error).__name__)[:500]


def _locked(path: Path) -> bool:
    import fcntl  # Windows has none, and can analyse tables

    try:
        with path.open() as stream:
            # A shared lock, so that two processes that check at the same time do not block each other.
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
