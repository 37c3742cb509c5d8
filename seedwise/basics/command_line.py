"""The command line that a process shows to others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PROCESS = Path("/proc/self")
ARG_START, ARG_END = 45, 46
"""Fields 48 and 49 of proc_pid_stat(5), counted from the one after the program's name."""


def show_command_line(words: Sequence[str]) -> None:
    """Show words as this process's command line, as `ps` does, cut to the room of the original one.

    On Linux only, where it lies in the memory of the process. A last byte that is not zero says that it is one text,
    which ends with the first zero, as setproctitle(3) does it.
    """
    with suppress(OSError, ValueError, IndexError):
        shown_now = (PROCESS / "cmdline").read_bytes()
        fields = (PROCESS / "stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[ARG_START]), int(fields[ARG_END])
        with (PROCESS / "mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            if memory.read(len(shown_now)) != shown_now or start + len(shown_now) > end:
                return  # it lies elsewhere
            text = " ".join(words).encode(errors="surrogateescape")[: end - start - 2]
            memory.seek(start)
            memory.write(text.ljust(end - start - 1, b"\0") + b" ")
