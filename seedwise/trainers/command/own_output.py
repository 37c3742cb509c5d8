"""Files that take what Seedwise itself prints, as with `nohup` or `> log`: they change during runs, but not by them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

OWN_OUTPUT = "SEEDWISE_OWN_OUTPUT"
"""Environment variable: device and inode of each such file, for the jobs, whose own output is in a log of theirs."""
NAMES = frozenset({"nohup.out", "typescript"})
"""Names of such files, where they are not found as open files: on another machine, or behind a terminal."""

File = tuple[int, int]
_STREAMS = (1, 2)


def remember_own_output() -> None:
    """Let jobs know the files that take the output of this process, be it through `tee` or `script`."""
    found = {*_of_this_process(), *_of_others()}
    os.environ[OWN_OUTPUT] = " ".join(f"{device}:{inode}" for device, inode in sorted(found))


def own_output() -> Collection[File]:
    """Return device and inode of the files that were remembered."""
    pairs = [pair.partition(":") for pair in os.environ.get(OWN_OUTPUT, "").split()]
    return {(int(device), int(inode)) for device, _, inode in pairs}


def _of_this_process() -> Iterator[File]:
    for stream in _STREAMS:
        with suppress(OSError):
            status = os.fstat(stream)
            yield status.st_dev, status.st_ino


def _of_others() -> Iterator[File]:
    """Yield what the processes write that were started with this one, as `| tee log`, and those that started it.

    Only Linux shows it.
    """
    from seedwise.trainers.command.observer import files_written, process_table

    table = process_table()
    above, pid = set(), os.getpid()
    while pid in table and pid not in above:
        above.add(pid)
        pid = table[pid].parent
    group = os.getpgrp()
    for number, process in table.items():
        if number != os.getpid() and (number in above or process.group == group):
            for name in files_written(process.folder):
                with suppress(OSError):
                    status = Path(name).stat()
                    yield status.st_dev, status.st_ino
