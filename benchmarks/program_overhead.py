"""What a run of a user's program costs beyond the program itself: `python -m benchmarks.program_overhead`.

First one run by itself, beside the bare program: seconds and peak memory of the wrapper. Then a whole study of many
runs of a trivial program, beside a bare Snakefile that starts the same program as often, both with the same scheduler.
Measurements of the two alternate, so that a busy machine disturbs both alike; processor time, of all processes
together, is disturbed least.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """\
import json, os, sys
json.dump({"loss": float(sys.argv[1])}, open(os.environ.get("SEEDWISE_RESULTS", "results.json"), "w"))
"""
STUDY = """\
study: trivial
title: Runs of a trivial program
command:
  run: {python} program.py {{x}}
  settings: {{x: 1}}
variants:
{variants}
seeds: [{seeds}]
analysis: {{metric: loss, higher_is_better: false, baseline: v0}}
"""
SNAKEFILE = """\
rule all:
    input: expand("bare/{variant}/{seed}.json", variant=range(VARIANTS), seed=range(SEEDS))
rule one:
    output: "bare/{variant}/{seed}.json"
    log: "bare/{variant}/{seed}.log"
    shell: "SEEDWISE_RESULTS={output} PYTHON program.py {wildcards.seed} > {log} 2>&1"
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="single runs of each kind (default: 15)")
    parser.add_argument("--runs", type=int, default=1000, help="runs of the study (default: 1000)")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.repeats, arguments.runs, arguments.cores), indent=1))


def measure(repeats: int, runs: int, cores: int = 2) -> dict[str, float]:
    """Measure single runs, and a whole study if `runs` is not 0."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = single_runs(folder, repeats)
        if runs:
            found |= whole_study(folder, runs, cores)
    return {key: round(value, 4) for key, value in found.items()}


def prepare_single_run(folder: Path) -> tuple[list[str], list[str]]:
    """Write a study of one run into a folder; return the command of the run, and that of the program alone."""
    (folder / "program.py").write_text(PROGRAM)
    write_study(folder, variants=1, seeds=1)
    snakemake(folder, "runs", cores=1)  # so that the context of the runs is there
    script = ROOT / "workflow/scripts/run_program.py"
    settings = json.dumps({"settings": {"x": 1}, "words": [sys.executable, "program.py", "{x}"]})
    expected = json.loads(next((folder / "results/trivial").glob("study-*.json")).read_text())["expected"]["v0"]
    run = [sys.executable, str(script), "--study", "trivial", "--variant", "v0", "--seed", "0", "--settings", settings]
    run += ["--code", expected["code"], "--data", expected["data"], "--environment", expected["environment"]]
    run += ["--context", "results/trivial/.context.json", "--out", "results/trivial/runs/v0/seed0/metrics.json"]
    return run, [sys.executable, "program.py", "1"]


def single_runs(folder: Path, repeats: int) -> dict[str, float]:
    """Return the median seconds and the peak memory of the program alone and of a run of it."""
    run, bare = prepare_single_run(folder)
    seconds: dict[str, list[float]] = {"bare": [], "run": []}
    processor: dict[str, list[float]] = {"bare": [], "run": []}
    memory = {"bare": 0.0, "run": 0.0}
    for _ in range(repeats):
        for kind, command in (("bare", bare), ("run", run)):
            began = time.perf_counter()
            used = usage(command, folder)
            seconds[kind].append(time.perf_counter() - began)
            processor[kind].append(used.ru_utime + used.ru_stime)
            memory[kind] = max(memory[kind], used.ru_maxrss / 1024)
    return {
        "bare_seconds": statistics.median(seconds["bare"]),
        "run_seconds": statistics.median(seconds["run"]),
        "overhead_seconds": statistics.median(b - a for a, b in zip(seconds["bare"], seconds["run"], strict=True)),
        "bare_processor_seconds": statistics.median(processor["bare"]),
        "run_processor_seconds": statistics.median(processor["run"]),
        "wrapper_memory_mb": memory["run"],
        "bare_memory_mb": memory["bare"],
    }


def usage(command: list[str], folder: Path) -> resource.struct_rusage:
    """Run a command; return what it used: the time of its children counts, their memory does not."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=environment())
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} failed with status {status}")
    return used


def whole_study(folder: Path, runs: int, cores: int) -> dict[str, float]:
    """Return the seconds of a study of many runs, and of a bare Snakefile that starts the program as often."""
    seeds = 20
    write_study(folder, variants=runs // seeds, seeds=seeds)
    text = SNAKEFILE.replace("VARIANTS", str(runs // seeds)).replace("SEEDS", str(seeds))
    (folder / "Snakefile").write_text(text.replace("PYTHON", sys.executable))
    shutil.rmtree(folder / "results")
    began, first = time.perf_counter(), processor_time()
    bare = ["snakemake", "--cores", str(cores), "--scheduler", "greedy", "--quiet", "all"]
    subprocess.run([Path(sys.executable).parent / bare[0], *bare[1:]], cwd=folder, check=True, env=environment())
    between, second = time.perf_counter(), processor_time()
    snakemake(folder, "runs", cores=cores)
    ended, third = time.perf_counter(), processor_time()
    assert len(list((folder / "results").glob("trivial/runs/*/*/metrics.json"))) == runs
    return {
        "runs": runs,
        "bare_snakefile_seconds": between - began,
        "study_seconds": ended - between,
        "ratio": (ended - between) / (between - began),
        "bare_snakefile_processor_seconds": second - first,
        "study_processor_seconds": third - second,
        "processor_ratio": (third - second) / (second - first),
    }


def processor_time() -> float:
    """Return the seconds of processor time of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_study(folder: Path, variants: int, seeds: int) -> None:
    """Write study.yaml."""
    lines = "\n".join(f"  - {{name: v{number}, set: {{x: {number}}}}}" for number in range(variants))
    text = STUDY.format(python=sys.executable, variants=lines, seeds=", ".join(map(str, range(seeds))))
    (folder / "study.yaml").write_text(text)


def snakemake(folder: Path, target: str, cores: int) -> None:
    """Run the study's workflow."""
    command = [
        sys.executable,
        "-m",
        "seedwise.cli",
        "run",
        "study.yaml",
        target,
        "--cores",
        str(cores),
        "--quiet",
        "all",
    ]
    subprocess.run(command, cwd=folder, check=True, env=environment() | {"PYTHONPATH": str(ROOT)})


def environment() -> dict[str, str]:
    """Return the environment without what an enclosing workflow has set, and with byte code that is kept."""
    without = ("SEEDWISE_", "PYTHONDONTWRITEBYTECODE")
    return {key: value for key, value in os.environ.items() if not key.startswith(without)}


if __name__ == "__main__":
    main()
