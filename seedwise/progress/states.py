"""Where each run of a study stands, read from what the runs leave in their folders: no torch, no pandas, no lock."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter

from seedwise.basics.errors import UserError
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile
from seedwise.progress.changes import Changes
from seedwise.runs.attempt import ENDED, is_alive, read_attempt
from seedwise.runs.fit import misfit, read_quickly

State = Literal["finished", "diverged", "outdated", "failed", "interrupted", "running", "missing"]
STATES: tuple[State, ...] = ("finished", "diverged", "outdated", "failed", "interrupted", "running", "missing")
"""From most to least done.

`outdated` has a record that does not fit what the study asks for now, `failed` ended without a record, `interrupted`
was stopped by hand and goes on from its last step, `missing` never began.
"""
ENDED_STATES: tuple[State, ...] = ("finished", "diverged")
"""States of runs whose record counts."""


class Step(NamedTuple):
    """The last row of a run's history: its number, the watched value, and the mean seconds of a step so far."""

    number: int
    watched: float
    mean_seconds: float


class RunState(BaseModel):
    """One run of a study.

    Attributes:
        unit: what a step is called, such as "epoch".
        step: last completed step; None before the first.
        steps: that the run is to have.
        metric: name of the watched metric.
        watched: its value after `step`.
        started: when the running attempt began, in seconds since 1970.
        reason: why it diverged, failed or is outdated.
        log: where to read more, for a run that failed.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    seed: int
    state: State
    unit: str
    step: int | None = None
    steps: int
    metric: str
    watched: float | None = None
    started: float | None = None
    reason: str | None = None
    log: str | None = None


class StateReader:
    """Reads where the runs of a study stand.

    Args:
        study: that is asked about.
        results: folder that holds the studies' folders.

    Attributes:
        unit: what a step of a run is called, such as "epoch".
        metric: name of the metric that is watched.
    """

    def __init__(self, study: StudyFile, results: Path) -> None:
        self.study, self.results = study, results
        self._trainer = study.study.trainer
        self.unit, self.metric = self._trainer.history[0], self._trainer.watched
        self._steps = {
            variant.name: self._trainer.steps(study.study.settings(variant.name)) for variant in study.study.variants
        }
        self._content = study.content()
        self._changes = Changes(study, study.study.folder(results))

    def steps(self, variant: str) -> int:
        """Return how many steps a run of a variant has."""
        return self._steps[variant]

    def folder(self, run: Run) -> Path:
        """Return the folder of a run."""
        return self.study.study.run_folder(*run, self.results)

    def last_step(self, run: Run) -> Step | None:
        """Read the last row of a run's history; None where there is none yet."""
        return read_step(self.folder(run) / "history.csv", self.unit, self.metric)

    def read(self, run: Run) -> RunState:
        """Read where one run stands."""
        study = self.study.study
        folder = self.folder(run)
        log = study.folder(self.results) / "logs/train_run" / run.variant / f"seed{run.seed}.log"
        as_if = partial(
            RunState,
            variant=run.variant,
            seed=run.seed,
            unit=self.unit,
            steps=self._steps[run.variant],
            metric=self.metric,
        )
        # A run takes its mark away when its record is there: reading the mark first misses neither.
        mark = read_attempt(folder)
        if mark is not None and is_alive(folder, mark):
            last = self.last_step(run)
            return as_if(
                state="running",
                step=last.number if last else None,
                watched=last.watched if last else None,
                started=mark.started,
            )
        record = read_quickly(folder / "metrics.json")
        if record is not None:
            return as_if(**self._ended(record, run))
        if mark is None:
            return as_if(state="missing")
        if mark.interrupted:
            return as_if(state="interrupted", reason=mark.error)
        return as_if(state="failed", reason=mark.error or ENDED, log=str(log) if log.exists() else None)

    def _ended(self, record: dict[str, Any], run: Run) -> dict[str, Any]:
        """Say what a record makes of a run."""
        wrong = misfit(record, self.study.wanted(run, self._content), self._trainer.metrics)
        if wrong:
            return {"state": "outdated", "reason": self._changes.explain(record, run, wrong)}
        return {
            "state": record["status"],
            "step": record["epochs"],
            "watched": record["metrics"].get(self.metric),
            "reason": record["reason"],
        }


def read_states(study: StudyFile, results: Path) -> list[RunState]:
    """Read where each of a study's due runs stands.

    Raises:
        UserError: the study trains nothing itself.
    """
    if study.study.source:
        raise UserError(f"study {study.study.study}: its runs were recorded elsewhere, so that nothing is in progress")
    reader = StateReader(study, results)
    return [reader.read(run) for run in study.runs()]


def read_step(history: Path, unit: str, watched: str) -> Step | None:
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
    return Step(int(table[-1][unit]), float(table[-1][watched]), sum(seconds) / len(seconds))


_STATES = TypeAdapter(tuple[RunState, ...])


def read_status(path: Path) -> tuple[RunState, ...]:
    """Read the runs of a status that was written as JSON."""
    return _STATES.validate_python(json.loads(path.read_bytes())["runs"])
