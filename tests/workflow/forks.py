"""Snakemake without the second that it needs to import itself: each command is a fork of a process that has done so.

A fork is a process of its own, with the folder, the environment, the output and the end that `snakemake` would have.
Only what is installed has been imported: a project imports its own copy of the package.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SNAKEMAKE = Path(sys.executable).parent / "snakemake"


class Forks:
    """The process that forks itself, which ends with this one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if not key.startswith(("SEEDWISE_", "PYTHONPATH"))},
            text=True,
            start_new_session=True,
        )
        atexit.register(self.end)

    def end(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(60)

    def run(
        self, arguments: list[str], folder: Path, environment: dict[str, str], limit: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `snakemake` to its end; what it prints comes as standard output."""
        with tempfile.NamedTemporaryFile() as printed:
            command = {"arguments": arguments, "folder": str(folder), "environment": environment, "out": printed.name}
            against_hanging = threading.Timer(limit, os.killpg, (self._process.pid, signal.SIGKILL))
            against_hanging.start()
            try:
                print(json.dumps(command), file=self._process.stdin, flush=True)
                answer = self._process.stdout.readline()
            finally:
                against_hanging.cancel()
            text = Path(printed.name).read_text()
            assert answer, f"snakemake {arguments} did not end within {limit} s\n{text}"
            return subprocess.CompletedProcess(arguments, int(answer), text)


@functools.cache
def forks() -> Forks:
    """The process of this worker."""
    return Forks()


def answer_commands() -> None:
    """Fork for each command that is read from standard input, and print the exit status."""
    sys.path[0] = str(SNAKEMAKE.parent)  # as in the program itself
    from snakemake.cli import get_argument_parser, main

    get_argument_parser()  # imports the plugins
    answers = os.dup(1)
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            os.close(answers)
            out = os.open(command["out"], os.O_WRONLY)
            for descriptor, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (out, 2)):
                os.dup2(descriptor, target)
            os.chdir(command["folder"])
            os.environ.clear()
            os.environ.update(command["environment"])
            random.seed()
            sys.argv = [str(SNAKEMAKE), *command["arguments"]]
            sys.exit(main())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(answers, f"{status}\n".encode())


if __name__ == "__main__":
    answer_commands()
