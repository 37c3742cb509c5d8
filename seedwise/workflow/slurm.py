"""What Snakemake's Slurm plugin (2.8.0) lacks to outlast a controller that is away for a while."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType


def remember_min_job_age(plugin: ModuleType) -> None:
    """Let the plugin keep the last MinJobAge that it read, where the controller does not answer.

    It asks before every check of its jobs, takes silence for a MinJobAge of nothing and turns from squeue to sacct.
    Where Slurm keeps no accounts, sacct has no answer; the plugin then forgets its jobs, and Snakemake waits for ever.

    Args:
        plugin: the module `snakemake_executor_plugin_slurm`.
    """
    ask: Callable[[], int | None] = plugin.get_min_job_age
    last: int | None = None

    def get_min_job_age() -> int | None:
        nonlocal last
        if (now := ask()) is not None:
            last = now
        return last

    plugin.get_min_job_age = get_min_job_age  # type: ignore[attr-defined]
