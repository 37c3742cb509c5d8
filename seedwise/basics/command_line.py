"""The command line that a process shows to others."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path

ARG_START, ARG_END = 45, 46
"""Fields 48 and 49 of proc_pid_stat(5), counted from the one after the program's name."""


def show_command_line(words: Sequence[str]) -> None:
    """Show other words as the command line of this process, as in `ps`; what its own had no room for is left out.

    On Linux only, where the words lie in the memory of the process.
    """
    if sys.platform != "linux":
        return
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    start, end = int(fields[ARG_START]), int(fields[ARG_END])
    room = end - start - 1  # the last byte stays zero: Linux takes another one for a sign that the words end elsewhere
    shown = b"\0".join(word.encode(errors="surrogateescape") for word in words)[:room]
    ctypes.memmove(start, shown.ljust(room, b"\0"), room)
