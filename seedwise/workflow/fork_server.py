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
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seedwise.workflow.forks import MOST_BYTES, Job

SURVIVES = "jemalloc_bg_thd"
"""The thread of pyarrow's allocator, which copes with forks."""


def prepare(modules: Sequence[str]) -> None:
    """Import modules for all forks; end this process if that has started a thread, which no fork would have."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an import that it interrupts may fail in any way
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    others = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    if any((task / "comm").read_text().strip() != SURVIVES for task in others):
        sys.exit("there are threads, so that this process cannot be forked")


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


def serve(requests: socket.socket) -> Job | None:
    """Fork this process for each request; return its job in each fork, and None once nobody can ask any more."""
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
                    return None
                answer = socket.socket(fileno=descriptors[0])
                pid = os.fork()
                if pid == 0:
                    for other in (*running.values(), *ended.values()):
                        other.close()
                    answer.close()
                    requests.close()
                    return Job(**json.loads(text))
                fork = Fork(pid, os.pidfd_open(pid), answer)
                running[fork.process] = fork
                ready.register(fork.process, select.POLLIN)
                requests.send(b"%d" % pid)
