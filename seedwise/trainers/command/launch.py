"""Starting a program, passing on signals, and ending it and its descendants when its time is over."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.errors import UserError
from seedwise.basics.secrets import Veil, known

GRACE = 30.0
"""Seconds that a program has between SIGTERM and SIGKILL, to save what it needs."""
_BLOCK = 1 << 16  # bytes; what a pipe holds
_POLL = 0.5  # seconds between looks for a signal
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # prctl(2)
_GENERATIONS = 100  # of descendants, each of which becomes a child when the one before it has ended


class Ended(NamedTuple):
    """How a program ended: its exit status, negative for a signal, and whether its time was over."""

    status: int
    timed_out: bool


class Stopped(KeyboardInterrupt):
    """The run was stopped by a signal from outside, such as the SIGTERM of a scheduler."""


def launch(
    words: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    output: int,
    keep_open: Sequence[int] = (),
    time_limit: float | None = None,
) -> Ended:
    """Run a program to its end.

    It has a process group of its own, so that SIGTERM and Ctrl-C are passed on to all its descendants: they have
    `GRACE` seconds to save what they need. If this process is killed, so is the program.

    Args:
        words: of the command.
        folder: its working folder.
        variables: its environment.
        output: descriptor that takes what it prints, with the secrets in its environment masked. The program has a pipe
            instead of it: if it had the file, a shell script's `echo message > /dev/stderr` would empty the log.
        keep_open: descriptors that it inherits, so that a lock is held as long as any of its processes lives.
        time_limit: seconds after which it is stopped.

    Raises:
        UserError: it cannot be started, or its output cannot be saved.
        Stopped: a signal stopped this process, after the program has ended.
    """
    began = time.monotonic()
    _adopt_orphans()
    others = _children()
    with _signals() as stopped, _pipe_to(output, Veil(known(variables))) as pipe:
        try:
            program = subprocess.Popen(
                words,
                cwd=folder,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                pass_fds=keep_open,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )
        except OSError as error:
            raise UserError(f"{words[0]}: cannot be started in {folder} ({error.strerror or error})") from error
        timed_out = False
        while program.poll() is None and not stopped():
            left = _POLL if time_limit is None else began + time_limit - time.monotonic()
            if left <= 0:
                timed_out = True
                _end(program)
            else:
                _wait(program, min(_POLL, left))
        if number := stopped():  # the program may have ended because of the same signal
            _end(program, number)
        _end_orphans(others)
        if number:
            raise Stopped("interrupted")
    return Ended(program.returncode, timed_out)


@contextmanager
def _pipe_to(output: int, veil: Veil) -> Iterator[int]:
    """Yield the end of a pipe that can be written; what is written there goes to `output`.

    Raises:
        UserError: it could not be written there, because the disk is full; numbers in the output may be lost.
    """
    source, sink = os.pipe()
    target = os.dup(output)  # its own, because a process in the background may outlive `output`
    problems: list[OSError] = []

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(target, data) :]

    def copy() -> None:
        try:
            while data := os.read(source, _BLOCK):
                write(veil(data))
            write(veil.rest())
        except OSError as error:
            problems.append(error)
        finally:  # a program whose output goes nowhere is not left waiting: its next word is an error to it
            os.close(source)
            os.close(target)

    copying = threading.Thread(target=copy, daemon=True)
    copying.start()
    try:
        yield sink
    finally:
        os.close(sink)
        copying.join(GRACE)  # its end comes with the last process that writes to it
    if problems:
        raise UserError(f"what it printed cannot be written to its log ({problems[0].strerror})") from problems[0]


@contextmanager
def _signals() -> Iterator[Callable[[], int | None]]:
    """Note SIGTERM and SIGINT instead of ending at once; yields a function that returns the first of them, if any."""
    received: list[int] = []
    known = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            known[number] = signal.signal(number, lambda number, _: received.append(number))
    try:
        yield lambda: received[0] if received else None
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


def _wait(program: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until a program ends, but no longer than so many seconds."""
    with suppress(AttributeError, OSError):  # of systems that cannot wait for an event: Linux can
        descriptor = os.pidfd_open(program.pid)
        try:
            end = select.poll()
            end.register(descriptor, select.POLLIN)
            end.poll(1000 * seconds)
        finally:
            os.close(descriptor)
        return
    with suppress(subprocess.TimeoutExpired):  # this looks every 50 ms, which may be longer than the program runs
        program.wait(seconds)


def _end(program: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """Send a signal to all processes of a program, and SIGKILL to those that are left after `GRACE` seconds."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, number)
    with suppress(subprocess.TimeoutExpired):
        program.wait(GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def _adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that none of them outlives the run; Linux only."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)


def _end_orphans(others: set[int]) -> None:
    """End what a program has left running in the background: it would hold the run's lock, and the machine.

    Args:
        others: children of this process that are not the program's.
    """
    for _ in range(_GENERATIONS):
        orphans = _children() - others
        for orphan in orphans:
            with suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)
        if not orphans:
            return


def _children() -> set[int]:
    """Return the ids of the children of this process; none where the system does not say."""
    found: set[int] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found |= set(map(int, children.read_text(encoding="ascii").split()))
    return found


def _die_with_parent() -> Callable[[], None] | None:
    """Return what makes a child end when this process is killed; only Linux can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed before the request
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
