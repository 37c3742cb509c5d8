"""A process that has imported modules, and forks itself for each job that it is asked for."""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seedwise.workflow.forks import ENCODING, ENDED, MOST_BYTES, NO, Job

SURVIVES = "jemalloc_bg_thd"
"""The thread of pyarrow's allocator, which copes with forks."""


def prepare(modules: Sequence[str], folders: Sequence[Path]) -> Callable[[], bool]:
    """Import modules for all forks.

    Ends this process if that has started a thread, which no fork would have, or if a file was changed meanwhile.

    Args:
        modules: by name.
        folders: of our own code.

    Returns:
        A function that tells whether the files of our own code are still those that were imported.
    """
    before = _stamps(file for folder in folders for file in folder.rglob("*.py"))
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    files = {Path(file) for module in sys.modules.values() if (file := getattr(module, "__file__", None))}
    imported = _stamps(files & before.keys())

    def unchanged() -> bool:
        return all(before[file] == imported[file] for file in imported) and _stamps(imported) == imported

    others = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    if any((task / "comm").read_text().strip() != SURVIVES for task in others) or not unchanged():
        sys.exit(1)
    return unchanged


def _stamps(files: Iterable[Path]) -> dict[Path, tuple[int, ...] | None]:
    """Return what changes whenever somebody writes to a file, or puts another one in its place."""
    stamps: dict[Path, tuple[int, ...] | None] = {}
    for file in files:
        try:
            found = file.stat()
            stamps[file] = found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
        except OSError:
            stamps[file] = None
    return stamps


@dataclass(frozen=True)
class Fork:
    """A job that runs: its process, by id and by descriptor, and the socket that gets its exit status."""

    pid: int
    process: int
    answer: socket.socket

    def tell_status(self) -> None:
        """Send the exit status, as a shell has it; the process stays a zombie, which can still be looked at."""
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None  # as without WNOHANG
        status = ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status
        with suppress(OSError):  # nobody asks any more
            self.answer.send(b"%d" % status)

    def close(self) -> None:
        """Close both descriptors."""
        os.close(self.process)
        self.answer.close()


def serve(requests: socket.socket, can_fork: Callable[[], bool]) -> tuple[Job, Callable[[], None]] | None:
    """Fork this process for each request; return its job in each fork, and None once nobody can ask any more.

    With the job comes a function that says that it has ended well, should this process no longer be there to say so.
    """
    running: dict[int, Fork] = {}  # by the descriptor of the process
    ended: dict[int, Fork] = {}  # by that of the socket, until the other side has closed it
    ready = select.poll()
    ready.register(requests, select.POLLIN)
    while True:
        for found, _ in ready.poll():
            if fork := running.pop(found, None):
                fork.tell_status()
                ready.unregister(found)
                ready.register(fork.answer, select.POLLIN)
                ended[fork.answer.fileno()] = fork
            elif fork := ended.pop(found, None):
                ready.unregister(found)
                os.waitpid(fork.pid, 0)
                fork.close()
            else:
                text, descriptors, *_ = socket.recv_fds(requests, MOST_BYTES, 1)
                if not text:
                    for fork in ended.values():  # so that whoever waits for this process is told what they took
                        os.waitpid(fork.pid, 0)
                    if running:
                        os._exit(0)  # what is tidied up at the end may be theirs, too
                    return None
                answer = socket.socket(fileno=descriptors[0])
                answer.set_inheritable(False)
                pid = _fork() if can_fork() else None
                if pid == 0:
                    for other in (*running.values(), *ended.values()):
                        other.close()
                    requests.close()
                    return Job(**json.loads(text.decode(**ENCODING))), partial(_say_ended, answer)
                process = _descriptor(pid) if pid else None
                if pid and process:
                    running[process] = Fork(pid, process, answer)
                    ready.register(process, select.POLLIN)
                else:
                    answer.close()
                    pid = None
                requests.send(b"%d" % pid if pid else NO)


def _fork() -> int | None:
    """Fork; return None where the system allows no further process."""
    try:
        pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        # Temporary folders of imported modules belong to the other process, and go with it.
        for finalizer in list(getattr(weakref.finalize, "_registry", ())):
            finalizer.atexit = False
    return pid


def _descriptor(pid: int) -> int | None:
    """Return a descriptor of a fork; where there can be no further one, end the fork and return None."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None


def _say_ended(answer: socket.socket) -> None:
    with suppress(OSError):
        answer.send(ENDED)
