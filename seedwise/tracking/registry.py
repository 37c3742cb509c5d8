"""Which trackers a study asks for. Adding one: a file beside this one, its settings, and a line here."""

from __future__ import annotations

from seedwise.tracking import Tracker
from seedwise.tracking.mlflow import MlflowTracker
from seedwise.tracking.settings import TrackingSettings
from seedwise.tracking.weights_and_biases import WandbTracker


def trackers(settings: TrackingSettings) -> list[Tracker]:
    """Return the trackers that are switched on."""
    chosen: list[Tracker] = []
    if settings.wandb.mode != "disabled":
        chosen.append(WandbTracker(settings.wandb))
    if settings.mlflow.enabled:
        chosen.append(MlflowTracker(settings.mlflow))
    return chosen
