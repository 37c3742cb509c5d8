"""Pulling runs from a source: runs.csv, and pulled.json, which says where they come from and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from seedwise.basics.files import write_text
from seedwise.sources.found import FoundRun, select, tabulate_found
from seedwise.sources.settings import RunsSettings


class Pulled(BaseModel):
    """What the report says of runs that were recorded elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(description="Where the runs come from, in words.")
    runs: int = Field(description="How many runs the source listed.")
    notes: list[str] = Field(description="A sentence about whatever was not counted, replaced or missing.")


def _read(settings: RunsSettings, metric: str) -> tuple[str, list[FoundRun]]:
    """Read the source that the settings name; only then is its library imported."""
    if settings.origin == "csv":
        from seedwise.sources.csv import read
    elif settings.origin == "mlflow":
        from seedwise.sources.mlflow import read
    else:
        from seedwise.sources.wandb import read
    return read(settings, metric)


def pull(settings: RunsSettings, metric: str, variants: Sequence[str], seeds: Sequence[int], out: Path) -> Pulled:
    """Read a source and write runs.csv to `out`, with pulled.json beside it.

    Raises:
        UserError: the source cannot be read or lacks the metric, a variant has no run, or a duplicate is an error.
    """
    where, found = _read(settings, metric)
    selection = select(found, metric, variants, seeds, settings.duplicates)
    pulled = Pulled(source=where, runs=len(found), notes=selection.notes)
    write_text(out, tabulate_found(selection.runs, metric))
    write_text(out.with_name("pulled.json"), pulled.model_dump_json(indent=2) + "\n")
    return pulled


def read_pulled(path: Path) -> Pulled:
    """Read what `pull` wrote."""
    return Pulled.model_validate_json(path.read_text(encoding="utf-8"))
