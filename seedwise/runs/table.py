"""The columns of runs.csv: those that any table of runs may have, and the metrics, whose names only a trainer knows."""

from __future__ import annotations

from collections.abc import Iterable

FIXED = (
    "variant",
    "seed",
    "status",
    "reason",
    "source_run",
    "epochs",
    "seconds",
    "device",
    "determinism",
    "threads",
    "hardware",
    "commit",
    "dirty",
)
"""Columns that identify a run, say how it ended and describe what it ran on."""
LOST = ("diverged", "failed")
"""Statuses of runs that were lost. Such a run may have numbers; they are shown, and never taken for a result."""
DIGEST = "_digest"
"""Suffix of the columns that identify what a run depended on."""


def metric_columns(columns: Iterable[str]) -> list[str]:
    """Return the columns of a table of runs that may be metrics, in their order: all except the fixed ones.

    A table from elsewhere may also have text columns; only a numeric column is a metric.
    """
    return [name for name in columns if name not in FIXED and not name.endswith(DIGEST)]
