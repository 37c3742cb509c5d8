"""Images per second of one model: Seedwise's loop as it stands, bare loops, Lightning, compiled and captured."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from benchmarks.gpu.plan import Section, made_up, settings
from benchmarks.gpu.steps import (
    Turn,
    bare,
    captured,
    compare,
    compiler_counts,
    forget_compiled,
    lightning,
    seedwise,
)

CELLS = [
    (64, "bf16", False),
    (512, "bf16", False),
    (64, "fp32", False),
    (512, "fp32", False),
    (64, "bf16", True),
    (512, "bf16", True),
]
"""Batch sizes, precisions, and whether to compile, which takes so long that it comes last."""


def small_cnn(section: Section) -> None:
    """Measure the model of the default study on 28 × 28 × 1."""
    _measure(section, "small_cnn", "small_cnn", "28 × 28 × 1", compile_seconds=20)


def resnet18(section: Section) -> None:
    """Measure a ResNet-18 on 28 × 28 × 1."""
    _measure(section, "resnet18", "resnet18", "28 × 28 × 1", compile_seconds=45)


def cifar(section: Section) -> None:
    """Measure a ResNet-18 on made-up images of CIFAR-10's size."""
    plan = section.plan
    data = made_up(plan.scratch / "cifar.npz", *((160, 40) if plan.quick else (20_000, 100)), 3, 32)
    section.plan = replace(plan, data=data)
    _measure(section, "cifar", "resnet18", "32 × 32 × 3", compile_seconds=45)


def _measure(section: Section, name: str, model: str, images: str, compile_seconds: float) -> None:
    plan = section.plan
    section.put(
        tf32={"cudnn": torch.backends.cudnn.allow_tf32, "matmul": torch.backends.cuda.matmul.allow_tf32},
        cudnn=torch.backends.cudnn.version(),
    )
    cells = [(16 if model == "small_cnn" else 2, "fp32", False)] if plan.quick else CELLS
    if plan.device != "cuda":
        section.note("torch.compile: skipped; Seedwise uses it only on CUDA")
        section.note("CUDA graphs: skipped, no CUDA; the captured step is run operation by operation instead")
    known = {(row["batch"], row["precision"], row.get("compiled", False)) for row in plan.known(name)["rows"]}
    cells = [cell for cell in cells if cell not in known]
    before = False  # whether torch.compile has been loaded, which takes longer than a second compilation
    for number, (batch, precision, compiled) in enumerate(cells):
        label = f"{model}, {images}, {batch}, {precision}{', compiled' if compiled else ''}"
        if number and not section.enough(compile_seconds / (2 if before else 1) + 6 if compiled else 8, label):
            continue
        with section.guarded(label):
            chosen = partial(settings, plan, model, batch_size=batch, precision=precision)
            ways: dict[str, Callable[[], Turn]] = {
                "bare loop": lambda chosen=chosen: bare(plan, chosen()),
                "seedwise": lambda chosen=chosen: seedwise(plan, chosen()),
            }
            if not compiled:
                ways |= {
                    "seedwise, augmented": lambda chosen=chosen: seedwise(
                        plan, chosen(augmentation=("random_crop", "random_horizontal_flip"))
                    ),
                    "bare loop, tuned": lambda chosen=chosen: bare(plan, chosen(), tuned=True),
                    "seedwise, step captured (prototype)": lambda chosen=chosen: captured(plan, chosen()),
                }
            slow = {}
            if compiled:
                slow = {
                    "seedwise, cuda_graphs": compile_seconds / (2 if before else 1),
                    "seedwise, compiled": compile_seconds / 2,
                }
                before = True
                ways |= {
                    "seedwise, cuda_graphs": lambda chosen=chosen: seedwise(plan, chosen(compile="cuda_graphs")),
                    "seedwise, compiled": lambda chosen=chosen: seedwise(plan, chosen(compile=True)),
                }
            if not compiled:
                ways |= _lightning(
                    section, chosen, with_workers=(batch, precision) == (64, "bf16") and name == "small_cnn"
                )
            compare(
                section,
                {"model": model, "images": images, "batch": batch, "precision": precision}
                | ({"compiled": True} if compiled else {}),
                ways,
                batch,
                "bare loop",
                slow=slow,
            )
        if compiled:
            section.put(**{f"torch.compile, {batch}, {precision}": compiler_counts()})
        forget_compiled()


def _lightning(section: Section, chosen: Callable, with_workers: bool) -> dict[str, Callable[[], Turn]]:
    """Return Lightning's contestants, the last ones because their threads would disturb a capture."""
    plan = section.plan
    try:
        import pytorch_lightning
    except Exception as error:  # a broken installation raises others, too
        note = f"PyTorch Lightning: not installed ({error})"
        if note not in section.found["notes"]:
            section.note(note)
        return {}
    section.put(lightning=pytorch_lightning.__version__)
    ways: dict[str, Callable[[], Turn]] = {"lightning, ready batches": lambda: lightning(plan, chosen(), None)}
    if with_workers:
        workers = 0 if plan.quick else min(8, os.cpu_count() or 1)
        ways[f"lightning, DataLoader, {workers} workers"] = lambda: lightning(plan, chosen(), workers)
    return ways
