"""The default study's nine runs on one card: one after another, and sharing it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.gpu.plan import ROOT, Plan, Section
from benchmarks.gpu.runs import Job, environment, train, train_all
from seedwise.config.reading import read_study

PROBE = """
import time
began = time.perf_counter()
import torch
imported = time.perf_counter()
device = torch.device("{device}")
torch.ones(64, 64, device=device) @ torch.ones(64, 64, device=device)
torch.cuda.synchronize() if device.type == "cuda" else None
print(imported - began, time.perf_counter() - imported)
"""
SINGLES = "singles.json"
"""The runs one after another, for the section that compares batched models with them."""


def start_up(section: Section) -> None:
    """Measure what a process costs before it trains: Python, the import of torch, the CUDA context."""
    plan = section.plan
    for at_once in (1, 2) if plan.quick else (1, 1, 1, 2, 4, 9):
        if not section.enough(3, f"{at_once} at once"):
            continue
        with section.guarded(f"{at_once} at once"):
            began = time.perf_counter()
            processes = [
                subprocess.Popen(
                    [sys.executable, "-c", PROBE.format(device=plan.device)],
                    cwd=ROOT,
                    env=environment(plan),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                for _ in range(at_once)
            ]
            answers = [process.communicate(timeout=max(5.0, section.left))[0] for process in processes]
            took = time.perf_counter() - began
            parts = [[float(word) for word in answer.split()[-2:]] for answer in answers]
            section.row(
                at_once=at_once,
                first=not section.found["rows"],
                seconds=round(took, 2),
                import_torch=round(statistics.median(part[0] for part in parts), 2),
                cuda_context=round(statistics.median(part[1] for part in parts), 2),
            )


def study_jobs(plan: Plan) -> list[Job]:
    """Return the runs of config.yaml on this device, with the plan's number of epochs."""
    default = read_study(ROOT / "config.yaml")
    changed = {"training.device": plan.device, "training.epochs": plan.epochs}
    if plan.quick:
        changed["training.batch_size"] = 32
    return [
        Job(run.variant, run.seed, default.image_settings(run.variant).replace(changed))
        for seed in default.seeds
        for run in default.runs()
        if run.seed == seed
    ]


def study(section: Section) -> None:
    """Train the nine runs with 9, 1, 4 and 2 at once; the goal is that all take at most twice as long as one."""
    plan = section.plan
    jobs = study_jobs(plan)
    usual = read_study(ROOT / "config.yaml").image_settings("baseline").training.epochs
    section.put(epochs=plan.epochs, epochs_of_the_study=usual)
    estimate = 10.0
    if plan.quick:
        jobs = jobs[:2]
    else:  # not counted: it reads the libraries from the disk
        with section.guarded("the first run"):
            first = train(plan, jobs[0], plan.scratch / "first", 1, section.left)
            section.put(first_run=first)
            estimate = first["seconds"]
            if "failed" in first:
                section.note("the first run failed: what follows is likely to fail, too")
    for slots in (2, 1) if plan.quick else (9, 1, 4, 2):
        # One after another, some of the runs tell as much as all of them.
        expected = 3 * estimate if slots == 1 else 1.2 * estimate * len(jobs) / slots
        if not section.enough(expected, f"{slots} at once"):
            continue
        with section.guarded(f"{slots} at once"):
            found = train_all(plan, jobs, plan.scratch / f"at-once-{slots}", slots, section.left - 1)
            section.row(**found)
            estimate = min(estimate, found["median_of_a_run"].get("total", estimate))
            if slots == 1:
                (plan.scratch / SINGLES).write_text(json.dumps(found["runs"]))
    section.put(**_summary(section.found["rows"]))


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the seconds of one run alone, and how many times that each arrangement took."""
    one = next((row for row in rows if row["at_once"] == 1), None)
    alone = [run["seconds"] for run in one["runs"] if "failed" not in run] if one else []
    if not alone:
        return {}
    single = statistics.median(alone)
    return {
        "seconds_of_one_run": round(single, 2),
        "runs": len(one["runs"]),
        "times_one_run": {str(row["at_once"]): round(row["seconds"] / single, 2) for row in rows if row["complete"]},
    }
