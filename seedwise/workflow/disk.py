"""What the workflow needs of the disk: folders that can be written, and files whose times outdate no run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from seedwise.basics.errors import UserError


def require_writable(folder: Path) -> None:
    """Refuse a folder in which no file can be made, before Snakemake tries to.

    Raises:
        UserError: it, or the folder that it would be made in, cannot be written.
    """
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        raise UserError(
            f"{os.path.relpath(place)}: this folder cannot be written, as Snakemake has to; `seedwise status`, "
            "`seedwise open` and `seedwise watch --once FILE` show what is there and write nothing to it"
        )


def make_older(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Give inputs that are newer than an output the time of the oldest output.

    For outputs whose content was found to fit: a copy, or a clock that was set back, leaves times in any order, and
    Snakemake would make everything again that is older than its inputs.
    """
    times = []
    for path in outputs:
        with suppress(OSError):
            times.append(path.stat().st_mtime_ns)
    for path in inputs if times else ():
        with suppress(OSError):
            if path.stat().st_mtime_ns > min(times):
                os.utime(path, ns=(min(times), min(times)))
