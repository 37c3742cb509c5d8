"""Start jobs as forks of this process, which has imported what their scripts import.

seedwise/workflow/forks.py starts this process and asks it for each job. It ends when nobody can ask any more.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seedwise.basics.command_line import show_command_line
from seedwise.basics.errors import run_script
from seedwise.workflow.forks import MOST_BYTES, Job

SURVIVES = "jemalloc_bg_thd"
"""The thread of pyarrow's allocator, which copes with forks."""


def main() -> None:
    """Import the modules that the command line names, then serve the socket that it names."""
    requests, _room, *modules = sys.argv[1:]
    prepare(modules)
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the jobs that it interrupts
    job = serve(socket.socket(fileno=int(requests)))
    if job is None:
        os._exit(0)
    signal.signal(signal.SIGINT, interrupt)
    run(job)


def prepare(modules: list[str]) -> None:
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


def run(job: Job) -> None:
    """Be the job's process."""
    file = Path(__file__).with_name(f"{job.script}.py")
    sys.argv = [str(file), *job.words]
    show_command_line(["python", *sys.argv])
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # Python's own generators seed themselves again
    run_script(importlib.import_module(job.script).main, tidy=False)


@dataclass(frozen=True)
class Fork:
    """A job that runs: its process, by id and by descriptor, and the socket that gets its exit status."""

    pid: int
    process: int
    answer: socket.socket

    def tell_status(self) -> None:
        """Send the exit status, as `subprocess` has it; the process stays a zombie, which can still be looked at."""
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
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


if __name__ == "__main__":
    main()
