"""Runs from a CSV file, such as the one that W&B's table of runs exports."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.names import not_known
from seedwise.sources.found import FoundRun, metric_keys, read_metrics, state_of, whole
from seedwise.sources.settings import RunsSettings

STATES = ("State", "state")
NAMES = ("ID", "Name", "name")
CREATED = ("Created", "createdAt")


def read(settings: RunsSettings, metric: str) -> tuple[str, list[FoundRun]]:
    """Read all runs of the file: oldest first if it has W&B's column Created, else in the order of the file.

    Args:
        settings: the path, and the columns of variant and seed.
        metric: the compared one.

    Returns:
        Where they come from, in words, and the runs.

    Raises:
        UserError: the file cannot be read, or lacks a column.
    """
    path = Path(str(settings.path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
            header = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"runs.path: cannot read {path} ({getattr(error, 'strerror', None) or error})") from error
    for key, column in (("variant_key", settings.variant_key), ("seed_key", settings.seed_key)):
        if column not in header:
            raise UserError(f"runs.{key}: {not_known(column, header, f'Columns of {path}')}")
    keys = metric_keys(metric, settings.metric, header, str(path))
    created = next((column for column in CREATED if column in header), None)
    if created:
        rows.sort(key=lambda row: row[created] or "")
    runs = [_found(row, position, settings, keys) for position, row in enumerate(rows, start=1)]
    return f"the file {path}", runs


def _found(row: Mapping[str, str], position: int, settings: RunsSettings, keys: Mapping[str, str]) -> FoundRun:
    state = next((row[column] for column in STATES if row.get(column)), "")
    status = row.get("status") or ""
    # Our own tables have a status instead of a state.
    ended = state or ("failed" if status == "failed" else "finished")
    return FoundRun(
        name=next((row[column] for column in NAMES if row.get(column)), f"row {position}"),
        variant=row[settings.variant_key] or None,
        seed=whole(row[settings.seed_key] or None),
        state=state_of(ended, status),
        metrics=read_metrics(row, keys),
        ended=ended,
    )
