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
import sysconfig
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seedwise.workflow.forks import ENCODING, MOST_BYTES, NO, Job

SURVIVES = "jemalloc_bg_thd"
"""The thread of pyarrow's allocator, which copes with forks."""


def preload(modules: Sequence[str], folders: Sequence[Path]) -> Callable[[], bool] | None:
    """Import modules for all forks.

    Args:
        modules: by name.
        folders: of our own code.

    Returns:
        A function that tells whether the code is still what was imported: our own files, and, by the folders in which
        they are installed, the packages of others. None if a file was changed meanwhile, or if an import started a
        thread, which forks would lack.
    """
    before = _stamps(file for folder in folders for file in folder.rglob("*.py"))
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    files = {Path(file) for module in sys.modules.values() if (file := getattr(module, "__file__", None))}
    own = {file: before[file] for file in files & before.keys()}
    installed = _stamps(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))
    imported = own | installed
    others = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    if any((task / "comm").read_text().strip() != SURVIVES for task in others) or _stamps(imported) != imported:
        return None
    return lambda: _stamps(imported) == imported


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
    status: socket.socket

    def tell_status(self) -> None:
        """Send the exit status, as a shell has it; the process stays a zombie, which can still be looked at."""
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None  # as without WNOHANG
        code = ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status
        with suppress(OSError):  # nobody asks any more
            self.status.send(b"%d" % code)

    def close(self) -> None:
        """Close both descriptors."""
        os.close(self.process)
        self.status.close()


def serve(requests: socket.socket, unchanged: Callable[[], bool]) -> tuple[Job, socket.socket] | None:
    """Fork this process for each request; return its job in each fork, and None once nobody can ask any more.

    With the job comes the socket at which whoever asked says that it may begin, and is told how it ended.
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
                ready.register(fork.status, select.POLLIN)
                ended[fork.status.fileno()] = fork
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
                status = socket.socket(fileno=descriptors[0]) if descriptors else None
                pid = _fork() if status and unchanged() else None
                if pid == 0 and status:
                    for other in (*running.values(), *ended.values()):
                        other.close()
                    requests.close()
                    return Job(**json.loads(text.decode(**ENCODING))), status
                process = _descriptor(pid) if pid else None
                if pid and process and status:
                    running[process] = Fork(pid, process, status)
                    ready.register(process, select.POLLIN)
                    answer = b"%d" % pid
                else:
                    answer = NO
                    if status:
                        status.close()
                with suppress(OSError):  # nobody is there any more, as the next request will show
                    requests.send(answer)


def _fork() -> int | None:
    """Fork, with SIGINT blocked in the fork; return None where the system allows no further process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pid = os.fork()
    except OSError:
        pid = None
    if pid == 0:
        # Temporary folders of imported modules belong to the other process, and go with it.
        for finalizer in list(getattr(weakref.finalize, "_registry", ())):
            finalizer.detach()
    else:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _descriptor(pid: int) -> int | None:
    """Return a descriptor of a fork; where there can be no further one, end the fork and return None."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None
