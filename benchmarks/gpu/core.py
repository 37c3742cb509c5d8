"""What of Seedwise's own code only a GPU runs: each in a process of its own, so that a failure shows its traceback."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.plan import ROOT, Plan, Section, settings
from benchmarks.gpu.runs import SCRIPT, Job, command, context, environment, train
from benchmarks.gpu.steps import first, made
from seedwise.runs.hardware import expected_device, gpu_model, gpus
from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings
from seedwise.trainers.image_classifier.training.loop import train_epoch

EVERYTHING: dict[str, Any] = {
    "optimizer": "adamw",
    "learning_rate": 0.002,
    "schedule": "cosine",
    "augmentation": ("random_crop", "random_horizontal_flip", "random_erasing"),
    "mixup": 0.2,
    "label_smoothing": 0.1,
    "gradient_clipping": 1.0,
    "ema": 0.9,
}
SLOTS = 64
"""So many that no check waits for a GPU, except the one for that."""


def _run(model: dict[str, Any] | None = None, **training: Any) -> RunSettings:
    return RunSettings(
        dataset=DatasetSettings(),
        model=ModelSettings(**(model or {})),
        training=TrainingSettings(**{"epochs": 3, "chance_accuracy": 0, **training}),
    )


def _cases(plan: Plan) -> dict[str, RunSettings]:
    device = plan.device
    cases = {
        "auto": _run(),
        "auto, again": _run(),
        "cuda_graphs": _run(device=device, compile="cuda_graphs"),
    }
    if not plan.quick:
        cases |= {
            "cuda_graphs, everything": _run(device=device, compile="cuda_graphs", **EVERYTHING),
            "everything": _run(device=device, **EVERYTHING),
            "everything, deterministic": _run(device=device, determinism="error", **EVERYTHING),
            "everything, again": _run(device=device, determinism="error", **EVERYTHING),
            "fp32": _run(precision="fp32", device=device),
            "compiled": _run(device=device, compile=True),
            "compiled, everything": _run(device=device, compile=True, **EVERYTHING),
            "resnet18, head first, graphs": _run(
                {"name": "resnet18", "trainable": {"freeze_epochs": 1}},
                device=device,
                compile="cuda_graphs",
                learning_rate_ratio=0.1,
            ),
            "resnet18, deterministic": _run({"name": "resnet18", "dropout": 0.1}, device=device, determinism="error"),
            "input size": _run({"name": "resnet18", "input_size": 20}, device=device, determinism="warn"),
        }
    return cases


def core(section: Section) -> None:
    """Run every path, several at once, and compare those that have to agree."""
    plan = section.plan
    section.put(gpus=[gpu._asdict() for gpu in gpus()], gpu_model=gpu_model(), device_of_auto=expected_device("auto"))
    data = plan.scratch / "tiny.npz"
    images.save(data, images.load(ROOT / "tests" / "fashion_mnist_600_300.npz")[0])
    known = plan.known("core")
    if "synchronisations" not in known:
        with section.guarded("synchronisations"):
            section.put(synchronisations=_synchronisations(plan))
    folder = plan.scratch / "core"
    folder.mkdir()
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "2")  # several runs compile at once
    cases = _cases(plan)
    checks: dict[str, Callable[[], dict[str, Any]]] = {
        name: lambda name=name, chosen=chosen: train(
            plan, Job(_slug(name), 0, chosen, data), folder, SLOTS, section.left - 2
        )
        for name, chosen in cases.items()
    }
    checks["interrupted and resumed"] = lambda: _resumed(plan, data, folder, section)
    checks["learning-rate finder"] = lambda: _finder(plan, data, folder, section)
    if plan.device == "cuda":
        checks["waits for the card"] = lambda: _waits(plan, data, section)
    passed = {row["check"] for row in known["rows"] if "failed" not in row}
    checks = {name: check for name, check in checks.items() if name not in passed}
    results: dict[str, dict[str, Any]] = {}
    with ThreadPoolExecutor(2 if plan.quick else 8) as pool:
        futures = {name: pool.submit(check) for name, check in checks.items()}
        for name, future in futures.items():
            with section.guarded(name):
                results[name] = future.result()
                section.row(check=name, **_short(results[name]))
            if name not in results:
                section.row(check=name, failed="see the notes")
    for one, other in (("auto", "auto, again"), ("everything, deterministic", "everything, again")):
        if not {one, other} <= {name for name, result in results.items() if "failed" not in result}:
            continue
        with section.guarded(f"{one} and {other}"):
            same = [_fingerprint(folder, _slug(name)) for name in (one, other)]
            section.put(**{f"{one} = {other}, bit for bit": same[0] == same[1]})


def _short(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without what the other sections say already."""
    return {key: result[key] for key in result if key not in ("variant", "seed", "images")}


def _slug(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")


def _fingerprint(folder: Path, variant: str) -> str:
    """Return a digest of a run's losses, accuracies and predictions."""
    run = folder / "runs" / variant / "seed0"
    metrics = json.loads((run / "metrics.json").read_text())["metrics"]
    with np.load(run / "predictions.npz") as predictions:
        whole = json.dumps(metrics, sort_keys=True).encode() + predictions["predicted"].tobytes()
    return hashlib.sha256(whole).hexdigest()[:16]


def _resumed(plan: Plan, data: Path, folder: Path, section: Section) -> dict[str, Any]:
    """Kill a run after its first checkpoint, start it again, and compare it with a run that was left alone."""
    chosen = _run(device=plan.device, **{**EVERYTHING, "epochs": 6 if plan.quick else 60})
    killed, whole = Job("killed", 0, chosen, data), Job("left-alone", 0, chosen, data)
    result = train(plan, whole, folder, SLOTS, section.left - 2)
    if "failed" in result:
        return result
    run = folder / "runs" / "killed" / "seed0"
    process = subprocess.Popen(
        command(plan, killed, folder, SLOTS),
        cwd=ROOT,
        env=environment(plan),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not list(run.glob("checkpoint-*.pt")) and section.left > 5:
        time.sleep(0.002)
    process.kill()
    process.wait()
    interrupted = not (run / "metrics.json").exists()
    result = train(plan, killed, folder, SLOTS, section.left - 2)
    if "failed" in result:
        return result
    return {
        **result,
        "interrupted": interrupted,
        "resumed": "resuming after epoch" in result["printed"],
        "same_bit_for_bit": _fingerprint(folder, "killed") == _fingerprint(folder, "left-alone"),
    }


def _finder(plan: Plan, data: Path, folder: Path, section: Section) -> dict[str, Any]:
    """Run the learning-rate finder."""
    out = folder / "lr.json"
    told = [sys.executable, str(SCRIPT.with_name("lr_range_test.py")), "--settings"]
    told += [_run(device=plan.device).canonical(), "--seed", "0", "--context", str(context(plan))]
    told += ["--data", str(data), "--out", str(out), "--gpu-slots", str(SLOTS)]
    done = subprocess.run(
        told, cwd=ROOT, env=environment(plan), capture_output=True, text=True, timeout=max(1, section.left), check=False
    )
    if done.returncode:
        return {"failed": (done.stdout + done.stderr)[-3000:]}
    return {"suggestions": json.loads(out.read_text())["suggestions"]}


def _waits(plan: Plan, data: Path, section: Section) -> dict[str, Any]:
    """Start two runs that may not share the card: the second has to wait for the first."""
    alone = Plan(plan.device, plan.data, plan.scratch / "waiting", plan.epochs, plan.quick)
    alone.scratch.mkdir(exist_ok=True)
    chosen = _run(device=plan.device, epochs=20)
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(
                lambda seed: train(
                    alone, Job("waits", seed, chosen, data), alone.scratch / "runs", 1, section.left - 2
                ),
                (0, 1),
            )
        )
    if failed := [run for run in runs if "failed" in run]:
        return failed[0]
    return {"runs_that_waited": sum("waiting for one" in run["printed"] for run in runs)}


def _synchronisations(plan: Plan) -> dict[str, int]:
    """Count how often an epoch of 40 steps waits for the GPU."""
    if plan.device != "cuda":
        return {}
    counts = {}
    for name, more in {"plain": {}, "augmented": {"augmentation": EVERYTHING["augmentation"]}}.items():
        run = made(plan, settings(plan, precision="bf16", **more))
        examples = first(run.parts.train, 40 * 64)
        train_epoch(run.learner, examples, streams=run.streams, epoch=1)
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                train_epoch(run.learner, examples, streams=run.streams, epoch=2)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        counts[name] = sum("synchroniz" in str(warning.message) for warning in caught)
    return counts
