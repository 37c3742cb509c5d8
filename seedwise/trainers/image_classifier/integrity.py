"""Whether files that a run reads are still as they were written: prepared data and checkpoints."""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.files import LockHeldError, hold_lock, write_text

ASIDE = ".damaged"
"""Suffix of a checkpoint that cannot be used and was set aside."""
LOCK = ".lock"
"""File in a run's folder that is locked by the process that trains it."""


def verify_prepared(file: Path) -> None:
    """Make sure that prepared data have the digest that they say they have.

    Reading all of them takes up to a second, so it is done once for each state of the file, not in each run.

    Raises:
        UserError: the data are not what was prepared.
    """
    from seedwise.trainers.image_classifier.datasets.images import load

    state = file.stat()
    now = f"{state.st_ino} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}\n"
    note = file.with_name(f".{file.name}.verified")
    with suppress(OSError, ValueError):
        if note.read_text(encoding="utf-8") == now:
            return
    data, digest = load(file)
    if data.digest != digest:
        raise UserError(
            f"{file}: the arrays in it were changed after they were prepared (their digest is {data.digest}, not "
            f"{digest}). Remove it, and the next run of the study prepares it again: rm {shlex.quote(str(file))}"
        )
    with suppress(OSError):  # in a folder that cannot be written, the next run reads the data again
        write_text(note, now)


def set_aside(folder: Path, say: Callable[[str], None], damage: Callable[[Path], str | None] | None = None) -> None:
    """Rename the checkpoints of a run that cannot be used, and say that the run starts from the beginning.

    If another process trains the run, its checkpoints are for that process to judge.

    Args:
        folder: of the run.
        say: takes lines of progress.
        damage: says what is wrong with a checkpoint, or None; by default whether it is torn or has changed bytes, which
            torch would not always notice.
    """
    with suppress(LockHeldError), hold_lock(folder / LOCK):
        for checkpoint in sorted(folder.glob("checkpoint-*.pt")):
            if why := (damage or _damage)(checkpoint):
                aside = checkpoint.with_name(checkpoint.name + ASIDE)
                checkpoint.replace(aside)
                say(
                    f"{checkpoint} is damaged ({why}), so the run starts from the beginning; the file is kept as "
                    f"{aside.name}"
                )


def _damage(checkpoint: Path) -> str | None:
    """Say what is wrong with a checkpoint; None if nothing is."""
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            bad = archive.testzip()
    except (OSError, MemoryError):
        raise  # says nothing about the file: it is not to be lost for that
    except Exception as error:  # zipfile and zlib raise many kinds for a damaged archive
        return " ".join(str(error).split()) or type(error).__name__
    return f"the checksum of {bad} is wrong" if bad else None
