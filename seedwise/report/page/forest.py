"""Positions in the page's forest plot, in percent of its width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seedwise.analysis.example_findings import ExampleComparison
from seedwise.report.digits import LEAST, MOST, Digits
from seedwise.report.rows import ComparisonRow

PADDING = 0.04
MOST_TICKS = 5
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """A horizontal axis of differences."""

    low: float
    high: float

    def place(self, value: float) -> str:
        """Return the position of a value, in percent of the width."""
        return f"{100 * (value - self.low) / (self.high - self.low):.2f}"

    def width(self, low: float, high: float) -> str:
        """Return the length of an interval, in percent of the width."""
        return f"{100 * (high - low) / (self.high - self.low):.2f}"

    def ticks(self) -> list[tuple[str, str]]:
        """Place and text of at most `MOST_TICKS` round values, zero among them."""
        rough = (self.high - self.low) / MOST_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(step * power for step in STEPS if step * power >= rough * (1 - 1e-9))
        digits = _tick_digits(step, two_digits=step / power == 2.5)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [(self.place(i * step), digits.signed(i * step)) for i in range(first, last + 1)]


def _tick_digits(step: float, *, two_digits: bool) -> Digits:
    """How multiples of a step are written, all with the digits that they need."""
    exponent = math.floor(math.log10(step) + 1e-9)
    if LEAST <= step < MOST:
        return Digits(max(0, two_digits - exponent))
    return Digits(1 + two_digits, scientific=True)


def forest_axis(
    comparisons: Sequence[ComparisonRow | ExampleComparison], within_margin: tuple[float, float] | None
) -> Axis:
    """An axis that shows zero, the margin, and every difference with its intervals."""
    ends = [0.0, *(within_margin or ()), *(end for c in comparisons for end in _ends(c))]
    low, high = min(ends), max(ends)
    padding = PADDING * (high - low) or 1.0
    return Axis(low - padding, high + padding)


def _ends(c: ComparisonRow | ExampleComparison) -> Iterable[float]:
    ends = (c.difference, c.ci_low, c.ci_high, c.simultaneous_low, c.simultaneous_high)
    return (end for end in ends if end is not None)
