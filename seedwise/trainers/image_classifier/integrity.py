"""Whether files that a run reads are still as they were written: prepared data and checkpoints."""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text

ASIDE = ".damaged"
"""Suffix of a checkpoint that cannot be used and was set aside."""


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


def set_aside_damaged(folder: Path, say: Callable[[str], None]) -> None:
    """Set aside the checkpoints of a run that are torn or have changed bytes, which torch would not always notice."""
    for checkpoint in sorted(folder.glob("checkpoint-*.pt")):
        try:
            with zipfile.ZipFile(checkpoint) as archive:
                bad = archive.testzip()
            why = f"the checksum of {bad} is wrong" if bad else None
        except FileNotFoundError:
            continue  # an earlier process of this run has just written the next one
        except (OSError, MemoryError):
            raise  # says nothing about the file: it is not to be lost for that
        except Exception as error:  # zipfile and zlib raise many kinds for a damaged archive
            why = " ".join(str(error).split()) or type(error).__name__
        if why:
            set_aside(checkpoint, why, say)


def set_aside(checkpoint: Path, why: str, say: Callable[[str], None]) -> None:
    """Rename a checkpoint that cannot be used, and say that its run starts from the beginning."""
    aside = checkpoint.with_name(checkpoint.name + ASIDE)
    checkpoint.replace(aside)
    say(f"{checkpoint} is damaged ({why}), so the run starts from the beginning; the file is kept as {aside.name}")
