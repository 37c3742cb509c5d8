"""Trackers: mirrors of a run behind one small protocol. The run record is the truth; no tracker can fail a run."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from seedwise.basics.calls import command_for, is_called
from seedwise.basics.secrets import hide


@dataclass(frozen=True)
class TrackedRun:
    """What a tracker gets to know about a run when it starts."""

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
    """A mirror is incomplete; the message says in full sentences what is missing, why, and how to send it later."""


def send_later(target: str) -> str:
    """Say how what is missing is sent when the server can be reached again."""
    which = "" if is_called() else " (with the study's --configfile)"
    return f"Send it later: {command_for(target)}{which}."


class Tracker(Protocol):
    """One place that mirrors a run. To add a tracker, write one file with a class that has these four members."""

    name: str

    def start(self, run: TrackedRun) -> str:
        """Begin; return the id under which the tracker knows the run."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Send a row of the history, such as the metrics of one epoch."""

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Send the final metrics by name, and end."""


class Mirrors:
    """All trackers of a run, made harmless: after its first error, which becomes a warning, a tracker is left out."""

    def __init__(self, trackers: Sequence[Tracker], warn: Callable[[str], None] | None = None) -> None:
        self._trackers = list(trackers)
        self._warn = warn or (lambda message: print(message, file=sys.stderr, flush=True))
        self.ids: dict[str, str] = {}

    def start(self, run: TrackedRun) -> None:
        """Start every tracker and keep their ids."""

        def start(tracker: Tracker) -> None:
            run_id = tracker.start(run)  # the user's own trackers have their name only now
            self.ids[self._free_name(tracker.name)] = run_id

        self._each(start, "was not started")

    def _free_name(self, name: str) -> str:
        """Return a name that no id has yet, and warn if it has to be another one than the tracker's."""
        if name not in self.ids:
            return name
        other = next(f"{name}-{number}" for number in itertools.count(2) if f"{name}-{number}" not in self.ids)
        self._warn(
            f"Warning: two trackers are called {name}; the record has the id of the second under {other}. "
            "Give each tracker a name of its own."
        )
        return other

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log a row of the history everywhere."""
        self._each(lambda tracker: tracker.log(metrics, step), f"misses what follows epoch {step - 1}")

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Finish everywhere."""
        self._each(lambda tracker: tracker.finish(summary, status), "misses the final metrics")

    def _each(self, call: Callable[[Tracker], None], consequence: str) -> None:
        for tracker in list(self._trackers):
            try:
                call(tracker)
            except BaseException as error:  # wandb also raises SystemExit and errors of its own
                if isinstance(error, KeyboardInterrupt):
                    raise
                self._trackers.remove(tracker)
                reason = hide(" ".join(str(error).split())) or type(error).__name__
                message = f": {reason}" if isinstance(error, TrackerError) else f" {consequence} ({reason})."
                self._warn(f"Warning: {tracker.name}{message} The run continues; its record is complete.")
