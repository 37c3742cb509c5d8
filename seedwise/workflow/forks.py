"""Jobs started as forks of a process that has imported what their scripts import, which takes longer than some jobs.

A fork server, workflow/scripts/fork_server.py, is a child of Snakemake. A fork has the environment, the working folder,
the output and the command line that the shell would have given it. Whatever a fork server cannot start, or not in the
same way, the shell starts as always.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from seedwise.basics.interrupts import INTERRUPTED

MOST_BYTES = 1 << 20
"""Bytes of a request; Snakemake writes a command of 65 535 characters or more to a file."""
ENCODING: dict[str, str] = {"encoding": "utf-8", "errors": "surrogateescape"}
NO, GO, ENDED = b"no", b"go", b"ended"
"""What a fork server answers if it cannot fork; what a fork waits for; what it says when it has succeeded, in case its
server is gone by then."""
ROOM = 4096
"""Characters of a command line that a fork can show."""
SCRIPTS = "$SEEDWISE_SCRIPTS/"
START = f'set -euo pipefail; python "{SCRIPTS}"fork_server.py "$@" 2>&1'
"""A shell replaces itself by a last command without such a redirection, and then counts itself off SHLVL."""
THREADS = "OPENBLAS_NUM_THREADS"


@dataclass(frozen=True)
class Job:
    """What a fork is to do: a script by name, its words, and the file that its output goes to."""

    script: str
    words: list[str]
    log: str


def read_command(command: str) -> Job | None:
    """Return what a command of our rules does; None for any other one, such as one in a container."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    match words:
        case ["set", "-euo", "pipefail;", "python", script, *rest, ">", log, "2>&1"] if script.startswith(SCRIPTS):
            return Job(script.removeprefix(SCRIPTS).removesuffix(".py"), rest, log)
    return None


class ForkedProcess:
    """A fork, with what Snakemake uses of a `subprocess.Popen`."""

    stdout = None

    def __init__(self, pid: int, status: socket.socket, at_success: Callable[[], None]) -> None:
        self.pid = pid
        self._status, self._at_success = status, at_success
        self.returncode: int | None = None

    def wait(self) -> int:
        """Wait for the end; return the exit status that a shell has.

        Should the fork server be gone, which alone knows of a failure, it is that of SIGKILL unless the fork itself has
        said that it ended well.
        """
        if self.returncode is None:
            status = 128 + signal.SIGKILL
            with self._status:
                while told := self._status.recv(64):
                    status = 0 if told == ENDED else int(told)
                    if told != ENDED:
                        break
                self.returncode = status
            if status == 0:
                self._at_success()
        return self.returncode

    def kill(self) -> None:
        """Kill the process."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        if self.returncode is None:  # else its id may be another's
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class ForkServer:
    """A process that forks: it has imported modules, and starts jobs whose environment is its own."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str], shell: str) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [str(theirs.fileno()), "-" * ROOM, *modules]
        with theirs, ExitStack() as at_failure:
            at_failure.callback(self._requests.close)
            # By the shell, so that variables such as SHLVL are those of a job.
            self._process = subprocess.Popen(
                [shell, "-c", START, "fork_server", *words],
                env=environment,
                pass_fds=[theirs.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            at_failure.pop_all()

    def start(self, job: Job, at_success: Callable[[], None]) -> ForkedProcess | None:
        """Start a job, and do something when it has succeeded; None if this process cannot start it.

        Raises:
            CalledProcessError: it was interrupted while it imported its modules.
        """
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps(asdict(job), ensure_ascii=False).encode(**ENCODING)
        answer = NO
        with theirs, self._lock, suppress(OSError):  # it has ended, or the request is too long
            self._asked = True
            socket.send_fds(self._requests, [request], [theirs.fileno()])
            answer = self._requests.recv(64)
        if answer and answer != NO:
            with suppress(OSError):  # it has been killed
                status.send(GO)
            return ForkedProcess(int(answer), status, at_success)
        status.close()
        if (self._process.poll() if answer else self._process.wait()) in (-signal.SIGINT, INTERRUPTED):
            raise subprocess.CalledProcessError(INTERRUPTED, job.script)
        return None

    def close(self) -> None:
        """End the process, which leaves jobs that still run to themselves; nobody waits for what it still imports."""
        self._requests.close()
        if self._asked:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)


class ForkServers:
    """Starts the jobs of scripts as forks: one fork server for all scripts with the same modules, in each environment.

    Args:
        modules: of each script that is to be forked, what its fork server imports.
        single_threaded: those of the modules that start threads unless they are told to have one.
        shell: the shell that would start the jobs, and that starts their fork servers.
        folder: where the logs of the jobs are; others are left to the shell.
    """

    def __init__(
        self, modules: Mapping[str, Sequence[str]], single_threaded: Collection[str], shell: str, folder: Path
    ) -> None:
        self._modules, self._single_threaded = modules, frozenset(single_threaded)
        self._shell, self._folder = shell, folder
        self._servers: dict[tuple[object, ...], ForkServer | None] = {}
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}
        self._next: dict[str, Callable[[], None]] = {}

    def prepare(self, script: str, environment: Mapping[str, str]) -> None:
        """Begin to import what a script imports, for its jobs in an environment."""
        self._server(script, environment)

    def before_last(self, script: str, jobs: int, act: Callable[[], None]) -> None:
        """Have something done once all but one of a number of jobs have succeeded: a core may be idle then."""
        self._left[script], self._next[script] = jobs, act

    def start(self, command: str, environment: Mapping[str, str], shell: str | None) -> ForkedProcess | None:
        """Start a command of our rules as a fork; None for any other one, and where that cannot be.

        Raises:
            CalledProcessError: it was interrupted.
        """
        job = read_command(command)
        if job is None or job.script not in self._modules or not Path(job.log).is_relative_to(self._folder):
            return None
        if shell != self._shell or not _can_be_written(job.log):
            return None
        server = self._server(job.script, environment)
        return server.start(job, lambda: self._succeeded(job.script)) if server else None

    def close(self) -> None:
        """End the fork servers, when Snakemake ends."""
        for server in filter(None, self._servers.values()):
            server.close()

    def _server(self, script: str, environment: Mapping[str, str]) -> ForkServer | None:
        modules = tuple(self._modules[script])
        if environment.get(THREADS) != "1" and not self._single_threaded.isdisjoint(modules):
            return None
        with self._lock:
            key = (modules, *sorted(environment.items()))
            if key not in self._servers:
                self._servers[key] = None
                with suppress(OSError):  # no further process, or no such socket
                    self._servers[key] = ForkServer(modules, environment, self._shell)
            return self._servers[key]

    def _succeeded(self, script: str) -> None:
        with self._lock:
            self._left[script] = left = self._left.get(script, 0) - 1
        if left == 1 and script in self._next:
            self._next[script]()


def _can_be_written(log: str) -> bool:
    """Whether a log can be opened; the shell says why not."""
    try:
        with open(log, "ab"):  # noqa: PTH123 - as the shell names it
            return True
    except OSError:
        return False


def can_fork() -> bool:
    """Whether forks can be waited for on this system: on Linux from 5.3 on."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return sys.platform == "linux"
