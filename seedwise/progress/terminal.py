"""A terminal with lines that stay at its bottom while everything else scrolls above them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from typing import Any, TextIO

from seedwise.basics.streams import is_notebook


class Terminal:
    """A terminal stream with fixed lines at its bottom: all other output goes above them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._lines: Sequence[str] = ()
        self._drawn = 0
        self._at_start = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write above the fixed lines."""
        with self._lock:
            self._at_start = text.endswith("\n") if text else self._at_start
            self._draw(text)
        return len(text)

    def show(self, lines: Sequence[str]) -> None:
        """Replace the fixed lines."""
        with self._lock:
            self._lines = lines
            self._draw("")

    def _draw(self, text: str) -> None:
        """Write a text in the place of the lines, and the lines below it; all at once, or the lines would flicker."""
        erased = f"\r\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        lines = self._lines if self._at_start else ()
        self._stream.write("".join([erased, text, *(f"{line}\n" for line in lines)]))
        self._drawn = len(lines)
        self._stream.flush()


def can_redraw(stream: TextIO) -> bool:
    """Whether lines on a stream can be drawn again in place."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not is_notebook()


def size(stream: TextIO) -> os.terminal_size:
    """Return the columns and lines of a terminal."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return shutil.get_terminal_size()
    return found if found.columns else shutil.get_terminal_size()
