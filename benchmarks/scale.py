"""Thousands of runs: what users wait for with our workflow, and with a bare one of as many jobs (the floor).

    python -m benchmarks.scale                                 # 100 variants x 30 seeds, of a program that does nothing
    python -m benchmarks.scale --seeds 100 --rounds 1          # 10 000 runs

Makes one run of a trivial program, writes the records of all the others after it, marks them in Snakemake as made by
its jobs, and times the commands that users wait for. Ours and the floor take turns. What a study of nine runs costs
after training is measured too: most of it are imports, which do not grow with the number of runs.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.measuring import ROOT, Measured, run, snakemake_program
from seedwise.config.study_file import StudyFile, read_study_file
from seedwise.runs.record import read_record, write_record

RESULTS = Path("results/scale")
PROGRAM = """printf '{"loss": 1.0%s%s}' "$1" "$2" > "$SEEDWISE_RESULTS"\n"""
FLOOR = """\
VARIANTS = [f"v{{number:03d}}" for number in range({variants})]
RECORDS = expand("results/scale/runs/{{variant}}/seed{{seed}}/metrics.json", variant=VARIANTS, seed=range({seeds}))
TABLES = ["results/scale/summary.csv", "results/scale/comparisons.csv"]
PLOTS = ["means", "differences", "power"]
FIGURES = expand("results/scale/figures/{{figure}}.{{kind}}", figure=PLOTS, kind=["png", "svg"])

rule all:
    input: RECORDS, "results/scale/runs.csv", TABLES, FIGURES, "results/scale/results.md", "results/scale/page.html"

rule train_run:
    output: "results/scale/runs/{{variant}}/seed{{seed}}/metrics.json"
    shell: "touch {{output}}"

rule collect_runs:
    input: RECORDS
    output: "results/scale/runs.csv"
    shell: "touch {{output}}"

rule analyse_study:
    input: rules.collect_runs.output
    output: TABLES, "results/scale/findings.json"
    shell: "touch {{output}}"

rule plot_figures:
    input: rules.collect_runs.output, rules.analyse_study.output
    output: FIGURES
    shell: "touch {{output}}"

rule render_report:
    input: rules.collect_runs.output, rules.analyse_study.output
    output: "results/scale/results.md"
    shell: "touch {{output}}"

rule render_page:
    input: rules.collect_runs.output, rules.analyse_study.output
    output: "results/scale/page.html"
    shell: "touch {{output}}"
"""
# Runs Snakemake with a scheduler that marks every job as done, so that its metadata exist as after real runs.
BELIEVE = """
import asyncio, sys
from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler

def believe(scheduler):
    async def record():
        for job in scheduler.workflow.dag.needrun_jobs():
            await scheduler.workflow.persistence.finished(job)
    scheduler.workflow.async_run(record())
    return True

JobScheduler.schedule = believe
sys.argv[0] = "snakemake"
main()
"""


def config(variants: int, seeds: int) -> dict[str, object]:
    """A study of a program that prints one number."""
    return {
        "study": "scale",
        "title": f"{variants * seeds:,} runs",
        "command": {"run": "sh program.sh {x} {seed}", "settings": {"x": 0}},
        "variants": [{"name": f"v{number:03d}", "set": {"x": number}} for number in range(variants)],
        "seeds": list(range(seeds)),
        "analysis": {"baseline": "v000", "metric": "loss", "higher_is_better": False},
    }


def make_project(workflow: str, folder: Path, variants: int, seeds: int) -> None:
    """Write our study or the floor's Snakefile; what is beside a study could count as the code of its program."""
    folder.mkdir(parents=True, exist_ok=True)
    if workflow == "floor":
        (folder / "floor.smk").write_text(FLOOR.format(variants=variants, seeds=seeds))
        return
    (folder / "program.sh").write_text(PROGRAM)
    (folder / "study.yaml").write_text(yaml.safe_dump(config(variants, seeds), sort_keys=False))


def make_runs(folder: Path) -> None:
    """Make the first run, and the records and folders of all the others after it."""
    first = RESULTS / "runs/v000/seed0/metrics.json"
    run(ours("--cores", "1", str(first), "--quiet", "all"), folder)
    model, study = read_record(folder / first), the_study(folder)
    generator = np.random.default_rng(0)
    for number, variant in enumerate(study.study.variants):
        settings = study.study.settings(variant.name)
        own = replace(model.provenance, settings_digest=settings.digest())
        for seed, noise in zip(study.seeds, generator.normal(0, 0.01, len(study.seeds)), strict=True):
            place = study.study.run_folder(variant.name, seed, folder / "results")
            if place == (folder / first).parent:
                continue  # a result that was replaced makes verdicts exploratory
            shutil.copytree((folder / first).parent, place)
            loss = round(1 + 0.0003 * number + float(noise), 6)
            known = {"variant": variant.name, "seed": seed, "metrics": {"loss": loss}, "provenance": own}
            settled = json.loads(settings.canonical())
            write_record(place / "metrics.json", replace(model, settings=settled, command=["sh", "-"], **known))


def the_study(folder: Path) -> StudyFile:
    """The study as the workflow has resolved it."""
    return read_study_file(next((folder / RESULTS).glob("study-*.json")))


def ours(*options: str) -> list[str]:
    """The command line of our workflow."""
    return [sys.executable, "-m", "seedwise.cli", "run", "study.yaml", *options]


def bare(*options: str) -> list[str]:
    """The command line of the floor, with our profile."""
    return [
        snakemake_program(),
        "--snakefile",
        "floor.smk",
        "--workflow-profile",
        str(ROOT / "profiles/default"),
        *options,
    ]


def believe(workflow: str, folder: Path) -> None:
    """Let Snakemake note that it has made all runs, and everything after them."""
    chosen = {
        "ours": ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml"],
        "floor": ["--snakefile", "floor.smk"],
    }
    profile = ["--cores", "2", "--workflow-profile", str(ROOT / "profiles/default")]
    run([sys.executable, "-c", BELIEVE, *chosen[workflow], *profile, "--forceall", "--quiet", "all"], folder)


COMMANDS: dict[str, Callable[..., list[str]]] = {"ours": ours, "floor": bare}


def make(folder: Path, variants: int, seeds: int) -> None:
    """Make two studies whose runs are finished, ours and the floor's, and one of which nothing was run."""
    for workflow in COMMANDS:
        make_project(workflow, folder / workflow, variants, seeds)
    make_runs(folder / "ours")
    shutil.copytree(folder / "ours" / RESULTS / "runs", folder / "floor" / RESULTS / "runs")
    for workflow in COMMANDS:
        believe(workflow, folder / workflow)
        shutil.rmtree(folder / workflow / RESULTS / "figures", ignore_errors=True)
        run(COMMANDS[workflow]("--cores", "2", "--quiet", "all"), folder / workflow)
        make_project(workflow, folder / "empty" / workflow, variants, seeds)


def after_training(workflow: str, folder: Path) -> Measured:
    """Do everything that follows the runs, which a missing runs.csv causes."""
    (folder / RESULTS / "runs.csv").unlink()
    return run(COMMANDS[workflow]("--cores", "2"), folder)


def one_more_seed(workflow: str, folder: Path, variants: int, seeds: int) -> Measured:
    """Ask what is to do once the study has one more seed."""
    make_project(workflow, folder, variants, seeds + 1)
    measured = run(COMMANDS[workflow]("-n", "--cores", "2", "--quiet", "rules"), folder)
    make_project(workflow, folder, variants, seeds)
    return measured


def measure(folder: Path, variants: int, seeds: int, rounds: int) -> dict[str, Any]:
    """Time every operation, ours and the floor in turn."""
    if not (folder / "empty").exists():
        make(folder, variants, seeds)
    if not (folder / "nine").exists():
        make_project("ours", folder / "nine", 3, 3)
        run(ours("--cores", "2", "--quiet", "all"), folder / "nine")
    homes = {workflow: folder / workflow for workflow in COMMANDS}
    operations: dict[str, tuple[Callable[[str], Measured], str]] = {
        "after training": (lambda name: after_training(name, homes[name]), r"Read |steps \(100%\) done"),
        "nothing to do": (lambda name: run(COMMANDS[name]("--cores", "2"), homes[name]), "Nothing to be done"),
        "one more seed": (
            lambda name: one_more_seed(name, homes[name], variants, seeds),
            rf"train_run +{variants}\n|{variants} of {variants * (seeds + 1)} runs",
        ),
        "nothing trained": (
            lambda name: run(COMMANDS[name]("-n", "--cores", "2", "--quiet", "rules"), folder / "empty" / name),
            rf"train_run +{variants * seeds}\n|{variants * seeds} runs to do",
        ),
    }
    found: dict[str, dict[str, list[Measured]]] = {name: {one: [] for one in homes} for name in operations}
    found["after training of nine runs"] = {"ours": []}
    for _ in range(rounds):
        for operation, (do, expected) in operations.items():
            for workflow in homes:
                found[operation][workflow].append(checked(do(workflow), expected, f"{operation}: {workflow}"))
        nine = after_training("ours", folder / "nine")
        found["after training of nine runs"]["ours"].append(checked(nine, "Read ", "nine runs"))
    table = {name: {workflow: summary(of) for workflow, of in both.items()} for name, both in found.items()}
    for name, both in table.items():
        if "floor" in both:
            both["ratio"] = round(
                statistics.median(
                    mine.processor / floors.processor
                    for mine, floors in zip(found[name]["ours"], found[name]["floor"], strict=True)
                ),
                3,
            )
    products = {
        path.name: path.stat().st_size
        for path in sorted((homes["ours"] / RESULTS).iterdir())
        if path.suffix in {".md", ".html", ".json", ".csv"} and not path.name.startswith((".", "study-"))
    }
    return {"runs": variants * seeds, "variants": variants, "seeds": seeds, "table": table, "bytes": products}


def checked(measured: Measured, expected: str, what: str) -> Measured:
    """Return what was measured if the command said what it should."""
    if not re.search(expected, measured.printed):
        sys.exit(f"{what}: no {expected!r} in:\n{measured.printed[-3000:]}")
    return measured


def summary(measured: list[Measured]) -> dict[str, float]:
    """Medians over rounds, and the most memory."""
    return {
        "seconds": round(statistics.median(one.seconds for one in measured), 2),
        "processor": round(statistics.median(one.processor for one in measured), 2),
        "megabytes": round(max(one.megabytes for one in measured)),
    }


def main() -> None:
    """Measure, and print or write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="folder to keep for another call (default: a temporary one)")
    arguments = parser.parse_args()
    measured = functools.partial(measure, variants=arguments.variants, seeds=arguments.seeds, rounds=arguments.rounds)
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(measured(arguments.folder or Path(temporary) / "scale"), indent=1))


if __name__ == "__main__":
    main()
