"""Start jobs as forks of this process, which has imported what their scripts import.

seedwise/workflow/forks.py starts this process and asks it for each job. It ends when nobody can ask any more.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
from pathlib import Path

from seedwise.basics.command_line import show_command_line
from seedwise.basics.errors import run_script
from seedwise.workflow.fork_server import prepare, serve
from seedwise.workflow.forks import Job


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


def run(job: Job) -> None:
    """Be the process of a job."""
    file = Path(__file__).with_name(f"{job.script}.py")
    sys.argv = [str(file), *job.words]
    show_command_line(["python", *sys.argv])
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # Python's own generator seeds itself again
    run_script(importlib.import_module(job.script).main, tidy=False)


if __name__ == "__main__":
    main()
