"""Snakemake and the scripts of its rules without the seconds that each needs to import what is installed.

Each is a fork of a process that has imported that already: a process of its own, with the folder, the environment, the
output and the end that the command would have. Nothing of the package has been imported: a project imports its copy.
"""

from __future__ import annotations

import array
import atexit
import functools
import gc
import importlib
import json
import os
import random
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

SNAKEMAKE = Path(sys.executable).parent / "snakemake"
IMPORTED_BY_SCRIPTS = (
    *("yaml", "pydantic", "numpy", "pandas", "scipy.special", "scipy.optimize", "scipy.interpolate", "scipy.fft"),
    *(
        "jinja2",
        "markdown_it",
        "matplotlib.figure",
        "matplotlib.backends.backend_agg",
        "matplotlib.backends.backend_svg",
    ),
    "torch",
)
# What the jobs of a forked Snakemake find as `python`. All but scripts of rules is left to the real one.
PYTHON = """\
#!/bin/sh
case "$1" in
  */workflow/scripts/*.py) exec {python} -IS {client} {address} "$@" ;;
  *) exec {python} "$@" ;;
esac
"""
CLIENT = """\
import _socket, json, os, signal, struct, sys, time
there = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
while there.connect_ex(sys.argv[1]):  # the other process has just been started
    time.sleep(0.02)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: there.send(bytes([number])))
command = json.dumps({"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
files = [0, 1, 2, *([int(sys.argv[3])] if sys.argv[2].endswith("/fork_server.py") else [])]
packed = struct.pack(f"{len(files)}i", *files)
there.sendmsg([struct.pack("i", len(command))], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])
while command:
    command = command[there.send(command):]
answer = there.recv(4)
status = struct.unpack("i", answer)[0] if answer else 1
if status < 0:
    signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class Forks:
    """The processes that fork themselves, which end with this one."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        home = Path(self._folder.name)
        self.python = home / "python"
        """A Python whose scripts of rules are forks."""
        (home / "client.py").write_text(CLIENT)
        self.python.write_text(
            PYTHON.format(python=shlex.quote(sys.executable), client=home / "client.py", address=home / "socket")
        )
        self.python.chmod(0o755)
        self._started: list[subprocess.Popen[str]] = []
        atexit.register(self.end)
        self._start("scripts", str(home / "socket"))

    @functools.cached_property
    def _snakemake(self) -> subprocess.Popen[str]:
        return self._start("snakemake", str(self.python))

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("SEEDWISE_", "PYTHONPATH"))
        }
        process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment | {"PYDANTIC_DISABLE_PLUGINS": "__all__"},
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """End the processes."""
        for process in self._started:
            process.stdin.close()
            process.wait(60)
        self._folder.cleanup()

    def run(
        self, arguments: list[str], folder: Path, environment: dict[str, str], limit: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `snakemake` to its end; what it prints comes as standard output."""
        with tempfile.NamedTemporaryFile() as printed:
            command = {"arguments": arguments, "folder": str(folder), "environment": environment, "out": printed.name}
            against_hanging = threading.Timer(limit, os.killpg, (self._snakemake.pid, signal.SIGKILL))
            against_hanging.start()
            try:
                print(json.dumps(command), file=self._snakemake.stdin, flush=True)
                answer = self._snakemake.stdout.readline()
            finally:
                against_hanging.cancel()
            text = Path(printed.name).read_text()
            assert answer, f"snakemake {arguments} did not end within {limit} s\n{text}"
            return subprocess.CompletedProcess(arguments, int(answer), text)


@functools.cache
def forks() -> Forks:
    """The processes of this worker."""
    return Forks()


def become(folder: str, environment: dict[str, str], *descriptors: int) -> None:
    """Have what a process has that was started in a folder, with an environment, and with these three files."""
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    random.seed()


def fork_snakemake(python: str) -> None:
    """Fork for each command that is read from standard input, and print the exit status."""
    sys.path[0] = str(SNAKEMAKE.parent)  # as in the program itself
    from snakemake.cli import get_argument_parser, main

    get_argument_parser()  # imports the plugins
    gc.freeze()  # what is shared is not copied
    answers = os.dup(1)
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            os.close(answers)
            out = os.open(command["out"], os.O_WRONLY)
            become(command["folder"], command["environment"], os.open(os.devnull, os.O_RDONLY), out, out)
            sys.executable = python
            sys.argv = [str(SNAKEMAKE), *command["arguments"]]
            sys.exit(main())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(answers, f"{status}\n".encode())


def fork_scripts(address: str) -> None:
    """Fork for each script that the `python` of a job is to run, until standard input ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(32)
    for name in IMPORTED_BY_SCRIPTS:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # what is shared is not copied
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those below
    while sys.stdin not in (ready := select.select([sys.stdin, listener], [], [])[0]):
        assert listener in ready
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            watch_script(client)
            return
        client.close()


def watch_script(client: socket.socket) -> None:
    """Fork once more to run a script; hand on the signals that the client gets, and the end to the client."""
    header, files, _, _ = socket.recv_fds(client, 4, 4)
    size, message = array.array("i", header)[0], b""
    while len(message) < size:
        message += client.recv(size - len(message))
    command = json.loads(message)
    child = os.fork()
    if child == 0:
        client.close()
        run_script(command, files)
    ended = os.pidfd_open(child)
    while ended not in select.select([client, ended], [], [])[0]:
        numbers = client.recv(1)
        os.kill(child, numbers[0] if numbers else signal.SIGKILL)  # the client has been killed
        if not numbers:
            break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        client.send(array.array("i", [status]).tobytes())
    os._exit(0)


def run_script(command: dict[str, object], files: list[int]) -> NoReturn:
    """Run a script as Python does."""
    become(command["folder"], command["environment"], *files[:3])
    script = command["arguments"][0]
    if files[3:]:  # a fork server, which has been given a socket
        command["arguments"][1] = str(files[3])
    on_path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:1] = [str(Path(script).parent), *on_path]
    sys.argv = command["arguments"]
    runpy.run_path(script, run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    {"snakemake": fork_snakemake, "scripts": fork_scripts}[sys.argv[1]](sys.argv[2])
