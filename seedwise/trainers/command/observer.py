"""Watching a program from outside while it runs: its memory, and the files that it holds open for writing."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from seedwise.trainers.command.failure import last_lines

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LONGEST_PAUSE = 0.5
_SYSTEM = ("/dev/", "/proc/", "/sys/", "/memfd:", "/run/")
SAY_EVERY = 10.0
"""Seconds between lines of progress."""


class Observer:
    """Watches all processes of the program that this process starts while the block runs.

    Only Linux shows other processes as files. Elsewhere the memory is that of the largest process.

    Args:
        folder: the run's folder, into which the program may write.
        log: file with what the program prints.
        say: called every few seconds with the time and the last line that was printed.

    Attributes:
        memory: bytes of memory at the peak, of all processes together; None if it ended before it was seen.
        outside: files elsewhere that it had open for writing; short-lived ones are missed.
    """

    def __init__(self, folder: Path, log: Path, say: Callable[[float, str], None]) -> None:
        self.memory: int | None = None
        self.outside: set[str] = set()
        self._log, self._say = log, say
        # A program may write what nobody keeps.
        caches = (tempfile.gettempdir(), os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
        below = [str(folder), *(cache for cache in caches if not folder.is_relative_to(cache))]
        self._passed_over = (*_SYSTEM, *(f"{place}/" for place in below))
        self._others = set(_children_with_sessions(process_table()))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if sys.platform == "darwin":
            self.memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    def _watch(self) -> None:
        said = self._began
        while True:
            now = time.monotonic()
            if self._ended.wait(min(_LONGEST_PAUSE, 0.02 + (now - self._began) / 50)):
                return
            with suppress(OSError, ValueError):
                self._look()
            if time.monotonic() - said >= SAY_EVERY:
                said = time.monotonic()
                self._say(said - self._began, _last_line(self._log))

    def _look(self) -> None:
        processes = list(_processes(self._others))
        if not processes:
            return
        sizes = [_memory(process, shared=len(processes) > 1) for process in processes]
        self.memory = max(self.memory or 0, sum(sizes))
        for process in processes:
            self.outside.update(name for name in files_written(process) if not name.startswith(self._passed_over))


class Process(NamedTuple):
    """A process as Linux shows it: its folder in /proc, and the numbers of its parent, group and session."""

    folder: Path
    parent: int
    group: int
    session: int


def process_table() -> dict[int, Process]:
    """Return all processes that can be seen; none where they are not shown as files."""
    found: dict[int, Process] = {}
    for entry in os.scandir(_PROC) if _PROC.is_dir() else ():
        if entry.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                fields = (_PROC / entry.name / "stat").read_text().rpartition(")")[2].split()
                found[int(entry.name)] = Process(_PROC / entry.name, int(fields[1]), int(fields[2]), int(fields[3]))
    return found


def _children_with_sessions(found: Mapping[int, Process]) -> Iterator[int]:
    """Yield the children of this process that lead a session, as a program does."""
    own = os.getpid()
    yield from (pid for pid, process in found.items() if process.parent == own and pid == process.session)


def _processes(others: Set[int]) -> Iterator[Path]:
    """Yield the processes of the sessions that children of this process lead, without those of other children."""
    found = process_table()
    own_words = (_PROC / "self/cmdline").read_bytes() if found else b""
    for pid, process in list(found.items()):
        with suppress(OSError):
            if (process.folder / "cmdline").read_bytes() == own_words:
                del found[pid]  # a child that has not become the program yet
    sessions = set(_children_with_sessions(found)) - others
    yield from (process.folder for process in found.values() if process.session in sessions)


def _memory(process: Path, shared: bool) -> int:
    """Return the memory of a process; of what it shares with others, its part."""
    with suppress(OSError, ValueError, StopIteration):
        if shared:
            lines = (process / "smaps_rollup").read_text().splitlines()
            return 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        return _PAGE * int((process / "statm").read_text().split()[1])
    return 0


def files_written(process: Path) -> Iterator[str]:
    """Yield the files that a process has open for writing."""
    with suppress(OSError):
        for entry in os.scandir(process / "fd"):
            with suppress(OSError, ValueError, StopIteration):
                name = os.readlink(entry.path)  # noqa: PTH115 -- may be no path, such as pipe:[1]
                if not name.startswith("/") or name.endswith(" (deleted)"):
                    continue
                lines = (process / "fdinfo" / entry.name).read_text().splitlines()
                flags = int(next(line for line in lines if line.startswith("flags:")).split()[1], 8)
                if flags & os.O_ACCMODE != os.O_RDONLY and Path(name).is_file():
                    yield name


def _last_line(log: Path) -> str:
    return next(iter(last_lines(log, 0, 1)), "")
