"""How the values of a metric are written: with as many digits as their size and spread deserve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seedwise.analysis.example_findings import ExampleComparison, ExampleSummary
from seedwise.report.rows import ComparisonRow, SummaryRow
from seedwise.report.text.format import MISSING

LEAST, MOST = 1e-4, 1e6
"""Sizes between which values are written without an exponent."""
LARGE = 1e7
"""A single value as large as this has an exponent even among values that have none."""
SIGNIFICANT = 6
"""Digits that are enough for any value, unless two variants that differ would look the same."""
_EXACT = 15
"""Digits that a float holds."""
_ROUNDING = 1e-12
"""Relative to the values: a spread or a difference below it is an error of rounding."""


@dataclass(frozen=True)
class Digits:
    """How values are written: `places` after the point, of the mantissa where the notation is `scientific`."""

    places: int
    scientific: bool = False

    def number(self, value: float | None) -> str:
        """Write a value with a true minus sign; one that is not defined or not finite is a dash."""
        return MISSING if value is None or not math.isfinite(value) else self.ascii(value).replace("-", "−")

    def signed(self, value: float | None) -> str:
        """Write a difference: as `number`, with its sign also where it is positive."""
        text = self.number(value)
        return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text

    def interval(self, low: float | None, high: float | None) -> str:
        """Write `[low, high]`, or a dash where either end is not defined.

        An interval without width comes from runs without a spread, and says nothing about others: that is a dash too.
        """
        ends = self.number(low), self.number(high)
        if low == high:
            return MISSING
        return MISSING if MISSING in ends else f"[{ends[0]}, {ends[1]}]"

    def ascii(self, value: float) -> str:
        """Write a finite value as a program reads it.

        A value that would be shown as zero and is not gets two significant digits instead.
        """
        if self.scientific:
            return "0" if value == 0 else f"{value:.{self.places}e}"
        if abs(value) >= LARGE:
            return f"{value:.{SIGNIFICANT - 1}e}"
        text = f"{value + 0.0:.{self.places}f}"
        return f"{value:#.2g}" if value != 0 and float(text) == 0 else text


EFFECT = Digits(2)
"""For effect sizes, in seed standard deviations."""


def choose_digits(sizes: Iterable[float], spreads: Iterable[float] = (), gaps: Iterable[float] = ()) -> Digits:
    """Decide how the values of one metric are written.

    The largest value has four digits, five from 1 on, and more where the smallest spread needs them to keep two, or
    where there is no spread, the smallest gap. More than `SIGNIFICANT` digits are written only where a gap needs them.

    Args:
        sizes: how large the values are, one for each variant.
        spreads: standard deviations between seeds, and half the widths of intervals of differences.
        gaps: differences between variants that must be visible.
    """
    known = [size for size in sizes if math.isfinite(size) and size > 0]
    if not known:
        return Digits(4)
    ordinary = [size for size in known if LEAST <= size < MOST]
    largest = max(ordinary or known)
    first = _exponent(largest)
    real = [spread for spread in spreads if _ROUNDING * largest < spread < math.inf]
    seen = [gap for gap in gaps if _ROUNDING * largest < gap < math.inf]
    last = first - 3 - (first >= 0)
    if real or seen:
        last = min(last, _exponent(min(real or seen)) - 1)
    last = max(last, first - SIGNIFICANT + 1)
    if seen:
        last = min(last, _exponent(min(seen)))
    last = max(last, first - _EXACT + 1)
    return Digits(max(0, -last)) if ordinary else Digits(max(1, first - last), scientific=True)


def digits_of_metric(summaries: Sequence[SummaryRow], comparisons: Sequence[ComparisonRow]) -> Digits:
    """Decide how every value of the compared metric is written in one report."""
    widths = [
        (row.ci_high - row.ci_low) / 2 for row in comparisons if row.ci_low is not None and row.ci_high is not None
    ]
    return choose_digits(
        (max(abs(row.mean or 0.0), row.std or 0.0, *map(abs, row.values)) for row in summaries),
        [*(row.std for row in summaries if row.std is not None), *widths],
        [abs(row.difference) for row in comparisons if row.difference is not None and _stands_out(row)],
    )


def digits_of_examples(summaries: Sequence[ExampleSummary], comparisons: Sequence[ExampleComparison]) -> Digits:
    """Decide how every value of the metric is written in the report of one evaluation."""
    means = [abs(row.mean) for row in summaries if row.mean is not None]
    ends = [(row.ci_low, row.ci_high) for row in comparisons]
    ends += [(row.ci_low, row.ci_high) for row in summaries]
    widths = [(high - low) / 2 for low, high in ends if low is not None and high is not None]
    return choose_digits(means, [width for width in widths if width > 0])


def digits_of_runs(values: Iterable[Sequence[float]]) -> Digits:
    """Decide how a metric that is not compared is written; `values` are those of each variant's runs."""
    from seedwise.statistics.intervals import LARGEST_SCORE, mean_std  # a gate has no numpy

    groups = [[value for value in group if abs(value) <= LARGEST_SCORE] for group in values]
    filled = [group for group in groups if group]
    return choose_digits(
        (max(map(abs, group)) for group in filled), [mean_std(group)[1] for group in filled if len(group) > 1]
    )


def _stands_out(row: ComparisonRow) -> bool:
    """Whether a difference is larger than its interval allows for chance, or has no interval."""
    return row.ci_low is None or row.ci_high is None or row.ci_low > 0 or row.ci_high < 0


def _exponent(value: float) -> int:
    return math.floor(math.log10(value))
