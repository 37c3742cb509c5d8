"""Run records: the JSON file that each run writes, and the only input of the analysis."""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seedwise.basics.errors import UserError
from seedwise.basics.files import content_digest, short_digest, write_text
from seedwise.runs.attempt import read_attempt

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_PROVENANCE = ("device", "precision", "threads", "hardware", "settings_digest", "code_digest", "data_digest")
_ONLY_IMAGES = ("epochs", "precision")
"""Columns that only runs of the image classifier fill."""
BESIDE = ("history.csv", "predictions.npz", "scores.csv")
"""Files beside a record that the report reads; the record has their digests."""
Status = Literal["finished", "diverged", "failed"]
# These are plain classes: pydantic checks records where they are read, and a run that writes one need not import it.
_CONFIG = {"extra": "forbid"}


class RecordError(UserError):
    """A run record is missing, corrupt or not a run record; the message names the file and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What produced the numbers. Contains neither host names nor user names."""

    __pydantic_config__ = _CONFIG

    commit: str | None = field(metadata={"description": "Git commit of the repository; null outside one."})
    dirty: bool | None = field(metadata={"description": "Whether tracked files differed from that commit."})
    uncommitted: list[str] | None = field(
        default=None,
        metadata={
            "description": "Files of the study and of its code that this commit does not contain as the run used them: "
            "untracked or changed; null outside a repository and in older records."
        },
    )
    versions: dict[str, str] = field(metadata={"description": "Versions of Python and of the numerical packages."})
    hardware: str = field(metadata={"description": "Model name of the training device."})
    device: str
    precision: str | None = field(
        default=None, metadata={"description": "Numerical precision; null if only the program knows."}
    )
    determinism: str = field(
        default="off", metadata={"description": "Setting training.determinism: off, warn or error."}
    )
    threads: int
    settings_digest: str
    code_digest: str
    data_digest: str = field(metadata={"description": "Digest of the content of the data."})
    data: str | None = field(
        default=None,
        metadata={"description": "Digest of everything that the data were made of; null in older records."},
    )
    environment_digest: str = field(
        default="", metadata={"description": "Digest of the environment of a program; else empty."}
    )
    environment: str | None = field(default=None, metadata={"description": "The environment of a program, in words."})
    exported: dict[str, str | None] = field(
        default_factory=dict,
        metadata={
            "description": "Digests of the variables that a program's code reads and its study does not set, by name; "
            "null for one that was not set. Those of secrets are left out."
        },
    )
    named_files: dict[str, str] = field(
        default_factory=dict,
        metadata={
            "description": "Digests of files that a program's code names and that are neither its code nor its data, "
            "by name; those that changed while it ran are left out."
        },
    )


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Numbers of examples in each set, and the number of trainable parameters."""

    __pydantic_config__ = _CONFIG

    train: int
    validation: int
    test: int
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How the time of the run was spent, in seconds."""

    __pydantic_config__ = _CONFIG

    total: float
    imports: float = 0.0
    data: float = 0.0
    train: float = 0.0
    evaluate: float = 0.0
    tracking: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run: one variant with one seed."""

    __pydantic_config__ = _CONFIG

    schema_version: Literal[1] = 1
    study: str
    variant: str
    seed: int
    status: Status
    reason: str | None = field(default=None, metadata={"description": "Why a run diverged or failed."})
    metrics: dict[str, float | None] = field(
        metadata={"description": "Final values, also of a run that ended at chance; null if the loss was not finite."}
    )
    epochs: int | None = field(
        default=None, metadata={"description": "Number of completed epochs; null for a program."}
    )
    settings: dict[str, Any] = field(metadata={"description": "The resolved settings of this run."})
    started: float | None = field(
        default=None,
        compare=False,
        metadata={"description": "When the run was started, in seconds since 1970; null in older records."},
    )
    registration: str | None = field(
        default=None,
        compare=False,
        metadata={"description": "Hash of the registration of the study before which it did not start."},
    )
    command: list[str] | None = field(default=None, metadata={"description": "The command of a program, filled in."})
    failures: list[str] = field(
        default_factory=list, metadata={"description": "Why earlier attempts at this run failed."}
    )
    wrote: list[str] = field(
        default_factory=list, metadata={"description": "Files in the program's own folder that changed while it ran."}
    )
    sizes: Sizes | None = field(default=None, metadata={"description": "Sizes of data and model; null for a program."})
    provenance: Provenance
    timing: Timing
    tracking: dict[str, str] = field(default_factory=dict, metadata={"description": "Ids of this run in each tracker."})
    files: dict[str, str] = field(
        default_factory=dict,
        compare=False,
        metadata={"description": "Digests of the files beside the record that the report reads."},
    )
    digest: str | None = field(
        default=None,
        compare=False,
        metadata={"description": "Digest of the record without this line; null in older records."},
    )


def write_record(path: Path, record: RunRecord) -> None:
    """Write a record atomically, with digests that show when it or a file beside it is changed later.

    The mark of the attempt at the run says when it started, and to which registration it belongs.
    """
    if mark := read_attempt(path.parent):
        record = replace(record, started=record.started or mark.started, registration=mark.registration)
    there = {name: short_digest(path.with_name(name)) for name in BESIDE if path.with_name(name).is_file()}
    plain = _plain(replace(record, files=there))
    plain["digest"] = content_digest(plain)
    write_text(path, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def alteration(path: Path, plain: Any = None) -> str | None:
    """Say what was changed after a record was written; None if nothing was, or if the record is too old to tell.

    Args:
        path: of the record.
        plain: the record as read from JSON; None reads it.
    """
    if plain is None:
        try:
            plain = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return "it is not a run record"
    if not isinstance(plain, dict) or plain.get("digest") is None:
        return None
    if plain["digest"] != content_digest(plain):
        return "it was edited after the run"
    files = plain["files"]
    for name in BESIDE:
        file, wanted = path.with_name(name), files.get(name)
        try:
            found = short_digest(file)
        except FileNotFoundError:
            found = None
        except OSError as error:
            return f"its {name} cannot be read ({error.strerror})"
        if wanted and found is None:
            return f"its {name} is missing"
        if found != wanted:
            return f"its {name} was changed after the run"
    return None


def _plain(value: Any) -> Any:
    """Turn a record into what JSON has: a number that is not finite becomes null."""
    if isinstance(value, (RunRecord, Provenance, Sizes, Timing)):
        return _plain(vars(value))
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@functools.cache
def checked() -> TypeAdapter[RunRecord]:
    """Return what checks that something is a run record."""
    from pydantic import TypeAdapter

    return TypeAdapter(RunRecord)


def read_record(path: Path) -> RunRecord:
    """Read and check a record.

    Raises:
        RecordError: it does not exist, or it is not a run record.
    """
    from pydantic import ValidationError

    remedy = f"delete {path.parent} and run the study again: only this run is retrained"
    try:
        return checked().validate_json(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}; {remedy}") from error
    except ValidationError as error:
        raise RecordError(f"{path}: {_first_mistake(error)}; {remedy}") from error


def parse_record(found: Mapping[str, Any]) -> RunRecord:
    """Check a record that was read as JSON.

    Raises:
        RecordError: it is not a run record; the message says why, and not which file it is.
    """
    from pydantic import ValidationError

    try:
        return checked().validate_python(found)
    except ValidationError as error:
        raise RecordError(_first_mistake(error)) from error


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "file"
    return f"not a run record ({where}: {first['msg']})"


def run_columns(records: Iterable[RunRecord]) -> tuple[str, ...]:
    """Return the columns of runs.csv: identity and end of the run, every metric of any record, and provenance."""
    records = list(records)
    metrics = dict.fromkeys(name for record in records for name in record.metrics)
    without = _ONLY_IMAGES if records and all(record.sizes is None for record in records) else ()
    columns = ("variant", "seed", "status", "reason", *metrics, "epochs", "seconds", *_PROVENANCE, "commit", "dirty")
    return tuple(name for name in columns if name not in without)


def tabulate(records: Sequence[RunRecord]) -> str:
    """Format records as runs.csv: one row per run, with an empty cell where a metric is not defined."""
    stream = io.StringIO()
    columns = run_columns(records)
    writer = csv.DictWriter(stream, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for record in records:
        origin = record.provenance
        row: dict[str, object] = {name: "" if value is None else repr(value) for name, value in record.metrics.items()}
        row |= {"variant": record.variant, "seed": record.seed, "status": record.status}
        row["epochs"] = "" if record.epochs is None else record.epochs
        row["reason"] = " ".join((record.reason or "").split())  # one line per run, whatever a reason holds
        row |= {name: "" if (found := getattr(origin, name)) is None else found for name in _PROVENANCE}
        row |= {"seconds": f"{record.timing.total:.2f}", "commit": origin.commit or ""}
        row["dirty"] = "" if origin.dirty is None else str(origin.dirty).lower()
        writer.writerow(row)
    return stream.getvalue()
