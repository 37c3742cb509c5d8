"""The state of each run of a study, read from the run's folder without torch, pandas or a lock."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter

from seedwise.basics.errors import UserError
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile
from seedwise.progress.changes import Changes
from seedwise.runs.attempt import ENDED, is_alive, read_attempt
from seedwise.runs.fit import Judged, judge

State = Literal["finished", "diverged", "outdated", "failed", "interrupted", "running", "missing"]
STATES: tuple[State, ...] = ("finished", "diverged", "outdated", "failed", "interrupted", "running", "missing")
"""States of a run, from most to least done.

`outdated`: its record does not fit the study as it is now. `failed`: it ended without a record. `interrupted`: it was
stopped by hand and will resume after its last step. `missing`: it was never started.
"""
_TAIL = 65536  # bytes at the end of a history that are read for its last row
ENDED_STATES: tuple[State, ...] = ("finished", "diverged")
"""States of runs with a valid record."""


class Step(NamedTuple):
    """The last row of a run's history.

    Attributes:
        number: of the step.
        mean_seconds: mean seconds per step so far; None where the history does not say.
    """

    number: int
    mean_seconds: float | None


class RunState(BaseModel):
    """The state of one run of a study. It has no score: seeing one while runs are missing is a look at the data.

    Attributes:
        unit: name of a step, such as "epoch".
        step: last completed step; None before the first.
        steps: number of steps of a complete run; None if only the program knows.
        phase: what a running attempt does before its first step, such as "importing"; None if unknown or past.
        started: when the running attempt began, in seconds since 1970.
        seconds: how long a run with a record took.
        reason: why it diverged, failed or is outdated.
        log: path of the log of a failed run.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    seed: int
    state: State
    unit: str
    step: int | None = None
    steps: int | None
    phase: str | None = None
    started: float | None = None
    seconds: float | None = None
    reason: str | None = None
    log: str | None = None


class StateReader:
    """Reads the states of a study's runs.

    Args:
        study: the study.
        results: folder that contains the studies' folders.

    Attributes:
        unit: name of a step of a run, such as "epoch".
    """

    def __init__(self, study: StudyFile, results: Path) -> None:
        self.study, self.results = study, results
        self._trainer = study.study.trainer
        self.unit = self._trainer.unit
        self._steps = {
            variant.name: self._trainer.steps(study.study.settings(variant.name)) for variant in study.study.variants
        }
        self._content = study.content()
        self._changes = Changes(study, study.study.folder(results))

    def steps(self, variant: str) -> int | None:
        """Return the number of steps of a variant's complete runs; None if only the program knows."""
        return self._steps[variant]

    def folder(self, run: Run) -> Path:
        """Return the folder of a run."""
        return self.study.study.run_folder(*run, self.results)

    def last_step(self, run: Run) -> Step | None:
        """Read the last row of a run's history; None if there is none yet."""
        if self.study.study.program:
            return read_logged_step(self.folder(run) / "history.jsonl")
        return read_step(self.folder(run) / "history.csv", self.unit)

    def read(self, run: Run) -> RunState:
        """Read the state of one run."""
        study = self.study.study
        folder = self.folder(run)
        log = study.folder(self.results) / "logs/train_run" / run.variant / f"seed{run.seed}.log"
        state_of_run = partial(
            RunState, variant=run.variant, seed=run.seed, unit=self.unit, steps=self._steps[run.variant]
        )
        # A run removes its mark after it has written its record. Reading the mark first therefore misses neither.
        mark = read_attempt(folder)
        if mark is not None and is_alive(folder, mark):
            last = self.last_step(run)
            return state_of_run(
                state="running",
                step=last.number if last else None,
                phase=mark.phase,
                started=mark.started,
            )
        judged = judge(folder / "metrics.json", self.study.wanted(run, self._content), self._trainer)
        if judged is not None:
            return state_of_run(**self._ended(judged, run))
        if mark is None:
            return state_of_run(state="missing")
        if mark.interrupted:
            return state_of_run(state="interrupted", reason=mark.error)
        return state_of_run(state="failed", reason=mark.error or ENDED, log=str(log) if log.exists() else None)

    def _ended(self, judged: Judged, run: Run) -> dict[str, Any]:
        """Return the state of a run that has a record."""
        record = judged.record
        if judged.misfit:
            return {"state": "outdated", "reason": self._changes.explain(record, run, judged.misfit)}
        return {
            "state": record["status"],
            "step": record.get("epochs"),
            "seconds": record["timing"].get("total"),
            "reason": record.get("reason"),
        }


def require_runs(study: StudyFile) -> None:
    """Refuse a study that does no runs of its own.

    Raises:
        UserError: its runs were recorded elsewhere.
    """
    if study.study.source:
        raise UserError(f"study {study.study.study}: its runs were recorded elsewhere, so nothing is in progress here")


def read_states(study: StudyFile, results: Path) -> list[RunState]:
    """Read the state of each due run of a study.

    Raises:
        UserError: the study does no runs of its own.
    """
    require_runs(study)
    reader = StateReader(study, results)
    return [reader.read(run) for run in study.runs()]


def read_step(history: Path, unit: str) -> Step | None:
    """Read the last row of a history.csv; None if there is none yet, or the file is damaged."""
    try:
        rows = list(csv.DictReader(history.read_text(encoding="utf-8").splitlines()))
        seconds = [float(row["seconds"]) for row in rows]
        return Step(int(rows[-1][unit]), sum(seconds) / len(seconds)) if rows else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_logged_step(history: Path) -> Step | None:
    """Read the last whole line that a program has logged with `seedwise.log`; None if there is none."""
    try:
        with history.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - _TAIL))
            lines = stream.read().split(b"\n")[:-1]
    except OSError:
        return None
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return Step(int(json.loads(line)["step"]), None)
    return None


_STATES = TypeAdapter(tuple[RunState, ...])


def read_status(path: Path) -> tuple[RunState, ...]:
    """Read the states of the runs from a status in JSON."""
    return _STATES.validate_python(json.loads(path.read_bytes())["runs"])
