"""Errors that a user can correct, shown as one message without a traceback."""

from __future__ import annotations

import atexit
import errno
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


class UserError(Exception):
    """Something that the user can correct; the message names the file or key and the remedy."""


_ROOM = 1 << 16  # bytes that a log or another small file may need


class DiskFullError(OSError, UserError):
    """A disk is full, or a quota used up; the message names the folder."""


def full_disk(error: BaseException, folder: Path | str) -> DiskFullError | None:
    """Return what says that an error comes from a full disk; None if it does not.

    Args:
        error: the error.
        folder: where it was writing.
    """
    found = _cause(error)
    return found if found is None or isinstance(found, DiskFullError) else _describe(found, folder)


def full_disk_here(error: BaseException) -> DiskFullError | None:
    """Return what says that an error of this process comes from a full disk; None if it does not.

    An error that names no file may come from printing, from an open file, or from shared memory or another disk: a
    folder is named only if there is no room in it.
    """
    found = _cause(error)
    if found is None or isinstance(found, DiskFullError):
        return found
    if found.filename is not None:
        return _describe(found, found.filename)
    places = [_folder_of_output(), Path.cwd()]
    full = next(filter(None, (no_room(place) for place in places if place)), None)
    return full or DiskFullError(
        f"a disk is full ({found.strerror}). Make room on it, `df -h` shows which one it is, and give the same command "
        "again: it goes on from what is done"
    )


def no_room(folder: Path) -> DiskFullError | None:
    """Return what says that the disk of a folder is full, or a quota used up; None if there is room.

    Where not even a log can be written, this alone tells why a job failed.
    """
    import tempfile  # a run that ends well does not need it

    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(bytes(_ROOM))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        return full_disk(error, folder)
    return None


def _cause(error: BaseException) -> OSError | None:
    """Return the error that says that a disk is full: an error itself, or the one that led to it.

    Libraries raise their own errors in the place of the system's. What is raised while another error is handled may
    have nothing to do with it. It has if it is an OSError, such as of closing a file that could not be written; torch
    raises a plain RuntimeError then.
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, DiskFullError):
            return found
        if isinstance(found, OSError) and found.errno in (errno.ENOSPC, errno.EDQUOT):
            return found
        of_writing = isinstance(found, OSError) or type(found) is RuntimeError
        found = found.__cause__ or (found.__context__ if of_writing and not found.__suppress_context__ else None)
    return None


def _describe(error: OSError, folder: Path | str) -> DiskFullError:
    return DiskFullError(
        f"{folder}: the disk is full ({error.strerror}). Make room there, and give the same command again: it "
        "goes on from what is done"
    )


def _folder_of_output() -> Path | None:
    """Return the folder of the file that this process prints to; None if there is none, or the system does not say."""
    try:
        file = Path(os.readlink("/proc/self/fd/1"))  # noqa: PTH115 - it is no path of a link that anybody made
        return Path(os.path.relpath(file.parent)) if stat.S_ISREG(os.fstat(1).st_mode) else None
    except OSError:
        return None


_NO_ACCESS = {
    errno.EROFS: "the disk can only be read; run the study in a folder on another one",
    errno.EACCES: "`ls -ld` shows who has access to it; give it to yourself, or run the study in a folder of your own",
}
_NO_ACCESS[errno.EPERM] = _NO_ACCESS[errno.EACCES]


def no_access(error: OSError) -> str | None:
    """Say which file or folder may not be read or written, and the remedy; None if an error is about something else."""
    if error.filename is None or error.errno not in _NO_ACCESS:
        return None
    return f"{error.filename}: {error.strerror}; {_NO_ACCESS[error.errno]}"


def run_script(main: Callable[[], int | None], *, tidy: bool = True) -> None:
    """Run a script's main function as a process; a UserError ends it with the message and exit status 1.

    So does a full disk or one that cannot be written, whatever was to be written there.

    Args:
        main: returns the exit status; None is 0.
        tidy: whether Python takes its modules apart at the end, which for torch takes half a second. Otherwise what was
            registered with `atexit` before this call is not done either.
    """
    succeeded = False
    if not tidy:  # what is registered first is called last
        atexit.register(lambda: end_at_once() if succeeded else None)
    try:
        status = main() or 0
        succeeded = status == 0
        sys.exit(status)
    except UserError as error:
        _end(str(error))
    except Exception as error:
        if full := full_disk_here(error):
            _end(str(full))
        if isinstance(error, OSError) and (refused := no_access(error)):
            _end(refused)
        raise
    except KeyboardInterrupt:
        sys.exit(130)


def end_at_once() -> None:
    """End a process that has succeeded: threads have ended, and what libraries do at the end has been done.

    A flush that fails is left to Python, which then gives another exit status.
    """
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(0)


def _end(message: str) -> NoReturn:
    from seedwise.basics.names import visible  # only mistakes need it

    sys.exit(f"Error: {visible(message)}")
