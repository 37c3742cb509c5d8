"""What a rule's jobs need of a machine, as the `resources` directive takes it."""

from __future__ import annotations

from typing import Any

from seedwise.config.resources import Resources
from seedwise.config.study import Study
from seedwise.runs.hardware import expected_device


def job_needs(resources: Resources, rule: str, *, growing: bool) -> dict[str, Any]:
    """Return memory and time of a rule's jobs.

    Args:
        resources: what the config says.
        rule: its name.
        growing: whether they grow with each attempt, as on a cluster, which kills jobs that exceed them.
    """
    if not growing:
        return dict(resources.limits(rule)._asdict())
    return {
        "mem_mb": lambda wildcards, attempt: resources.limits(rule, attempt).mem_mb,  # noqa: ARG005
        "runtime": lambda wildcards, attempt: resources.limits(rule, attempt).runtime,  # noqa: ARG005
    }


def training_needs(resources: Resources, rule: str, gpus: Any, *, growing: bool) -> dict[str, Any]:
    """Return what a job that trains needs; `gpus` is a number, or a function of the wildcards."""
    declared = getattr(resources, rule)
    model = {"gpu_model": declared.gpu_model} if declared.gpu_model else {}
    return job_needs(resources, rule, growing=growing) | {"gpu": gpus, "gpu_slots": declared.gpu_slots} | model


def gpus_of(resources: Resources, rule: str, device: str) -> int:
    """Return 1 if a job trains on CUDA, else 0, so that a limit on `gpu` affects only jobs that need one."""
    declared: int | None = getattr(resources, rule).gpu
    return int(expected_device(device) == "cuda") if declared is None else declared


def threads_of(study: Study, variant: str) -> int:
    """Return the number of CPU threads of a variant's runs."""
    return study.resources.train_run.threads or study.trainer.threads(study.settings(variant))
