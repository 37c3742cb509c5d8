"""Runs of a trackio project, from the SQLite file in which trackio keeps it on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.basics.words import shortened
from seedwise.sources.settings import RunsSettings
from seedwise.sources.tables.objects import table_of_objects
from seedwise.sources.tables.table import Table

QUERY = """
SELECT metrics.run_id, metrics.run_name, metrics.step, metrics.metrics, configs.config, configs.created_at
FROM metrics LEFT JOIN configs ON configs.run_id = metrics.run_id ORDER BY metrics.id
"""


def folder() -> Path:
    """Return the folder of trackio's projects, as trackio finds it."""
    chosen = os.environ.get("TRACKIO_DIR")
    if chosen:
        return Path(chosen)
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "huggingface")
    return Path(home) / "trackio"


def read(settings: RunsSettings) -> Table:
    """Read all runs of the project: a row per step, with the config of the run beside it.

    trackio does not record how a run ended, so that every run counts as finished.

    Raises:
        UserError: there is no such project, or its file cannot be read.
    """
    place = folder() / f"{settings.project}.db"
    if not place.is_file():
        there = sorted(path.stem for path in folder().glob("*.db")) if folder().is_dir() else []
        raise UserError(
            f"runs.project: trackio has no project {settings.project} in {folder()}; "
            f"found {shortened(there, 8) or 'none'}"
        )
    try:
        # Read-only, because trackio may be writing.
        with contextlib.closing(sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(QUERY).fetchall()
    except sqlite3.Error as error:
        raise UserError(f"runs: cannot read {place} ({error}); was it written by trackio 0.20 or newer?") from None
    rows = []
    for run_id, name, step, metrics, config, created in found:
        settings_of_run = {key: value for key, value in json.loads(config or "{}").items() if not key.startswith("_")}
        rows.append(
            {
                "run_id": run_id,
                "name": name,
                "created_at": created,
                "step": step,
                "config": settings_of_run,
                "metrics": dict(flat(json.loads(metrics))),
            }
        )
    return table_of_objects(rows, range(1, len(rows) + 1), f"trackio project {settings.project}", "row")
