"""What all benchmarks share: commands that are timed, and words on the machine and how busy it is."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from seedwise.runs.cpu import cpu_model

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "scipy", "snakemake", "pytorch-lightning", "fastai", "wandb")


class Measured(NamedTuple):
    """The cost of one command, and what it printed."""

    seconds: float
    processor: float  # of it and its children; other work on the machine affects it least
    megabytes: float
    printed: str


def run(command: list[str], folder: Path, variables: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end; it must succeed."""
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**environment(), **(variables or {})},
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        output.seek(0)
        printed = output.read()
    if status:
        sys.exit(f"{' '.join(command[:6])} ended with {os.waitstatus_to_exitcode(status)}:\n{printed[-3000:]}")
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, printed)


def print_rounds(about: str | None, measure: Callable[[int], dict[str, Any]]) -> None:
    """Be the command of a benchmark whose only option is the number of rounds: print what it finds as JSON."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().rounds), indent=1))


def environment() -> dict[str, str]:
    """Return the environment with this code and with byte code, without what an enclosing workflow has set."""
    without = ("SEEDWISE_", "PYTHONDONTWRITEBYTECODE")
    known = {key: value for key, value in os.environ.items() if not key.startswith(without)}
    return {**known, "PYTHONPATH": str(ROOT)}


def snakemake_program() -> str:
    """Return the path of the Snakemake beside this Python."""
    return str(Path(sys.executable).with_name("snakemake"))


def load() -> list[float]:
    """Return the load of the last 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]


def machine() -> dict[str, Any]:
    """Describe this machine, without its name."""
    return {
        "processor": cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def now() -> str:
    """Return the time, in UTC."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
