"""Whether hours of runs leave anything behind: `python -m benchmarks.soak --hours 2`.

The settings of a study of a trivial program are changed again and again. `seedwise run --replace` then does all runs
once more and writes the report in place of the old one, so that nothing should grow but the log that Snakemake keeps of
each command. All the time, one `seedwise watch` serves its page, which is asked for as by a browser. Every few seconds
the memory, open files, sockets and processes of both are taken, and once a round what lies in the study's folder and in
the temporary folder. At the end the first and the last fifth of the time stand side by side.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.program_overhead import PROGRAM, ROOT, environment, write_study

VARIANTS = 10
SEEDS = 20
PAUSE = 5.0
"""Seconds between two samples."""


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = soak(Path(name), 3600 * arguments.hours, arguments.cores)
    print(json.dumps(found, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n")


def soak(folder: Path, seconds: float, cores: int) -> dict[str, object]:
    """Do the runs with ever new settings until the time is over; return what was measured."""
    (folder / "program.py").write_text(PROGRAM)
    (folder / "tmp").mkdir()
    write_study(folder, VARIANTS, SEEDS)
    watch, address = start_watch(folder)
    samples: list[dict[str, float]] = []
    rounds: list[dict[str, float]] = []
    began = time.monotonic()
    try:
        while time.monotonic() - began < seconds:
            change_settings(folder, len(rounds))
            samples += run_round(folder, cores, watch, address, len(rounds))
            rounds.append(left_behind(folder))
            print(json.dumps(rounds[-1] | samples[-1]), file=sys.stderr, flush=True)
    finally:
        watch.terminate()
        watch.wait(timeout=60)
    return {
        "hours": (time.monotonic() - began) / 3600,
        "runs": VARIANTS * SEEDS * len(rounds),
        "rounds": len(rounds),
        "first_fifth": medians([sample for sample in samples if sample["round"] < len(rounds) / 5]),
        "last_fifth": medians([sample for sample in samples if sample["round"] >= 4 * len(rounds) / 5]),
        "left_after_first_round": rounds[0],
        "left_after_last_round": rounds[-1],
        "processes_left": len(processes_of(folder)),
    }


def start_watch(folder: Path) -> tuple[psutil.Popen, str]:
    """Start `seedwise watch`; return it and its address."""
    command = [sys.executable, "-m", "seedwise.cli", "watch", "study.yaml", "--no-open", "--linger", "1000000"]
    process = psutil.Popen(command, cwd=folder, env=own_environment(folder), stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process, process.stdout.readline().strip()


def change_settings(folder: Path, number: int) -> None:
    """Give every variant a setting that it never had."""
    write_study(folder, VARIANTS, SEEDS)
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("set: {x: ", f"set: {{x: {number}."))


def run_round(folder: Path, cores: int, watch: psutil.Popen, address: str, number: int) -> list[dict[str, float]]:
    """Do all runs and the report; return the samples that were taken meanwhile."""
    command = [sys.executable, "-m", "seedwise.cli", "run", "study.yaml", "--replace", "--cores", str(cores)]
    samples = []
    with (folder / "run.log").open("w") as log:
        process = psutil.Popen(command, cwd=folder, env=own_environment(folder), stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            urllib.request.urlopen(address + "state", timeout=60).read()
            samples.append({"round": number, **used_by("watch", watch), **used_by("run", process)})
            time.sleep(PAUSE)
    if process.returncode:
        sys.exit(f"round {number} failed:\n{(folder / 'run.log').read_text()}")
    return samples


def used_by(name: str, process: psutil.Process) -> dict[str, float]:
    """Return the memory (MB) of a process, and the files, sockets and processes of it and all that it has started."""
    family = [process, *children(process)]
    return {
        f"{name}_memory_mb": sum(value(lambda: process.memory_info().rss / 1e6)),
        f"{name}_files": sum(number for one in family for number in value(lambda one=one: one.num_fds())),
        f"{name}_sockets": sum(len(found) for one in family for found in value(lambda one=one: one.net_connections())),
        f"{name}_processes": len(family),
    }


def children(process: psutil.Process) -> list[psutil.Process]:
    """Return all processes below a process; none if it has just ended."""
    return next(value(lambda: process.children(recursive=True)), [])


def value(ask: Callable[[], Any]) -> Iterator[Any]:
    """Yield what a process says of itself, unless it has ended meanwhile."""
    try:
        yield ask()
    except psutil.Error:
        return


def left_behind(folder: Path) -> dict[str, float]:
    """Return how much lies in the study's folder and in the temporary folder, and how many processes still run."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    runs = len(list(folder.glob("results/*/runs/*/*/metrics.json")))
    return {
        "runs": runs,
        "files_per_run": len(files) / runs,
        "kb_per_run": sum(path.stat().st_size for path in files) / runs / 1000,
        "temporary_files": len(list((folder / "tmp").rglob("*"))),
        "processes": len(processes_of(folder)),
    }


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return the processes that work in the folder."""
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(folder)]


def medians(samples: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure; zeros, of processes that have just ended, do not count."""
    names = samples[0].keys() - {"round"}
    return {name: statistics.median([s[name] for s in samples if s[name]] or [0.0]) for name in sorted(names)}


def own_environment(folder: Path) -> dict[str, str]:
    """Return the environment with a temporary folder of the soak's own."""
    return environment() | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}


if __name__ == "__main__":
    main()
