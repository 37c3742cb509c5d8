"""A queue of a thousand jobs: what a real Slurm and Snakemake do for it. `python -m benchmarks.slurm_queue`

Starts a Slurm of one node on this machine, as the tests do (root installs Debian's packages), whose node is drained, so
that all jobs queue; submits a study of a trivial program, one job per run and in groups; watches the full queue for a
minute; lets the node work for another; and interrupts. Needs requirements-cluster.txt. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import ROOT, environment, load, machine, now
from benchmarks.scale import PROGRAM, config
from tests.slurm.cluster import Cluster, install

TICKS = os.sysconf("SC_CLK_TCK")
CALLS = {"sbatch": "REQUEST_SUBMIT_BATCH_JOB", "squeue": "REQUEST_JOB_INFO", "scontrol": "REQUEST_BUILD_INFO"}


def processor(pid: int) -> float:
    """Return the processor seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


class Watch:
    """Reads how much has been spent, and says how much since the last time."""

    def __init__(self, cluster: Cluster, snakemake: int) -> None:
        self._cluster, self._snakemake = cluster, snakemake
        self._controller = int((cluster.folder / "slurmctld.pid").read_text())
        cluster.call("sdiag", "--reset")
        self._last = self._now()

    def _now(self) -> dict[str, float]:
        said = self._cluster.call("sdiag")
        counts = {name: re.search(rf"{call}\s.*count:(\d+)", said) for name, call in CALLS.items()}
        spent = {"controller": processor(self._controller), "snakemake": processor(self._snakemake)}
        return {"seconds": time.time(), **spent, **{name: int(at[1]) if at else 0 for name, at in counts.items()}}

    def spent(self) -> dict[str, float]:
        """Return what was spent since the last call: seconds, processor seconds of two processes, and requests."""
        last, self._last = self._last, self._now()
        return {name: round(value - last[name], 2) for name, value in self._last.items()}


def measure(cluster: Cluster, folder: Path, seeds: int, seconds: int, *options: str) -> dict[str, Any]:
    """Queue a study of 10 variants; the node is drained before and after."""
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    (folder / "program.sh").write_text(PROGRAM)
    (folder / "study.yaml").write_text(yaml.safe_dump(config(10, seeds)))
    command = [sys.executable, "-m", "seedwise.cli", "run", "study.yaml", "--jobs", "1000", *options]
    with (folder / "printed.txt").open("w") as out:
        variables = environment() | cluster.environment
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True, env=variables)
    watch = Watch(cluster, process.pid)

    def queued() -> int:
        return len(cluster.call("squeue", "--noheader").splitlines())

    seen = 0
    while not seen or queued() > seen:  # until no more come
        seen = queued()
        time.sleep(5)
    found: dict[str, Any] = {"jobs": seen, "submission": watch.spent()}
    time.sleep(seconds)
    peak = re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    found |= {"waiting": watch.spent(), "megabytes": int(peak[0]) // 1024}
    cluster.resume()
    time.sleep(seconds)
    kept = len(list(folder.glob("results/scale/runs/*/*/metrics.json")))
    found |= {"working": watch.spent(), "runs": kept}
    cluster.drain()
    began = time.perf_counter()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(120)
    return found | {"end": {"seconds": round(time.perf_counter() - began, 1), "jobs left": queued()}}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100, help="of 10 variants (default: 100)")
    parser.add_argument("--seconds", type=int, default=60, help="of a full queue, and of work (default: 60)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell has its background jobs ignore
    install()
    with tempfile.TemporaryDirectory() as name:
        cluster = Cluster(Path(name) / "slurm")
        cluster.folder.mkdir()
        found: dict[str, Any] = {"date": now(), "load": load(), "machine": machine()}
        try:
            cluster.start()
            cluster.drain()
            ways = {"one job per run": ["slurm"], "50 runs per job": ["slurm-groups", "--group-components", "runs=50"]}
            for what, (profile, *options) in ways.items():
                words = ["--workflow-profile", profile, *options]
                found[what] = measure(cluster, Path(name) / profile, arguments.seeds, arguments.seconds, *words)
        finally:
            cluster.stop()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
