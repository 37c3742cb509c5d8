"""Where each run of a study stands, read from what the runs leave in their folders: no torch, no pandas, no lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter

from seedwise.basics.errors import UserError
from seedwise.config.study import Run, Study
from seedwise.runs.attempt import ENDED, is_alive, read_attempt
from seedwise.runs.record import Status

State = Literal["finished", "diverged", "outdated", "failed", "interrupted", "running", "missing"]
STATES: tuple[State, ...] = ("finished", "diverged", "outdated", "failed", "interrupted", "running", "missing")
"""From most to least done.

`outdated` has a record of other settings or code than the study has now, `failed` ended without a record,
`interrupted` was stopped by hand and goes on from its last epoch, `missing` never began.
"""
RESULTS: tuple[State, ...] = ("finished", "diverged")
"""States of runs whose record counts."""


class Epoch(NamedTuple):
    """The last epoch of a run that is written down."""

    number: int
    validation_accuracy: float
    mean_seconds: float


class RunState(BaseModel):
    """One run of a study.

    Attributes:
        epoch: last completed epoch; None before the first.
        epochs: that the run is to have.
        validation_accuracy: after `epoch`.
        started: when the running attempt began, in seconds since 1970.
        reason: why it diverged, failed or is outdated.
        log: where to read more, for a run that failed.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    seed: int
    state: State
    epoch: int | None = None
    epochs: int
    validation_accuracy: float | None = None
    started: float | None = None
    reason: str | None = None
    log: str | None = None


class Expected(NamedTuple):
    """What a run of a variant has to look like to count: its settings' and code's digests, and its epochs."""

    settings: str
    code: str
    epochs: int


def expected(study: Study, code: Mapping[str, str]) -> dict[str, Expected]:
    """Say what the runs of each variant are to look like; `code` holds the digest of the training code by variant."""
    chosen = {variant.name: study.settings(variant.name) for variant in study.variants}
    return {
        name: Expected(settings.digest(), code[name], settings.training.epochs) for name, settings in chosen.items()
    }


def read_states(study: Study, runs: Iterable[Run], code: Mapping[str, str], results: Path) -> list[RunState]:
    """Read where each of a study's runs stands.

    Raises:
        UserError: the study trains nothing itself.
    """
    if study.source:
        raise UserError(f"study {study.study}: its runs were recorded elsewhere, so that nothing is in progress")
    wanted = expected(study, code)
    return [read_state(study, run, wanted[run.variant], results) for run in runs]


def read_state(study: Study, run: Run, wanted: Expected, results: Path) -> RunState:
    """Read where one run stands."""
    folder = study.run_folder(*run, results)
    log = study.folder(results) / "logs/train_run" / run.variant / f"seed{run.seed}.log"
    as_if = partial(RunState, variant=run.variant, seed=run.seed, epochs=wanted.epochs)
    # A run takes its mark away when its record is there: whoever reads the mark first misses neither.
    mark = read_attempt(folder)
    if mark is not None and is_alive(folder, mark):
        last = read_epoch(folder / "history.csv")
        return as_if(
            state="running",
            epoch=last.number if last else None,
            validation_accuracy=last.validation_accuracy if last else None,
            started=mark.started,
        )
    found = _read_result(folder / "metrics.json", wanted)
    if found is not None:
        return as_if(**found)
    if mark is None:
        return as_if(state="missing")
    if mark.interrupted:
        return as_if(state="interrupted", reason=mark.error)
    return as_if(state="failed", reason=mark.error or ENDED, log=str(log) if log.exists() else None)


def _read_result(path: Path, wanted: Expected) -> dict[str, Any] | None:
    """Read of a record what decides the state, without checking the rest, which would take a hundred times as long."""
    try:
        record = json.loads(path.read_bytes())
        origin = record["provenance"]
        trained = {"settings": origin["settings_digest"], "code": origin["code_digest"]}
        found = {
            "state": record["status"],
            "epoch": record["epochs"],
            "validation_accuracy": record["metrics"]["validation_accuracy"],
            "reason": record["reason"],
        }
    except OSError:
        return None
    except (ValueError, KeyError, TypeError):
        found = {"state": None}
    if found["state"] not in get_args(Status):
        reason = f"{path} is not a run record; delete {path.parent} and run the study again"
        return {"state": "failed", "reason": reason}
    now = {"settings": wanted.settings, "code": wanted.code}
    if trained != now:
        changed = " and ".join(name for name in now if trained[name] != now[name])
        return {"state": "outdated", "reason": f"trained with other {changed}"}
    return found


def read_epoch(history: Path) -> Epoch | None:
    """Read the last row of a run's history.csv; None where there is none yet."""
    try:
        header, *rows = history.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    columns = header.split(",")
    table = [dict(zip(columns, row.split(","), strict=False)) for row in rows]
    if not table:
        return None
    seconds = [float(row["seconds"]) for row in table]
    return Epoch(int(table[-1]["epoch"]), float(table[-1]["validation_accuracy"]), sum(seconds) / len(seconds))


_STATES = TypeAdapter(tuple[RunState, ...])


def read_status(path: Path) -> tuple[RunState, ...]:
    """Read the runs of a status that was written as JSON."""
    return _STATES.validate_python(json.loads(path.read_bytes())["runs"])
