"""Checks whether a run record is the one that a study needs: its study, settings, code and data, and valid values.

A record that does not fit is ignored, wherever it comes from: another config, a copied folder, an editor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic_core import from_json

from seedwise.runs.metrics import Metric
from seedwise.runs.record import Status


class Wanted(NamedTuple):
    """What the record of a run must contain.

    Attributes:
        settings: digest of the resolved settings.
        code: digest of the code that affects its numbers.
        data: digest of everything that the prepared data are made of.
        content: digest of the prepared data themselves; None if it is not known.
    """

    study: str
    variant: str
    seed: int
    settings: str
    code: str
    data: str
    content: str | None


class Misfit(NamedTuple):
    """Why a record does not fit.

    Attributes:
        kinds: what is wrong: record, study, variant, seed, settings, code, data or values.
        reason: the same in a sentence.
    """

    kinds: tuple[str, ...]
    reason: str


def read_quickly(path: Path) -> dict[str, Any] | None:
    """Read a record without validating it; None if there is no file, an empty mapping if it is not JSON."""
    try:
        found = from_json(path.read_bytes())
    except OSError:
        return None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def misfit(record: Mapping[str, Any], wanted: Wanted, metrics: Sequence[Metric]) -> Misfit | None:
    """Return why a record does not fit; None if it does.

    Args:
        record: the record, as `read_quickly` returns it.
        wanted: what it must contain.
        metrics: the metrics that the trainer declares; values of other metrics must be finite.
    """
    try:
        found = _misfits(record, wanted, {metric.name: metric for metric in metrics})
    except (KeyError, TypeError, AttributeError):
        return Misfit(("record",), "it is not a run record")
    if not found:
        return None
    return Misfit(tuple(found), "; ".join(dict.fromkeys(found.values())))


def _misfits(record: Mapping[str, Any], wanted: Wanted, metrics: Mapping[str, Metric]) -> dict[str, str]:
    """Return the reasons by kind."""
    origin = record["provenance"]
    found = {
        key: f"its {key} is {record[key]}, not {getattr(wanted, key)}"
        for key in ("study", "variant", "seed")
        if record[key] != getattr(wanted, key) or type(record[key]) is not type(getattr(wanted, key))
    }
    same_data = origin.get("data") in (None, wanted.data) and wanted.content in (None, origin["data_digest"])
    made_with = {
        "settings": origin["settings_digest"] == wanted.settings,
        "code": origin["code_digest"] == wanted.code,
        "data": same_data,
    }
    other = [what for what, same in made_with.items() if not same]
    found |= dict.fromkeys(other, f"it was made with different {' and '.join(other)}")
    if record["status"] not in get_args(Status):
        return {"record": "it is not a run record"}
    for name, value in record["metrics"].items():
        if value is not None and (problem := _problem(name, value, metrics)):
            found["values"] = problem
    return found


def _problem(name: str, value: Any, metrics: Mapping[str, Metric]) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{name} is not a number"
    return metrics.get(name, Metric(name, higher_is_better=True)).problem(value)
