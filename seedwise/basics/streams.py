"""Standard streams of a command: they are there, and what users have written cannot steer the terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from seedwise.basics.names import visible


class _Visible:
    """A text stream that is written to as `visible` makes it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text without control characters."""
        return self._stream.write(visible(text))


def prepare_streams() -> None:
    """Let a command print whatever its standard streams are.

    Those without which it was started, as by `>&-`, read and write nothing: Python has None in their place, and the
    next file that is opened would become the standard output of all that this process starts. Where an encoding lacks
    a letter, as that of a file on Windows lacks Δ, its number is written, as on standard error.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def is_notebook() -> bool:
    """Whether a cell of a notebook has started this process: its terminal neither takes answers nor moves up a line."""
    return "JPY_PARENT_PID" in os.environ or os.environ.get("MPLBACKEND", "").endswith("backend_inline")


@contextmanager
def visible_output() -> Iterator[None]:
    """Let nothing but visible characters and line ends be printed while the block runs."""
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Visible(stream) if stream else stream for stream in (out, err))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
