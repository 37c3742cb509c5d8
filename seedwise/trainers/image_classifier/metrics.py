"""The metrics that an image classifier records, and the columns of its history."""

from __future__ import annotations

from seedwise.runs.metrics import Metric

METRICS = (
    Metric("test_accuracy", higher_is_better=True, lowest=0.0, highest=1.0),
    Metric("test_loss", higher_is_better=False, lowest=0.0),
    Metric("validation_accuracy", higher_is_better=True, lowest=0.0, highest=1.0),
    Metric("validation_loss", higher_is_better=False, lowest=0.0),
    Metric("train_loss", higher_is_better=False, lowest=0.0),
)
"""The first is compared where a study names none."""
METRIC_NAMES = tuple(metric.name for metric in METRICS)
SCORED = "test_accuracy"
"""The metric that is the mean of the test examples' scores, which are 1 where the prediction is right, else 0."""
HISTORY = ("epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate", "seconds")
"""Columns of history.csv, which has one row per epoch."""
CURVES = {
    "test_accuracy": ("validation_accuracy", "train_loss"),
    "validation_accuracy": ("validation_accuracy", "train_loss"),
    "test_loss": ("validation_loss", "train_loss"),
    "validation_loss": ("validation_loss", "train_loss"),
    "train_loss": ("validation_loss", "train_loss"),
}
"""History columns to plot for a metric, the most closely related first."""
