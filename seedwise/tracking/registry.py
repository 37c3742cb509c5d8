"""Which trackers a study asks for: those that are built in, and classes of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedwise.basics.plugins import load_plugin
from seedwise.tracking import TrackedRun, Tracker
from seedwise.tracking.mlflow import MlflowTracker
from seedwise.tracking.settings import TrackingSettings
from seedwise.tracking.weights_and_biases import WandbTracker


class OwnTracker:
    """A tracker of the user's, imported only when a run starts: then a mistake in it is a warning, as any other."""

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self._options = options

    def start(self, run: TrackedRun) -> str:
        """Import the class, make the tracker, begin."""
        self._tracker: Tracker = load_plugin(self.name)(**self._options)
        return str(self._tracker.start(run))

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
    return chosen + [OwnTracker(name, options) for name, options in settings.own.items()]
