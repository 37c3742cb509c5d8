"""Workaround for Snakemake's Slurm plugin (2.8.0): survive outages of the Slurm controller."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType


def remember_min_job_age(plugin: ModuleType) -> None:
    """Make the plugin keep the last known MinJobAge while the controller does not answer.

    The plugin reads MinJobAge before every check of its jobs. Without an answer it switches from squeue to sacct. On a
    cluster without job accounting, sacct returns nothing; the plugin then loses its jobs, and Snakemake waits forever.

    Args:
        plugin: the module `snakemake_executor_plugin_slurm`.
    """
    read: Callable[[], int | None] = plugin.get_min_job_age
    last: int | None = None

    def get_min_job_age() -> int | None:
        nonlocal last
        if (now := read()) is not None:
            last = now
        return last

    plugin.get_min_job_age = get_min_job_age  # type: ignore[attr-defined]
