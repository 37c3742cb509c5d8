"""Runs of one variant with the same numbers: the seed does not reach the program, or digits are lost."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from seedwise.config.study import Run

_CLOCK = re.compile(r"time|second|minute|hour|duration|elapsed|speed|throughput|per_s|/s|fps", re.IGNORECASE)
"""Columns of a history that differ even between two runs of one seed."""


def same_numbers(folder: Path, run: Run, asked: Iterable[Run]) -> str | None:
    """Say that a finished run has exactly the numbers of another seed of its variant; None if it does not.

    Args:
        folder: folder of the run; those of other seeds are beside it.
        run: the run.
        asked: runs of the study; a seed that has left the study is not among them.
    """
    own = _metrics(folder)
    if not own:
        return None
    for seed in sorted(other.seed for other in asked if other.variant == run.variant and other != run):
        other = folder.parent / f"seed{seed}"
        if _metrics(other) == own and not _differ(folder, other):
            first, second = sorted((seed, run.seed))
            return (
                f"{run.variant}: seeds {first} and {second} gave exactly the same numbers. "
                "Does the seed reach the program? (Few digits or few test examples can do this too.)"
            )
    return None


def _metrics(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / "metrics.json").read_bytes())
        return dict(record["metrics"]) if record["status"] == "finished" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _differ(one: Path, other: Path) -> bool:
    """Whether two runs differ in their scores or their history: an accuracy can be the same by chance, these cannot."""
    return any(
        None not in (found := (_columns(one / name), _columns(other / name))) and found[0] != found[1]
        for name in ("scores.csv", "history.csv")
    )


def _columns(table: Path) -> list[tuple[str, ...]] | None:
    """Return the columns of a table, without those that hold times; None if it is not there."""
    try:
        rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    except OSError:
        return None
    return [column for column in zip(*rows, strict=False) if not _CLOCK.search(column[0])]
