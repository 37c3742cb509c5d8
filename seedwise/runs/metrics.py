"""What a metric is: its name, its direction, its possible values, and what it is called in a sentence.

A run may leave any metrics; a trainer that knows its own declares them as `Metric`s. Nothing else knows a name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A metric that a trainer declares: which way is better, and the values that it can have, both ends included."""

    name: str
    higher_is_better: bool
    lowest: float = -math.inf
    highest: float = math.inf

    def problem(self, value: float) -> str | None:
        """Say why a value cannot be this metric's; None if it can."""
        if not math.isfinite(value):
            return f"{self.name} is {value}, not a finite number"
        if not self.lowest <= value <= self.highest:
            return f"{self.name} is {value}; possible values lie in [{self.lowest:g}, {self.highest:g}]"
        return None


def metric_label(name: str) -> str:
    """What a metric is called in sentences, captions and axes: `test_accuracy` reads `test accuracy`."""
    return " ".join(name.replace("_", " ").split())
