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
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass

from seedwise.basics.interrupts import INTERRUPTED

MOST_BYTES = 1 << 20
"""Bytes of a request; a command of 65 535 characters or more, Snakemake writes to a file."""
ENCODING: dict[str, str] = {"encoding": "utf-8", "errors": "surrogateescape"}
NO, ENDED = b"no", b"ended"
"""What a fork server says where it cannot fork, and a fork that has ended well, before its fork server does."""
ROOM = 4096
"""Characters of a command line that a fork can show."""
SCRIPTS = "$SEEDWISE_SCRIPTS/"


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

    def __init__(self, pid: int, status: socket.socket, at_end: Callable[[], None]) -> None:
        self.pid = pid
        self._status, self._at_end = status, at_end
        self._waited_for = False

    def wait(self) -> int:
        """Wait for the end; return the exit status that a shell has.

        Should the fork server be gone, which alone knows of a failure, it is that of SIGKILL unless the fork itself has
        said that it ended well.
        """
        status = 128 + signal.SIGKILL
        with self._status:
            while told := self._status.recv(64):
                status = 0 if told == ENDED else int(told)
                if told != ENDED:
                    break
            self._waited_for = True
        self._at_end()
        return status

    def kill(self) -> None:
        """Kill the process."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        if not self._waited_for:  # else its id may be another's
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
            # Not by `exec`, so that the shell's variables, such as SHLVL, are those of a job.
            self._process = subprocess.Popen(  # noqa: S602 - Snakemake starts its jobs in the same way
                f'python "{SCRIPTS}"fork_server.py {shlex.join(words)} > {os.devnull} 2>&1',
                shell=True,
                executable=shell,
                env=environment,
                pass_fds=[theirs.fileno()],
            )
            at_failure.pop_all()

    def start(self, job: Job, at_end: Callable[[], None]) -> ForkedProcess | None:
        """Start a job, and do something when it has ended; None if this process cannot start it.

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
            return ForkedProcess(int(answer), status, at_end)
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
        shell: the shell that would start the jobs, and that starts their fork servers.
    """

    def __init__(self, modules: Mapping[str, Sequence[str]], shell: str) -> None:
        self._modules, self._shell = modules, shell
        self._servers: dict[tuple[object, ...], ForkServer | None] = {}
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}
        self._next: dict[str, Callable[[], None]] = {}

    def prepare(self, script: str, environment: Mapping[str, str]) -> None:
        """Begin to import what a script imports, for its jobs in an environment."""
        self._server(script, environment)

    def before_last(self, script: str, jobs: int, act: Callable[[], None]) -> None:
        """Have something done once all but one of a number of jobs of a script have ended: a core may be idle then."""
        self._left[script], self._next[script] = jobs, act

    def start(self, command: str, environment: Mapping[str, str], shell: str | None) -> ForkedProcess | None:
        """Start a command of our rules as a fork; None for any other one, and where that cannot be.

        Raises:
            CalledProcessError: it was interrupted.
        """
        job = read_command(command)
        if job is None or job.script not in self._modules or shell != self._shell or not _can_be_written(job.log):
            return None
        server = self._server(job.script, environment)
        return server.start(job, lambda: self._ended(job.script)) if server else None

    def close(self) -> None:
        """End the fork servers, when Snakemake ends."""
        for server in filter(None, self._servers.values()):
            server.close()

    def _server(self, script: str, environment: Mapping[str, str]) -> ForkServer | None:
        modules = tuple(self._modules[script])
        if environment.get(THREADS) != "1" and not set(modules).isdisjoint(THREADED):
            return None
        with self._lock:
            key = (modules, *sorted(environment.items()))
            if key not in self._servers:
                self._servers[key] = None
                with suppress(OSError):  # no further process, or no such socket
                    self._servers[key] = ForkServer(modules, environment, self._shell)
            return self._servers[key]

    def _ended(self, script: str) -> None:
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


THREADS = "OPENBLAS_NUM_THREADS"
THREADED = ("train_run", "analyse_study", "wandb")
"""Modules that import numpy, which starts all but one of these threads at once."""
IMAGES, PROGRAMS = "seedwise.trainers.image_classifier", "seedwise.trainers.command"
IMPORTED_LATER = {
    "train_run": (f"{IMAGES}.datasets.prepared", f"{IMAGES}.training.run"),
    "run_program": (f"{PROGRAMS}.isolation", f"{PROGRAMS}.reading", f"{PROGRAMS}.outputs.json_files", "shutil"),
    "plot_figures": ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.font_manager"),
}
"""What scripts import in their functions. MLflow is not there: it starts threads, which would be missing in a fork."""


def modules_of(run: str | None, *, examples: bool, wandb: bool) -> dict[str, Sequence[str]]:
    """Return the modules that the fork server of each script imports.

    Args:
        run: the script that makes a run, "train_run" or "run_program"; None if runs are no forks.
        examples: whether the report is about answers to examples.
        wandb: whether runs log to W&B.
    """
    rendering = ("render_evaluation",) if examples else ("plot_figures", "render_page", "render_report")
    report = ("collect_runs", "analyse_study", *rendering)
    modules: dict[str, Sequence[str]] = dict.fromkeys(report, (*report, *IMPORTED_LATER["plot_figures"]))
    if run:
        modules[run] = (run, *IMPORTED_LATER[run], *(["wandb"] if wandb else []))
    return modules


def can_fork() -> bool:
    """Whether forks can be waited for on this system: on Linux from 5.3 on."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return sys.platform == "linux"
