"""Metrics: name, direction, possible values, and label.

A run may record any metrics. A trainer that knows its metrics in advance declares them as `Metric`s; no other code
refers to a metric by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A metric that a trainer declares: which direction is better, and the range of possible values, ends included."""

    name: str
    higher_is_better: bool
    lowest: float = -math.inf
    highest: float = math.inf

    def problem(self, value: float) -> str | None:
        """Return why a value is impossible for this metric; None if it is possible."""
        if not math.isfinite(value):
            return f"{self.name} is {value}, not a finite number"
        if not self.lowest <= value <= self.highest:
            return f"{self.name} is {value}; possible values lie in [{self.lowest:g}, {self.highest:g}]"
        return None


def metric_label(name: str) -> str:
    """Return the name of a metric for sentences, captions and axes: `f1_macro` becomes `f1 macro`."""
    return " ".join(name.replace("_", " ").split())
