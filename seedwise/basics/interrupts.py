"""Ctrl-C while a module is imported: compiled modules turn a KeyboardInterrupt into other errors, so none is raised."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType

INTERRUPTED = 130
"""Exit status of a command that was interrupted, as shells have it."""
LINE = "interrupted"


def answer_interrupts() -> None:
    """Let SIGINT interrupt this process as always, but end it at once while it imports a module."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:  # else it is ignored, or answered otherwise
        signal.signal(signal.SIGINT, _answer)


def interrupt_imports_too() -> None:
    """Let SIGINT raise a KeyboardInterrupt at any time again, for a command that has something to do after it."""
    if signal.getsignal(signal.SIGINT) == _answer:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_if_importing(frame: FrameType | None) -> None:
    """End this process if a module is being imported; nothing has to be tidied up then."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            with suppress(OSError, RuntimeError):  # the stream is being written to
                sys.stdout.flush()
            os.write(2, f"{LINE}\n".encode())
            os._exit(INTERRUPTED)
        frame = frame.f_back


def _answer(_number: int, frame: FrameType | None) -> None:
    end_if_importing(frame)
    raise KeyboardInterrupt
