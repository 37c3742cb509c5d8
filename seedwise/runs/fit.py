"""Whether what a run left is what a study asks for: of its study, settings, code and data, whole, with possible values.

A record that does not fit does not count, whatever put it there: another config, a copied folder, an editor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, get_args

from pydantic_core import from_json

from seedwise.basics.files import aside
from seedwise.runs.metrics import Metric
from seedwise.runs.record import RunRecord, Status

KEYS = frozenset(
    field.name for field in fields(RunRecord) if field.default is MISSING and field.default_factory is MISSING
)
"""What every record has; the others have defaults."""
OF_IMAGES = frozenset({"epochs", "sizes"})
"""What a record has besides, unless it is that of a program."""


class Wanted(NamedTuple):
    """What a run's record has to say.

    Attributes:
        study: name of the study.
        variant: name of the variant.
        seed: the seed.
        settings: digest of the resolved settings.
        code: digest of the code that affects its numbers.
        data: digest of what the prepared data are made of.
        content: digest of the prepared data themselves; None where they are not there to be compared with.
        environment: digest of the environment of a program; empty for others.
        accepted: by what they are of, digests that are as good.
    """

    study: str
    variant: str
    seed: int
    settings: str
    code: str
    data: str
    content: str | None
    environment: str = ""
    accepted: Mapping[str, Sequence[str]] = {}

    def takes(self, what: Literal["code", "environment"], digest: str) -> bool:
        """Whether a record may have this digest."""
        return digest == getattr(self, what) or digest in self.accepted.get(what, ())


class Leaves(Protocol):
    """What a trainer's runs leave: see `seedwise.trainers.Trainer`."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that the trainer declares."""

    @property
    def beside(self) -> tuple[str, ...]:
        """Names of the files beside the record."""


class Misfit(NamedTuple):
    """Why a run does not fit; `kinds` names what differs: record, study, settings,
    code, data, environment, values or files.
    """

    kinds: tuple[str, ...]
    reason: str


class Judged(NamedTuple):
    """A run's record, as read from JSON, and why it does not fit; None if it does."""

    record: Mapping[str, Any]
    misfit: Misfit | None
    written: Mapping[str, Any] = {}
    """The record as it stands in the file."""


def judge(path: Path, wanted: Wanted, leaves: Leaves) -> Judged | None:
    """Say whether the run whose record is at `path` fits; None if there is no record.

    Scores are not compared with the record here, because reading them takes long: see `seedwise.runs.scores`.
    """
    try:
        record = from_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        return Judged({}, Misfit(("record",), f"it is a folder; move it out of the way: {aside(path)}"))
    except OSError as error:
        return Judged({}, Misfit(("record",), f"it cannot be read ({error.strerror})"))
    except ValueError:
        record = None
    if not isinstance(record, dict):
        return Judged({}, NO_RECORD)
    written, record = record, judged_by(record, leaves.metrics)
    misfit = find_misfit(record, wanted, leaves.metrics)
    if misfit is None:
        missing = [name for name in leaves.beside if not (path.parent / name).exists()]
        misfit = Misfit(("files",), f"its {' and '.join(missing)} is missing") if missing else None
    return Judged(record, misfit, written)


def judged_by(record: Mapping[str, Any], metrics: tuple[Metric, ...]) -> Mapping[str, Any]:
    """Return the record of a program's run as finished or diverged by the metric that decides now.

    A value that was not finite is null in a record. Another metric may decide than when the run was recorded, and a
    program's run is not repeated for that.
    """
    values = record.get("metrics")
    if not record.get("command") or record.get("status") not in JUDGED or not isinstance(values, dict):
        return record
    lost = [metric.name for metric in metrics if metric.name in values and values[metric.name] is None]
    if not lost:
        return {**record, "status": "finished", "reason": None}
    if record["status"] == "diverged" and str(record.get("reason", "")).startswith(f"its {lost[0]} "):
        return record
    return {**record, "status": "diverged", "reason": f"its {lost[0]} is not finite"}


JUDGED = ("finished", "diverged")
NO_RECORD = Misfit(("record",), "it is not a run record")


def find_misfit(record: Mapping[str, Any], wanted: Wanted, metrics: tuple[Metric, ...]) -> Misfit | None:
    """Say why a record, as read from JSON, does not fit; None if it does.

    Args:
        record: the record.
        wanted: what it has to say.
        metrics: the metrics that the trainer declares; the values of others have to be finite.
    """
    try:
        if not _is_whole(record):
            return NO_RECORD
        found = dict(_misfits(record, wanted, {metric.name: metric for metric in metrics}))
    except (KeyError, TypeError, AttributeError):
        return NO_RECORD
    return Misfit(tuple(found), "; ".join(dict.fromkeys(found.values()))) if found else None


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a record has all that it should have, of the kinds that are read before it is checked in full."""
    if not record.keys() >= KEYS or not (record.get("command") or record.keys() >= OF_IMAGES):
        return False
    numbers = [record["timing"]["total"], *([] if record.get("epochs") is None else [record["epochs"]])]
    reason = record.get("reason")
    return (
        record["status"] in get_args(Status)
        and isinstance(record["settings"], dict)
        and (reason is None or isinstance(reason, str))
        and all(isinstance(number, (int, float)) for number in numbers)
    )


def _misfits(record: Mapping[str, Any], wanted: Wanted, metrics: Mapping[str, Metric]) -> Iterator[tuple[str, str]]:
    """Yield what differs, and a reason for each."""
    for key in ("study", "variant", "seed"):
        found, asked = record[key], getattr(wanted, key)
        if found != asked or type(found) is not type(asked):
            yield "study", f"its {key} is {found}, not {asked}"
    origin = record["provenance"]
    made_with = {
        "settings": origin["settings_digest"] == wanted.settings,
        "code": wanted.takes("code", origin["code_digest"]),
        "data": origin["data"] == wanted.data and wanted.content in (None, origin["data_digest"]),
        "environment": wanted.takes("environment", origin.get("environment_digest", "")),
    }
    other = [what for what, same in made_with.items() if not same]
    for what in other:
        yield what, f"it was made with different {' and '.join(other)}"
    if record["status"] == "finished" and (absent := [name for name in metrics if name not in record["metrics"]]):
        yield "values", f"it has no {absent[0]}"
    for name, value in record["metrics"].items():
        if value is not None and (problem := _problem(name, value, metrics)):
            yield "values", problem


def _problem(name: str, value: Any, metrics: Mapping[str, Metric]) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{name} is not a number"
    return metrics.get(name, Metric(name, higher_is_better=True)).problem(value)
