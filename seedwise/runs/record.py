"""Run records: the JSON file that one training leaves, and the only thing the analysis reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text

_PROVENANCE = ("device", "precision", "threads", "hardware", "settings_digest", "code_digest", "data_digest")
METRICS = ("test_accuracy", "test_loss", "validation_accuracy", "validation_loss", "train_loss")
COLUMNS = ("variant", "seed", "status", *METRICS, "epochs", "seconds", *_PROVENANCE, "commit", "dirty")
"""Of runs.csv."""
Status = Literal["finished", "diverged", "failed"]


class RecordError(UserError):
    """A run record is missing, torn or not a run record; the message names the file and the remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Provenance(_Section):
    """What produced the numbers. Holds neither host nor user names."""

    commit: str | None = Field(description="Git commit of the workflow; null outside a repository.")
    dirty: bool | None = Field(description="Whether tracked files differed from that commit.")
    versions: dict[str, str] = Field(description="Versions of Python and of the packages that compute.")
    hardware: str = Field(description="Model of the device that trained.")
    device: str
    precision: str
    determinism: str = Field(default="off", description="Whether torch was held to deterministic operations.")
    threads: int
    settings_digest: str
    code_digest: str
    data_digest: str


class Sizes(_Section):
    """Numbers of examples in each part, and of trainable parameters."""

    train: int
    validation: int
    test: int
    parameters: int


class Timing(_Section):
    """Where the run's time went, in seconds."""

    total: float
    imports: float
    data: float
    train: float
    evaluate: float
    tracking: float


class RunRecord(_Section):
    """One run: one variant trained with one seed."""

    schema_version: Literal[1] = 1
    study: str
    variant: str
    seed: int
    status: Status
    reason: str | None = Field(default=None, description="Why a run diverged or failed.")
    metrics: dict[str, float | None] = Field(description="Final values; null where the loss was no number.")
    epochs: int = Field(description="Epochs that were completed.")
    settings: dict[str, Any] = Field(description="The resolved settings of this run.")
    sizes: Sizes
    provenance: Provenance
    timing: Timing
    tracking: dict[str, str] = Field(default_factory=dict, description="Ids under which trackers know this run.")


def write_record(path: Path, record: RunRecord) -> None:
    """Write a record atomically."""
    write_text(path, record.model_dump_json(indent=2) + "\n")


def read_record(path: Path) -> RunRecord:
    """Read and check a record.

    Raises:
        RecordError: it does not exist, or it is not a run record.
    """
    remedy = f"delete {path.parent} and run the study again: only this run is trained anew"
    try:
        return RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}; {remedy}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise RecordError(f"{path}: not a run record ({where}: {first['msg']}); {remedy}") from error


def tabulate(records: Iterable[RunRecord]) -> str:
    """Lay records out as the tidy CSV text of runs.csv: one row a run, an empty cell where a metric is undefined."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        values = [record.metrics.get(metric) for metric in METRICS]
        origin = record.provenance
        writer.writerow(
            [
                record.variant,
                record.seed,
                record.status,
                *("" if value is None else repr(value) for value in values),
                record.epochs,
                f"{record.timing.total:.2f}",
                *(getattr(origin, name) for name in _PROVENANCE),
                origin.commit or "",
                "" if origin.dirty is None else str(origin.dirty).lower(),
            ]
        )
    return stream.getvalue()
