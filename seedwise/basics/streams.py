"""Standard output and error while a command prints: what users have written cannot steer the terminal."""

from __future__ import annotations

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


@contextmanager
def visible_output() -> Iterator[None]:
    """Let nothing but visible characters and line ends be printed while the block runs."""
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Visible(stream) if stream else stream for stream in (out, err))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
