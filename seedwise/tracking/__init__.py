"""Trackers: mirrors of a run behind one small protocol. The run record is the truth; nothing here can fail a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class TrackedRun:
    """What a tracker is told about a run before it starts."""

    study: str
    variant: str
    seed: int
    settings: Mapping[str, Any]
    settings_digest: str
    folder: Path

    @property
    def name(self) -> str:
        """The run's name for people: <variant>-seed<seed>."""
        return f"{self.variant}-seed{self.seed}"


class TrackerError(Exception):
    """A mirror is not complete; the message says in whole sentences what is missing, why, and how to send it later."""


class Tracker(Protocol):
    """One place that mirrors a run. Adding a tracker is one file with these four members."""

    name: str

    def start(self, run: TrackedRun) -> str:
        """Begin; return the id under which the tracker knows the run."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Send the metrics of one epoch."""

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Send the final metrics under explicit names, and end."""


class Mirrors:
    """All trackers of a run, made harmless: the first error of one silences it with a warning."""

    def __init__(self, trackers: Sequence[Tracker], warn: Callable[[str], None] | None = None) -> None:
        self._trackers = list(trackers)
        self._warn = warn or (lambda message: print(message, file=sys.stderr, flush=True))
        self.ids: dict[str, str] = {}

    def start(self, run: TrackedRun) -> None:
        """Start every tracker and keep their ids."""

        def start(tracker: Tracker) -> None:
            self.ids[tracker.name] = tracker.start(run)

        self._each(start, "was not started")

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log an epoch everywhere."""
        self._each(lambda tracker: tracker.log(metrics, step), f"misses what follows epoch {step - 1}")

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Finish everywhere."""
        self._each(lambda tracker: tracker.finish(summary, status), "misses the final metrics")

    def _each(self, call: Callable[[Tracker], None], consequence: str) -> None:
        for tracker in list(self._trackers):
            try:
                call(tracker)
            except BaseException as error:  # wandb raises SystemExit and errors of its own making
                if isinstance(error, KeyboardInterrupt):
                    raise
                self._trackers.remove(tracker)
                reason = " ".join(str(error).split()) or type(error).__name__
                told = f": {reason}" if isinstance(error, TrackerError) else f" {consequence} ({reason})."
                self._warn(f"Warning: {tracker.name}{told} The run goes on; its record is complete.")
