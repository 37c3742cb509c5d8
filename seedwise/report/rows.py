"""Typed rows of summary.csv and comparisons.csv: a cell that is not defined is None, never NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from seedwise.statistics.verdict import JUDGED, upholds

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row")


@dataclass(frozen=True)
class SummaryRow:
    """One row of summary.csv; `values` are the finite results in seed order."""

    variant: str
    n: int
    n_failed: int
    n_diverged: int
    values: tuple[float, ...]
    mean: float | None
    std: float | None
    std_low: float | None
    std_high: float | None
    t_low: float | None
    t_high: float | None
    ci_low: float | None
    ci_high: float | None
    bootstrap_method: str
    bootstrap_coverage: float | None
    basic_low: float | None
    basic_high: float | None
    bca_low: float | None
    bca_high: float | None
    diverged_rate_high: float | None

    @property
    def n_lost(self) -> int:
        """Runs that ended without a score that counts."""
        return self.n_diverged + self.n_failed


@dataclass(frozen=True)
class ComparisonRow:
    """One row of comparisons.csv: a variant against the baseline, signed so that positive is better."""

    variant: str
    baseline: str
    n: int
    n_baseline: int
    mean: float | None
    mean_baseline: float | None
    std: float | None
    std_baseline: float | None
    difference: float | None
    test: str
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_holm: float | None
    simultaneous_low: float | None
    simultaneous_high: float | None
    equivalence_low: float | None
    equivalence_high: float | None
    hedges_g: float | None
    hedges_g_low: float | None
    hedges_g_high: float | None
    probability_of_improvement: float | None
    improvement_low: float | None
    improvement_high: float | None
    wins: float | None
    pairs: float | None
    permutation_test: str
    permutation_method: str
    permutation_p: float | None
    permutation_p_min: float | None
    rule_separate_threshold: float | None
    rule_separate: bool | None
    rule_pooled_threshold: float | None
    rule_pooled: bool | None
    bootstrap_low: float | None
    bootstrap_high: float | None
    correlation: float | None
    detectable_difference: float | None
    seeds_needed: float | None
    seeds_for_equivalence: float | None
    exaggeration: float | None
    n_lost: int
    n_lost_baseline: int
    verdict: str
    value_if_worst: float | None
    verdict_if_worst: str
    verdict_if_mean: str
    fragile: bool | None
    fragile_because: str
    doubt: str
    non_inferiority_low: float | None = None
    non_inferiority_p: float | None = None

    @property
    def p(self) -> float | None:
        """The p value that decides: Dunnett's test is corrected for the number of comparisons by itself."""
        return self.p_value if self.test == "dunnett" else self.p_holm

    @property
    def judged(self) -> bool:
        """Whether there was enough to judge at all; only then can other methods contradict the verdict."""
        return self.verdict in JUDGED

    @property
    def is_fragile(self) -> bool:
        """Whether there is a verdict that hangs on one run or on the choice of method."""
        return bool(self.fragile) and self.judged

    @property
    def hangs_on_lost_runs(self) -> bool:
        """Whether the verdict would be another if the lost runs had finished at the worst value, or as the others."""
        return self.judged and any(other and not upholds(self.verdict, other) for other in self.verdicts_if_lost)

    @property
    def verdicts_if_lost(self) -> tuple[str, str]:
        """The verdicts with lost runs at the worst value, and at their variant's mean; empty where none was lost."""
        return self.verdict_if_worst, self.verdict_if_mean

    @property
    def repeating(self) -> list[str]:
        """Which of the two have runs that agree although their seeds differ, so that the seed may not be used."""
        return self._doubted("constant")

    @property
    def repeating_scores(self) -> list[str]:
        """Which of the two have runs that differ, but most of whose scores repeat."""
        return self._doubted("repeated")

    def _doubted(self, how: str) -> list[str]:
        reasons = self.doubt.split("; ")
        arms = {f"{how} variant": self.variant, f"{how} baseline": self.baseline}
        return [name for reason, name in arms.items() if reason in reasons]

    @property
    def marks(self) -> list[str]:
        """What weakens the verdict, in a few words each."""
        weak = {
            "doubtful runs": bool(self.doubt),
            "hangs on lost runs": self.hangs_on_lost_runs,
            "fragile": self.is_fragile,
        }
        return [word for word, applies in weak.items() if applies and self.judged]

    def is_below(self, margin: float | None) -> bool:
        """Whether the difference is shown to be smaller than the margin."""
        low, high = self.equivalence_low, self.equivalence_high
        return margin is not None and low is not None and high is not None and -margin < low and high < margin


def p_name(rows: Sequence[ComparisonRow], family: int) -> str:
    """What the p values that decide are called; a single one needs no correction."""
    if any(row.test == "dunnett" for row in rows):
        return "Dunnett p"
    return "Holm p" if family > 1 else "p"


def read_rows(kind: type[Row], frame: pd.DataFrame) -> list[Row]:
    """Read each row of a frame as `kind`, whether the frame was just computed or read back from CSV.

    A column that is missing must have a default.

    Raises:
        KeyError: a column that `kind` needs is missing; the message names it.
    """
    columns = {name: hint for name, hint in get_type_hints(kind).items() if name in frame or not hasattr(kind, name)}
    return [
        kind(**{name: _CONVERTERS[hint](record[name]) for name, hint in columns.items()})
        for record in frame.to_dict("records")
    ]


def is_missing(value: Any) -> bool:
    """Whether a cell is empty, NaN or infinite."""
    if isinstance(value, str):
        return value.strip() == ""
    import pandas as pd

    return value is None or bool(pd.isna(value)) or (isinstance(value, float) and math.isinf(value))


def _number(value: Any) -> float | None:
    return None if is_missing(value) else float(value)


def _count(value: Any) -> int:
    return 0 if is_missing(value) else int(value)


def _text(value: Any) -> str:
    return "" if is_missing(value) else str(value)


def _flag(value: Any) -> bool | None:
    if is_missing(value):
        return None
    # A boolean column with an empty cell is read from CSV as text.
    return value.strip().lower() == "true" if isinstance(value, str) else bool(value)


def _values(value: Any) -> tuple[float, ...]:
    # A column of single values is read from CSV as numbers.
    return () if is_missing(value) else tuple(x for x in map(float, str(value).split(";")) if math.isfinite(x))


_CONVERTERS: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    int: _count,
    float | None: _number,
    bool | None: _flag,
    tuple[float, ...]: _values,
}
