"""Starts Snakemake as a program of its own, so that Ctrl-C ends it in a line and with status 130, whenever it comes.

A reader of its output that leaves early, as `| head` does, stops nothing.

Run as a file, not as a module, so that no module of the user's folder can stand in for another. The process that starts
it blocks SIGINT, so that a Ctrl-C while Python itself starts waits until it can be answered.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

sys.path.append(str(Path(__file__).parents[2]))

from seedwise.basics.interrupts import INTERRUPTED, LINE, end_if_importing
from seedwise.workflow.garbage import plan_without_collecting

_ONE_PRESS = 2.0  # seconds in which more of them mean the same: Snakemake is about to stop


class Interrupts:
    """Answers SIGINT: the first one interrupts, and so does each one that comes long after it."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.starting = True  # Snakemake is being imported; later, runs may be on their way

    def listen(self) -> None:
        """Answer from now on, also what has come before; a process that was told to ignore SIGINT still does."""
        sys.excepthook = _unless_interrupted(sys.excepthook)
        sys.unraisablehook = _unless_interrupted(sys.unraisablehook)
        threading.excepthook = _unless_interrupted(threading.excepthook)
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._answer)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def _answer(self, _number: int, frame: FrameType | None) -> None:
        if self.starting:
            end_if_importing(frame)
        now = time.monotonic()
        if self.last is None or now - self.last > _ONE_PRESS:
            self.last = now
            raise KeyboardInterrupt


def _unless_interrupted(hook: Any) -> Any:
    """Return a hook that says nothing of a KeyboardInterrupt."""

    def quiet(*arguments: Any) -> None:
        kind = arguments[0] if isinstance(arguments[0], type) else arguments[0].exc_type
        if not issubclass(kind, KeyboardInterrupt):
            hook(*arguments)

    return quiet


class _Lasting(io.FileIO):
    """A descriptor that drops what is written once its reader has left, as also the programs do that inherit it."""

    def write(self, data: Any, /) -> int:
        """Write bytes; without a reader, nowhere."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def _lasting(stream: TextIO) -> TextIO:
    """Return a stream to the same place, as it was, that outlasts its reader."""
    raw = _Lasting(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=bool(stream.line_buffering),
    )


def main() -> int:
    """Run Snakemake on the words of the command line; return its exit status, or 130 if it was interrupted."""
    interrupts = Interrupts()
    try:
        interrupts.listen()
        plan_without_collecting()
        sys.stdout, sys.stderr = _lasting(sys.stdout), _lasting(sys.stderr)
        with suppress(ImportError):  # the Snakefile needs it
            import pydantic  # noqa: F401
        from seedwise.workflow.at_once import with_number_of_cores

        sys.argv = with_number_of_cores(sys.argv)
        from snakemake.cli import main as snakemake

        interrupts.starting = False
        snakemake()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # no run is waited for, so that this ends at once
        print(LINE, file=sys.stderr)
    except SystemExit as end:
        if interrupts.last is None:
            raise
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    return 0 if interrupts.last is None else INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
