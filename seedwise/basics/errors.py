"""Errors that a user can correct, shown as one message without a traceback."""

from __future__ import annotations

import atexit
import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


class UserError(Exception):
    """Something that the user can correct; the message names the file or key and the remedy."""


class DiskFullError(OSError, UserError):
    """A disk is full, or a quota used up; the message names the folder."""


def full_disk(error: BaseException, folder: Path | str) -> DiskFullError | None:
    """Return what says that an error comes from a full disk; None if it does not.

    Libraries raise their own errors in the place of the system's, which stays their cause or context.
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, DiskFullError):
            return found
        if isinstance(found, OSError) and found.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(
                f"{folder}: the disk is full ({found.strerror}). Make room there, and give the same command again: it "
                "goes on from what is done"
            )
        found = found.__cause__ or found.__context__
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


def run_script(main: Callable[[], int | None]) -> None:
    """Run a script's main function as a process; a UserError ends it with the message and exit status 1.

    So does a full disk or one that cannot be written, whatever was to be written there.
    """
    succeeded = False
    # What is registered first is called last.
    atexit.register(lambda: _end_at_once() if succeeded else None)
    try:
        status = main() or 0
        succeeded = status == 0
        sys.exit(status)
    except UserError as error:
        _end(str(error))
    except Exception as error:
        if full := full_disk(error, getattr(error, "filename", None) or Path.cwd()):
            _end(str(full))
        if isinstance(error, OSError) and (refused := no_access(error)):
            _end(refused)
        raise
    except KeyboardInterrupt:
        sys.exit(130)


def _end_at_once() -> None:
    """End a process that has succeeded without taking its modules apart, which for torch takes half a second.

    Nothing is lost: threads have ended, what libraries do at the end has been done, and a flush that fails is left to
    Python, which then gives another exit status.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _end(message: str) -> NoReturn:
    from seedwise.basics.names import visible  # only mistakes need it

    sys.exit(f"Error: {visible(message)}")
