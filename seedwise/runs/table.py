"""The columns of runs.csv: what every table of runs may have, and the metrics, whose names only a trainer knows."""

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
    "precision",
    "determinism",
    "threads",
    "hardware",
    "commit",
    "dirty",
)
"""Columns that say which run a row is, how it ended and what it ran on."""
DIGEST = "_digest"
"""How the columns end that say what a run depended on."""


def metric_columns(columns: Iterable[str]) -> list[str]:
    """Return the columns of a table of runs that may hold a metric, in their order: all but the fixed ones.

    A table that users bring may also have columns of text; only a column of numbers is a metric.
    """
    return [name for name in columns if name not in FIXED and not name.endswith(DIGEST)]
