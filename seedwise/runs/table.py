"""The columns of runs.csv: which of them are metrics."""

from __future__ import annotations

from collections.abc import Iterable

FIXED = (
    *("variant", "seed", "status", "source_run", "epochs", "seconds"),
    *("device", "precision", "threads", "hardware", "settings_digest", "code_digest", "data_digest", "commit", "dirty"),
)
"""Columns that say which run a row is, how it ended and what produced it."""


def metric_columns(columns: Iterable[str]) -> list[str]:
    """The columns that hold metrics: all but the fixed ones."""
    return [column for column in columns if column not in FIXED]
