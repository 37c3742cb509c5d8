"""The progress of a study as its live page shows it, read again only where something has changed."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile
from seedwise.progress.session import Training, time_left
from seedwise.progress.states import ENDED_STATES, STATES, RunState, StateReader, require_runs
from seedwise.progress.words import counts, duration
from seedwise.watch.details import log_tail, training_curve
from seedwise.watch.machine import machine_load

FRESH = 1.0
"""Seconds for which what was read is shown again, however many pages ask."""
SHARE = 10
"""Reading takes at most one part in so many of the time, so that watching a large study slows nothing down."""
_NEXT = ("missing", "interrupted", "outdated")
REPORTS = ("page.html", "results.md")

_Stamp = tuple[int, int] | None


class Live:
    """A study that is being watched.

    Args:
        read: reads the study and what its runs depend on.
        files: that `read` depends on; it is called again when one of them changes.
        results: folder that contains the studies' folders.

    Raises:
        UserError: a mistake in the study, or it does no runs of its own.
    """

    def __init__(self, read: Callable[[], StudyFile], files: Sequence[Path], results: Path) -> None:
        self._read, self._files, self._results = read, files, results
        self._lock = threading.RLock()
        self._version = self._laid_out = 0
        self._problem: str | None = None
        self._refreshed = self._took = 0.0
        self._at_once = 1
        self._changed_at = time.time()
        self._read_study()
        self._refresh()

    @property
    def name(self) -> str:
        """Name of the study."""
        return self._study.study.study

    @property
    def folder(self) -> Path:
        """Folder of the study's results."""
        return self._study.study.folder(self._results)

    def has_ended(self) -> bool:
        """Whether every run has ended, and none of them will be started again."""
        with self._lock:
            self._refresh()
            return all(run.state in (*ENDED_STATES, "failed") for run in self._states.values())

    def quiet_seconds(self) -> float:
        """Return the seconds since a run last changed."""
        return time.time() - self._changed_at

    def summary(self) -> str:
        """Count the runs in each state: `5 of 9 runs finished, 2 running`."""
        with self._lock:
            return counts(self._states.values())

    def report(self) -> Path | None:
        """Return the path of the report if it is there and no run has ended since."""
        path = next((self.folder / name for name in REPORTS if (self.folder / name).is_file()), None)
        with self._lock:
            newest = max((stamp[1][0] for stamp in self._stamps.values() if stamp[1]), default=0)
        return path if path and path.stat().st_mtime_ns >= newest else None

    def answer(self, since: int = 0) -> dict[str, Any]:
        """Return what has changed since a version of the page, as JSON; everything for version 0."""
        with self._lock:
            self._refresh()
            whole = since < self._laid_out or since > self._version
            changed = [cell for number, cell in self._cells.items() if whole or self._versions[number] > since]
            return {
                "version": self._version,
                "now": round(time.time(), 1),
                "counts": {state: count for state in STATES if (count := self._counts[state])},
                "left": self._time_left(),
                "report": str(report) if (report := self.report()) else None,
                "problem": self._problem,
                "machine": machine_load(),
                "runs": changed,
                **({"layout": self._layout()} if whole else {}),
            }

    def detail(self, number: int) -> dict[str, Any] | None:
        """Return the end of a failed run's log, or the shape of a run's training curve; None without such a run."""
        with self._lock:
            if not 0 <= number < len(self._runs):
                return None
            state, folder = self._states[number], self._reader.folder(self._runs[number])
            hidden = self._study.study.analysis.metric
        if state.state == "failed":
            return {"log": log_tail(Path(state.log)), "path": state.log} if state.log else {}
        curve = training_curve(folder, hidden)
        return {"curve": curve} if curve else {}

    def _layout(self) -> dict[str, Any]:
        study = self._study.study
        looks = study.analysis.looks
        return {
            "study": study.study,
            "title": study.title,
            "config": self._study.config,
            "unit": self._reader.unit,
            "variants": [variant.label or variant.name for variant in study.variants],
            "seeds": list(self._study.seeds),
            "look": f"{len(self._study.seeds)} of {quantity(looks[-1], 'seed')} per variant" if looks else None,
            "folder": str(self.folder),
        }

    def _read_study(self) -> None:
        self._read_from = [_stamp(path) for path in self._files]
        study = self._read()
        require_runs(study)
        self._study = study
        self._reader = StateReader(self._study, self._results)
        self._runs = self._study.runs()
        folders = [self._reader.folder(run) for run in self._runs]
        self._marks = [(str(folder / "attempt.json"), str(folder / "metrics.json")) for folder in folders]
        # All by the place of a run among `_runs`.
        self._states: dict[int, RunState] = {}
        self._stamps: dict[int, tuple[_Stamp, _Stamp]] = {}
        self._cells: dict[int, dict[str, Any]] = {}
        self._versions: dict[int, int] = {}
        self._laid_out = self._version = self._version + 1
        self._problem = None

    def _refresh(self) -> None:
        """Read what may have changed, unless that was done just now."""
        began = time.monotonic()
        if self._refreshed and began - self._refreshed < max(FRESH, SHARE * self._took):
            return
        if [_stamp(path) for path in self._files] != self._read_from:
            try:
                self._read_study()
            except UserError as error:  # it is being edited: go on with the study as it was
                self._problem = str(error)
        version = self._version + 1
        for number, run in enumerate(self._runs):
            mark, record = self._marks[number]
            stamps = _stamp(mark), _stamp(record)
            if stamps == self._stamps.get(number) and self._states[number].state != "running":
                continue
            self._stamps[number] = stamps
            self._states[number] = state = self._reader.read(run)
            cell = _cell(number, state)
            if cell != self._cells.get(number):
                self._cells[number], self._versions[number] = cell, version
                self._version = version
                self._changed_at = time.time()
        self._counts = Counter(state.state for state in self._states.values())
        self._at_once = max(self._at_once, self._counts["running"])
        self._refreshed = time.monotonic()
        self._took = self._refreshed - began

    def _time_left(self) -> str | None:
        """Estimate the time until the last run ends; None while no run is being trained, or nothing is known yet."""
        trainings = [self._training(state) for state in self._states.values() if state.state == "running"]
        if not trainings:
            return None
        waiting = Counter(state.variant for state in self._states.values() if state.state in _NEXT)
        seconds: dict[str, list[float]] = {}
        for state in self._states.values():
            if state.state in ENDED_STATES and state.seconds is not None:
                seconds.setdefault(state.variant, []).append(state.seconds)
        left = time_left(trainings, waiting, seconds, self._at_once, time.time())
        return duration(left) if left is not None and left >= 1 else None

    def _training(self, state: RunState) -> Training:
        run = Run(state.variant, state.seed)
        last, latest = self._reader.last_step(run), None
        with suppress(OSError):
            latest = (self._reader.folder(run) / "history.csv").stat().st_mtime
        mean_seconds = last.mean_seconds if last else None
        return Training(run, state.phase, state.step, state.steps, mean_seconds, state.started, latest)


def _cell(number: int, state: RunState) -> dict[str, Any]:
    """Return what the page shows of a run; neither its score nor, where that may quote one, its reason."""
    cell = {
        "n": number,
        "state": state.state,
        "phase": state.phase,
        "step": state.step if state.state == "running" else None,
        "steps": state.steps if state.state == "running" else None,
        "started": round(state.started) if state.started else None,
        "took": round(state.seconds) if state.seconds is not None else None,
        "reason": state.reason if state.state in ("failed", "outdated") else None,
    }
    return {key: value for key, value in cell.items() if value is not None}


def _stamp(path: str | Path) -> _Stamp:
    """Return what changes whenever a file is written; None without a file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - it is called for every run
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
