"""The default study's nine runs on one card: one after another, and sharing it."""

from __future__ import annotations

import json
import math
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
"""Runs by themselves, for the section that compares batched models with them."""


def start_up(section: Section) -> None:
    """Measure what a process costs before it trains: Python, the import of torch, the CUDA context."""
    plan = section.plan
    known = {row["at_once"] for row in plan.known("start_up")["rows"]}
    for at_once in (1, 2) if plan.quick else (1, 1, 1, 2, 4, 9):
        if at_once in known:
            continue
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
            answers = [process.communicate(timeout=max(10.0, section.left))[0] for process in processes]
            took = time.perf_counter() - began
            parts = [[float(word) for word in answer.split()[-2:]] for answer in answers]
            section.row(
                at_once=at_once,
                first=not known and not section.found["rows"],
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
    """Train the nine runs with 9, 4 and 2 at once, and some alone; the goal is at most twice the time of one."""
    plan = section.plan
    jobs = study_jobs(plan)
    usual = read_study(ROOT / "config.yaml").image_settings("baseline").training.epochs
    section.put(epochs=plan.epochs, epochs_of_the_study=usual)
    earlier = plan.known("study")["rows"]
    known = {row["at_once"] for row in earlier if row["complete"]}
    estimate = 17.0 if earlier else 10.0
    if plan.quick:
        jobs = jobs[:2]
    elif not earlier:  # not counted: it reads the libraries from the disk
        with section.guarded("the first run"):
            first = train(plan, jobs[0], plan.scratch / "first", 1, section.left)
            section.put(first_run=first)
            estimate = first["seconds"]
            if "failed" in first:
                section.note("the first run failed: what follows is likely to fail, too")
    # One alone is measured by every run of the benchmark, because ratios hold on one machine only.
    order = (2, 1) if plan.quick else (1, 4, 9, 2) if earlier else (9, 1, 4, 2)
    singles: list[dict[str, Any]] = []
    for slots in sorted(order, key=lambda slots: slots in known and slots != 1):  # what is missing first
        chosen = jobs[: 2 if earlier else 3] if slots == 1 else jobs  # alone, a few tell as much as nine
        expected = 1.1 * estimate * math.ceil(len(chosen) / slots)
        if not section.enough(expected, f"{slots} at once"):
            continue
        with section.guarded(f"{slots} at once"):
            found = train_all(plan, chosen, plan.scratch / f"at-once-{slots}", slots, section.left - 1)
            section.row(**found)
            if slots == 1:
                estimate = statistics.median(run["seconds"] for run in found["runs"])
            singles += found["runs"]
            (plan.scratch / SINGLES).write_text(json.dumps(singles))
