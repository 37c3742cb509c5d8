"""Jobs started as forks of a process that has imported what their scripts import, which takes longer than some jobs.

A fork server, workflow/scripts/fork_server.py, is a child of Snakemake. A fork has the environment, the working folder,
the output and the command line that the shell would have given it. Whatever a fork server cannot start, or not in the
same way, the shell starts as always.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from seedwise.basics.interrupts import INTERRUPTED

MOST_BYTES = 1 << 18
"""Bytes of a request; a command that is a quarter as long, Snakemake writes to a file."""
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

    def wait(self) -> int:
        """Wait for the end; return the exit status that a shell has, of SIGKILL where nobody is left who knows it."""
        with self._status:
            told = self._status.recv(64)
        self._at_end()
        if told:
            return int(told)
        with suppress(OSError):  # it has ended
            process = os.pidfd_open(self.pid)
            ended = select.poll()
            ended.register(process, select.POLLIN)
            ended.poll()
            os.close(process)
        return 128 + signal.SIGKILL

    def kill(self) -> None:
        """Kill the process."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class ForkServer:
    """A process that forks: it has imported modules, and starts jobs whose environment is its own."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str], shell: str) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [str(theirs.fileno()), "-" * ROOM, *modules]
        with theirs:
            # Not by `exec`, so that the shell's variables, such as SHLVL, are those of a job.
            self._process = subprocess.Popen(  # noqa: S602 - Snakemake starts its jobs in the same way
                f'python "{SCRIPTS}"fork_server.py {shlex.join(words)} > {os.devnull} 2>&1',
                shell=True,
                executable=shell,
                env=environment,
                pass_fds=[theirs.fileno()],
            )

    def start(self, job: Job, at_end: Callable[[], None]) -> ForkedProcess | None:
        """Start a job, and do something when it has ended; None if this process cannot start it.

        Raises:
            CalledProcessError: it was interrupted while it imported its modules.
        """
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = b""
        self._asked = True
        with theirs, self._lock, suppress(OSError):
            socket.send_fds(self._requests, [json.dumps(asdict(job)).encode()], [theirs.fileno()])
            theirs.close()
            pid = self._requests.recv(64)
        if pid:
            return ForkedProcess(int(pid), status, at_end)
        status.close()
        ended = self._process.wait()
        if ended in (-signal.SIGINT, INTERRUPTED):
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
        self._servers: dict[tuple[object, ...], ForkServer] = {}
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
        """Start a command of our rules as a fork; None for any other one, and where the fork server cannot.

        Raises:
            CalledProcessError: it was interrupted.
        """
        job = read_command(command)
        if job is None or job.script not in self._modules or shell != self._shell:
            return None
        return self._server(job.script, environment).start(job, lambda: self._ended(job.script))

    def close(self) -> None:
        """End the fork servers, when Snakemake ends."""
        for server in self._servers.values():
            server.close()

    def _server(self, script: str, environment: Mapping[str, str]) -> ForkServer:
        modules = tuple(self._modules[script])
        with self._lock:
            key = (modules, *sorted(environment.items()))
            if key not in self._servers:
                self._servers[key] = ForkServer(modules, environment, self._shell)
            return self._servers[key]

    def _ended(self, script: str) -> None:
        with self._lock:
            self._left[script] = left = self._left.get(script, 0) - 1
        if left == 1 and script in self._next:
            self._next[script]()


IMAGES, PROGRAMS = "seedwise.trainers.image_classifier", "seedwise.trainers.command"
IMPORTED_LATER = {
    "train_run": (f"{IMAGES}.datasets.prepared", f"{IMAGES}.training.run"),
    "run_program": (f"{PROGRAMS}.isolation", f"{PROGRAMS}.reading", f"{PROGRAMS}.outputs.json_files", "shutil"),
    "plot_figures": ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
}
"""What scripts import in their functions. MLflow is not there: it starts threads, which would be missing in a fork."""


def modules_of(run: str, *, examples: bool, wandb: bool) -> dict[str, Sequence[str]]:
    """Return the modules that the fork server of each script imports.

    Args:
        run: the script that makes a run, "train_run" or "run_program".
        examples: whether the report is about answers to examples.
        wandb: whether runs log to W&B.
    """
    rendering = ("render_evaluation",) if examples else ("plot_figures", "render_page", "render_report")
    report = ("collect_runs", "analyse_study", *rendering)
    run_modules = (run, *IMPORTED_LATER.get(run, ()), *(["wandb"] if wandb else []))
    report_modules = (*report, *IMPORTED_LATER["plot_figures"])
    return {run: run_modules, **dict.fromkeys(report, report_modules)}
