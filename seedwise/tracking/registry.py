"""The trackers that a study asks for: those that are built in, and the user's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedwise.basics.plugins import load_plugin
from seedwise.tracking import TrackedRun, Tracker
from seedwise.tracking.mlflow import MlflowTracker
from seedwise.tracking.settings import TrackingSettings
from seedwise.tracking.weights_and_biases import WandbTracker


class OwnTracker:
    """A user's tracker, imported only when a run starts, so that a mistake in it is a warning like any other.

    Until then its name is `package.module:Class`; afterwards the one that it gives itself, if it does.
    """

    def __init__(self, plugin: str, options: Mapping[str, Any]) -> None:
        self.name = plugin
        self._plugin, self._options = plugin, options

    def start(self, run: TrackedRun) -> str:
        """Import the class, make the tracker, begin."""
        made = load_plugin(self._plugin)
        self._take_name_of(made)
        self._tracker: Tracker = made(**self._options)
        self._take_name_of(self._tracker)
        return str(self._tracker.start(run))

    def _take_name_of(self, named: object) -> None:
        name = getattr(named, "name", None)
        if isinstance(name, str) and name.strip():
            self.name = name

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Pass on the metrics of one epoch."""
        self._tracker.log(metrics, step)

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Pass on the final metrics."""
        self._tracker.finish(summary, status)


def trackers(settings: TrackingSettings) -> list[Tracker]:
    """Return the trackers that are switched on."""
    chosen: list[Tracker] = []
    if settings.wandb.mode != "disabled":
        chosen.append(WandbTracker(settings.wandb))
    if settings.mlflow.enabled:
        chosen.append(MlflowTracker(settings.mlflow))
    return chosen + [OwnTracker(plugin, options) for plugin, options in settings.own.items()]
