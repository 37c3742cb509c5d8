"""What a run of a user's program costs beyond the program itself: `python -m benchmarks.program_overhead`.

First one run by itself, beside the bare program: seconds and peak memory of the wrapper. Then a whole study of many
runs of a trivial program, beside a bare Snakefile that starts the same program as often, both with the same scheduler.
Measurements of the two alternate, so that a busy machine disturbs both alike; processor time, of all processes
together, is disturbed least.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import ROOT, Measured, run, snakemake_program

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
    words = [sys.executable, str(script), "--study", "trivial", "--variant", "v0", "--seed", "0"]
    words += [
        "--settings",
        settings,
        "--code",
        expected["code"],
        "--data",
        expected["data"],
        "--environment",
        expected["environment"],
    ]
    words += ["--context", "results/trivial/.context.json", "--out", "results/trivial/runs/v0/seed0/metrics.json"]
    return words, [sys.executable, "program.py", "1"]


def single_runs(folder: Path, repeats: int) -> dict[str, float]:
    """Return the median seconds and the peak memory of the program alone and of a run of it."""
    wrapped, alone = prepare_single_run(folder)
    turns = [(run(alone, folder), run(wrapped, folder)) for _ in range(repeats)]
    return {
        "bare_seconds": statistics.median(bare.seconds for bare, _ in turns),
        "run_seconds": statistics.median(own.seconds for _, own in turns),
        "overhead_seconds": statistics.median(own.seconds - bare.seconds for bare, own in turns),
        "bare_processor_seconds": statistics.median(bare.processor for bare, _ in turns),
        "run_processor_seconds": statistics.median(own.processor for _, own in turns),
        "wrapper_memory_mb": max(own.megabytes for _, own in turns),
        "bare_memory_mb": max(bare.megabytes for bare, _ in turns),
    }


def whole_study(folder: Path, runs: int, cores: int) -> dict[str, float]:
    """Return the seconds of a study of many runs, and of a bare Snakefile that starts the program as often."""
    seeds = 20
    write_study(folder, variants=runs // seeds, seeds=seeds)
    text = SNAKEFILE.replace("VARIANTS", str(runs // seeds)).replace("SEEDS", str(seeds))
    (folder / "Snakefile").write_text(text.replace("PYTHON", sys.executable))
    shutil.rmtree(folder / "results")
    bare = run([snakemake_program(), "--cores", str(cores), "--scheduler", "greedy", "--quiet", "all"], folder)
    own = snakemake(folder, "runs", cores=cores)
    assert len(list((folder / "results").glob("trivial/runs/*/*/metrics.json"))) == runs
    return {
        "runs": runs,
        "bare_snakefile_seconds": bare.seconds,
        "study_seconds": own.seconds,
        "ratio": own.seconds / bare.seconds,
        "bare_snakefile_processor_seconds": bare.processor,
        "study_processor_seconds": own.processor,
        "processor_ratio": own.processor / bare.processor,
    }


def write_study(folder: Path, variants: int, seeds: int) -> None:
    """Write study.yaml."""
    lines = "\n".join(f"  - {{name: v{number}, set: {{x: {number}}}}}" for number in range(variants))
    text = STUDY.format(python=sys.executable, variants=lines, seeds=", ".join(map(str, range(seeds))))
    (folder / "study.yaml").write_text(text)


def snakemake(folder: Path, target: str, cores: int) -> Measured:
    """Run the study's workflow."""
    words = ["run", "study.yaml", target, "--cores", str(cores), "--quiet", "all"]
    return run([sys.executable, "-m", "seedwise.cli", *words], folder)


if __name__ == "__main__":
    main()
