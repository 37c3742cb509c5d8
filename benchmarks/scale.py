"""Ten thousand runs: Snakemake's time with our workflow and with a bare one (the floor).

    python benchmarks/scale.py --out benchmarks/scale.json

Writes the run records of 100 variants x 100 seeds in a temporary folder, marks them in Snakemake as made by its jobs,
and times the commands that users wait for. Ours and the floor take turns; times are medians, memory is the largest
resident set.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from seedwise.config.study import Study  # noqa: E402
from seedwise.config.study_file import Expected  # noqa: E402
from seedwise.runs.cpu import cpu_model  # noqa: E402
from seedwise.runs.data_card import DataCard, write_card  # noqa: E402
from seedwise.runs.record import Provenance, RunRecord, Sizes, Timing, write_record  # noqa: E402
from seedwise.trainers import RunData  # noqa: E402
from seedwise.trainers.image_classifier.datasets.images import ImageData, save  # noqa: E402
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES  # noqa: E402
from seedwise.trainers.image_classifier.settings import RunSettings  # noqa: E402
from seedwise.workflow.digests import Digests, expected_runs  # noqa: E402

TEST_IMAGES = 1000
CONTENT = "0" * 16
RESULTS = Path("results/scale")
FLOOR = """\
VARIANTS = [f"v{{number:03d}}" for number in range({variants})]
RECORDS = expand("results/scale/runs/{{variant}}/seed{{seed}}/metrics.json", variant=VARIANTS, seed=range({seeds}))
TABLES = ["results/scale/summary.csv", "results/scale/comparisons.csv"]
PLOTS = ["means", "differences", "power"]
FIGURES = expand("results/scale/figures/{{figure}}.{{kind}}", figure=PLOTS, kind=["png", "svg"])

rule all:
    input: RECORDS, "results/scale/runs.csv", TABLES, FIGURES, "results/scale/results.md"

rule train_run:
    input: ancient("data/fashion_mnist.npz")
    output: multiext("results/scale/runs/{{variant}}/seed{{seed}}/", "metrics.json", "history.csv", "predictions.npz")
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


@functools.cache
def digests() -> Digests:
    """Digests of code and data, as the workflow finds them."""
    return Digests(ROOT, ROOT / "workflow/scripts", ROOT)


class Measured(NamedTuple):
    """The cost of one command, and its output."""

    seconds: float
    processor: float  # processor seconds, including children; other work on the machine affects them least
    megabytes: float
    printed: str


def config(variants: int, seeds: int) -> dict[str, object]:
    overrides = [{"model.dropout": round(0.9 * number / variants, 4)} for number in range(variants)]
    return {
        "study": "scale",
        "title": "Ten thousand runs",
        "variants": [{"name": f"v{number:03d}", "set": own} for number, own in enumerate(overrides)],
        "seeds": list(range(seeds)),
        "analysis": {"baseline": "v000"},
        "tracking": {"wandb": {"mode": "disabled"}},
    }


def write_run(
    folder: Path, study: str, variant: str, seed: int, settings: RunSettings, made_with: Expected, correct: np.ndarray
) -> None:
    accuracy = float(correct.mean())
    record = RunRecord(
        study=study,
        variant=variant,
        seed=seed,
        status="finished",
        metrics=dict.fromkeys(METRIC_NAMES, 1 - accuracy)
        | {"test_accuracy": accuracy, "validation_accuracy": accuracy},
        epochs=3,
        settings=json.loads(settings.canonical()),
        sizes=Sizes(train=54000, validation=6000, test=len(correct), parameters=421642),
        provenance=Provenance(
            commit="0" * 40,
            dirty=False,
            versions={"python": "3.11.7", "torch": "2.14.1", "numpy": "2.4.6"},
            hardware=cpu_model(),
            device="cpu",
            precision="fp32",
            threads=1,
            settings_digest=settings.digest(),
            code_digest=made_with.code,
            data_digest=CONTENT,
            data=made_with.data,
        ),
        timing=Timing(total=60.0, imports=2.0, data=1.0, train=50.0, evaluate=5.0, tracking=2.0),
    )
    write_record(folder / "metrics.json", record)
    (folder / "history.csv").write_text("epoch,train_loss\n1,0.5\n2,0.4\n3,0.3\n")
    np.savez_compressed(folder / "predictions.npz", correct=correct, predicted=correct.astype(np.int16))


def make_data(folder: Path, data: RunData) -> None:
    """Raw files of no use, a prepared file of few images, and the card, as after the first command of a study."""
    images, labels = np.zeros((20, 1, 28, 28), np.uint8), np.arange(20, dtype=np.int64) % 10
    (folder / "data/fashion_mnist").mkdir(parents=True)
    (folder / "data/fashion_mnist/SHA256SUMS").write_text("")
    for file in (folder / data.file, folder / "data/fashion_mnist.npz"):  # ours, and the floor's
        save(file, ImageData(images, labels, images, labels))
    card = DataCard(content=CONTENT, made_of=data.digest, counts={"training": 20, "test": 20})
    write_card(folder / RESULTS / "data" / f"{data.file.stem}.json", card)


def make_project(folder: Path, variants: int, seeds: int) -> None:
    """Write prepared data, our config and the floor's Snakefile, and both again with one more seed."""
    make_data(folder, digests().data(Study.model_validate(config(variants, seeds))))
    for name, number in (("usual", seeds), ("more", seeds + 1)):
        (folder / f"{name}.json").write_text(json.dumps(config(variants, number)))
        (folder / f"{name}.smk").write_text(FLOOR.format(variants=variants, seeds=number))


def make_runs(folder: Path, variants: int, seeds: int) -> None:
    """Write a record, a history and predictions for every run."""
    study = Study.model_validate(config(variants, seeds))
    generator = np.random.default_rng(0)
    expected = expected_runs(study, digests().runs(study), digests().data(study))
    for number, variant in enumerate(study.variants):
        settings = study.settings(variant.name)
        for seed in study.seeds:
            correct = generator.random(TEST_IMAGES) < 0.9 + 0.0003 * number
            home = study.run_folder(variant.name, seed, folder / "results")
            write_run(home, "scale", variant.name, seed, settings, expected[variant.name], correct)


def snakemake(workflow: str, folder: Path, *options: str, study: str = "usual", believe: bool = False) -> Measured:
    """Run Snakemake in a folder, with our workflow or the bare one."""
    program = [sys.executable, "-c", BELIEVE] if believe else [str(Path(sys.executable).with_name("snakemake"))]
    chosen = {
        "ours": ["--snakefile", str(ROOT / "Snakefile"), "--configfile", f"{study}.json"],
        "floor": ["--snakefile", f"{study}.smk"],
    }
    profile = ["--cores", "2", "--workflow-profile", str(ROOT / "profiles/default")]
    return timed([*program, *chosen[workflow], *profile, *options], folder)


def timed(command: list[str], folder: Path) -> Measured:
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        output.seek(0)
        printed = output.read()
    if status:
        sys.exit(f"{' '.join(command[:4])} ended with {os.waitstatus_to_exitcode(status)}:\n{printed[-3000:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed)


def again(workflow: str, folder: Path) -> Measured:
    """Run everything after training, which a missing runs.csv triggers."""
    (folder / RESULTS / "runs.csv").unlink(missing_ok=True)
    return snakemake(workflow, folder, "--quiet", "rules")


def measure(folder: Path, variants: int, seeds: int, rounds: int) -> dict[str, object]:
    """Time every operation, with ours and the floor in turn."""
    homes = {workflow: folder / workflow for workflow in ("ours", "floor")}
    empty = folder / "empty"
    if not empty.exists():
        for home in homes.values():
            make_project(home, variants, seeds)
            make_runs(home, variants, seeds)
        for workflow, home in homes.items():
            snakemake(workflow, home, "--forceall", "--quiet", "all", believe=True)
        make_project(empty, variants, seeds)
    operations: dict[str, tuple[Callable[[str], Measured], str]] = {
        "collect, analyse, plot, render": (lambda name: again(name, homes[name]), r"steps \(100%\) done"),
        "nothing to do": (lambda name: snakemake(name, homes[name]), "Nothing to be done"),
        "one more seed, `-n`": (
            lambda name: snakemake(name, homes[name], "-n", "--quiet", "rules", study="more"),
            rf"train_run +{variants}\n",
        ),
        "nothing trained yet, `-n`": (
            lambda name: snakemake(name, empty, "-n", "--quiet", "rules"),
            rf"train_run +{variants * seeds}\n",
        ),
    }
    table: dict[str, dict[str, dict[str, float]]] = {}
    for operation, (run, expected) in operations.items():
        found: dict[str, list[Measured]] = {workflow: [] for workflow in homes}
        for _ in range(rounds):
            for workflow, measured in found.items():
                measured.append(run(workflow))
                printed = measured[-1].printed
                if not re.search(expected, printed):
                    sys.exit(f"{operation}: {workflow}: no {expected!r} in:\n{printed[-3000:]}")
        table[operation] = {workflow: summary(measured) for workflow, measured in found.items()}
        print(operation, table[operation], flush=True)
    return {"processor": cpu_model(), "variants": variants, "seeds": seeds, "rounds": rounds, "table": table}


def summary(measured: list[Measured]) -> dict[str, float]:
    return {
        "seconds": round(statistics.median(one.seconds for one in measured), 2),
        "processor": round(statistics.median(one.processor for one in measured), 2),
        "megabytes": round(max(one.megabytes for one in measured)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, help="folder to work in and to keep for another run (default: temporary)"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the measurements")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(arguments.folder or Path(temporary), arguments.variants, arguments.seeds, arguments.rounds)
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
