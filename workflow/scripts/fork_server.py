"""Start jobs as forks of this process, which has imported what their scripts import.

seedwise/workflow/forks.py starts this process and asks it for each job. It ends when nobody can ask any more.
"""

from __future__ import annotations

import atexit
import importlib
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import seedwise
from seedwise.basics.command_line import show_command_line
from seedwise.basics.errors import end_at_once, run_script
from seedwise.workflow.fork_server import preload, serve
from seedwise.workflow.forks import ENDED, GO, Job

SCRIPTS = Path(__file__).parent


class Process:
    """Whether this process has done what it was to do."""

    succeeded = False


def main() -> None:
    """Import the modules that the command line names, then serve the socket that it names."""
    requests, _padding, *modules = sys.argv[1:]
    # What is registered first is called last: after what modules register, and before Python takes them all apart.
    atexit.register(lambda: end_at_once() if Process.succeeded else None)
    interrupt = signal.getsignal(signal.SIGINT)
    if interrupt != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # an import that it interrupts may fail in any way
    unchanged = preload(modules, [SCRIPTS, Path(seedwise.__file__).parent])
    if unchanged is None:
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the jobs that it interrupts
    show_command_line(["python", str(SCRIPTS / "fork_server.py")])
    asked = serve(socket.socket(fileno=int(requests)), unchanged)
    if asked:
        signal.signal(signal.SIGINT, interrupt)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        run(*asked)
    Process.succeeded = True


def run(job: Job, status: socket.socket) -> None:
    """Be the process of a job, once whoever asked for it knows of it: else somebody else may do it."""
    if not status.recv(len(GO)):
        os._exit(1)
    file = SCRIPTS / f"{job.script}.py"
    sys.modules["__main__"].__file__ = str(file)
    sys.argv = [str(file), *job.words]
    show_command_line(["python", *sys.argv])
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # Python's own generator seeds itself again
    try:
        run_script(importlib.import_module(job.script).main)
    except SystemExit as end:
        Process.succeeded = not end.code
        if Process.succeeded:
            with suppress(OSError):  # nobody waits for it any more
                status.send(ENDED)
        raise


if __name__ == "__main__":
    main()
