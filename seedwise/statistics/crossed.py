"""Seeds × examples: would new seeds change this difference, and would a new test set?

Every run is scored on the same test examples, so the scores form a crossed table. The variance of its mean has a part
due to the seeds, a part due to the examples, and a residual that is contained in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seedwise.statistics.clusters import cluster_codes, clustered_mean
from seedwise.statistics.intervals import DataError
from seedwise.statistics.ttest import TTest


@dataclass(frozen=True)
class VarianceParts:
    """Variance of a mean over seeds and examples, by source (Owen 2007).

    Attributes:
        seed: between-seed variance of the mean, with the test set fixed.
        item: between-example variance of the mean, with the seeds fixed.
        residual: the part that is contained in both.
        total: for new seeds and a new test set at once; never smaller than for either alone.
    """

    seed: float
    item: float
    residual: float

    @property
    def total(self) -> float:
        """`seed + item − residual`, floored at the larger of `seed` and `item`."""
        return max(self.seed + self.item - self.residual, self.seed, self.item)

    @property
    def finite_test_share(self) -> float | None:
        """Share of the between-seed variance that a larger test set would remove; None if seeds do not differ."""
        return min(self.residual / self.seed, 1.0) if self.seed > 0 else None


@dataclass(frozen=True)
class TwoQuestions:
    """Intervals of one difference, by what may change; None if there is no variance to estimate it from.

    Attributes:
        difference: mean(a) − mean(b).
        new_seeds: new seeds, same test set.
        new_test_set: same seeds, new test set.
        both: new seeds and a new test set.
        parts: the variances from which they are computed.
    """

    difference: float
    new_seeds: tuple[float, float] | None
    new_test_set: tuple[float, float] | None
    both: tuple[float, float] | None
    parts: VarianceParts

    @property
    def finite_test_share(self) -> float | None:
        """See `VarianceParts.finite_test_share`."""
        return self.parts.finite_test_share


def variance_parts(correct: ArrayLike, clusters: ArrayLike | None = None) -> VarianceParts:
    """Variances of the mean of one table of outcomes.

    Args:
        correct: shape (seeds, examples), both at least 2; 0/1, or any score per example.
        clusters: shape (examples,), one label per example if examples come in groups, such as questions about one text;
            a new test set then draws new groups (Miller 2024).

    Raises:
        DataError: another shape, or values that are not finite.
    """
    table = _as_table(correct, "correct")
    codes = _cluster_codes(clusters, table.shape[1])
    per_item = clustered_mean(table.mean(axis=0), codes)
    item = 0.0 if per_item is None else per_item.standard_error**2
    return VarianceParts(seed_part(table), item, residual_part(table, codes))


def two_questions(
    a: ArrayLike,
    b: ArrayLike,
    confidence: float = 0.95,
    pairing: Literal["none", "seed"] = "none",
    clusters: ArrayLike | None = None,
) -> TwoQuestions:
    """Intervals of mean(a) − mean(b) for new seeds, a new test set, and both.

    Examples are always paired, because both variants were scored on the same ones. Seeds are paired if `pairing` is
    `seed`; row s of `a` and row s of `b` are then runs of one seed. The interval for both at once has Welch's degrees
    of freedom of the seeds, and covers at least 94 %. Σ(S−1) would cover 85–92 % where the seeds of one variant scatter
    20 times as much, and counting the examples in (Satterthwaite) 92 % (`python -m benchmarks.crossed_coverage`).

    Args:
        a: shape (seeds, examples).
        b: shape (seeds of b, examples).
        confidence: of each interval.
        pairing: as in the plan.
        clusters: as in `variance_parts`.

    Raises:
        DataError: the tables have different examples, or are paired but have different numbers of seeds.
    """
    first, second = _as_table(a, "a"), _as_table(b, "b")
    if first.shape[1] != second.shape[1]:
        raise DataError(f"both variants must answer the same examples: got {first.shape[1]} and {second.shape[1]}")
    codes = _cluster_codes(clusters, first.shape[1])
    if pairing == "seed":
        if first.shape != second.shape:
            raise DataError(f"pairing by seed needs equal numbers of seeds: got {len(first)} and {len(second)}")
        tables = [first - second]
    else:
        tables = [first, second]
    seed_parts = [seed_part(table) for table in tables]
    per_item = clustered_mean(first.mean(axis=0) - second.mean(axis=0), codes)
    item = 0.0 if per_item is None else per_item.standard_error**2
    parts = VarianceParts(sum(seed_parts), item, sum(residual_part(table, codes) for table in tables))
    difference = float(first.mean() - second.mean())
    df = welch_df(seed_parts, [len(table) for table in tables])
    return TwoQuestions(
        difference,
        _interval(difference, parts.seed, df, confidence),
        None if per_item is None else per_item.interval(confidence),
        _interval(difference, parts.total, df, confidence),
        parts,
    )


def _interval(difference: float, variance: float, df: float, confidence: float) -> tuple[float, float] | None:
    return TTest(difference, float(np.sqrt(variance)), df).interval(confidence) if variance > 0 else None


def welch_df(parts: list[float], sizes: list[int]) -> float:
    """Degrees of freedom of a sum of variances of means over so many seeds."""
    total = sum(parts)
    if total <= 0:
        return float(sum(size - 1 for size in sizes))
    return 1.0 / sum((part / total) ** 2 / (size - 1) for part, size in zip(parts, sizes, strict=True))


def seed_part(table: NDArray[np.float64]) -> float:
    """Between-seed variance of the mean of a table of seeds × examples."""
    return float(table.mean(axis=1).var(ddof=1)) / len(table)


def residual_part(table: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """RSS/((S−1)(N−1)SN) of the two-way additive fit; with clusters, of the sums of the residuals in each."""
    seeds, examples = table.shape
    residuals = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    sums = np.array([np.bincount(codes, weights=row) for row in residuals])
    groups = sums.shape[1]
    scale = groups / (groups - 1) / (examples**2 * seeds * (seeds - 1))
    return float(np.square(sums).sum() * scale)


def _as_table(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: outcomes must be numbers") from error
    if table.ndim != 2 or min(table.shape) < 2:
        raise DataError(f"{name}: expected at least 2 seeds × 2 examples, got shape {table.shape}")
    if not np.isfinite(table).all():
        raise DataError(f"{name}: outcomes must be finite")
    return table


def _cluster_codes(clusters: ArrayLike | None, examples: int) -> NDArray[np.int64]:
    codes = cluster_codes(clusters, examples)
    if codes.max() < 1:
        raise DataError("clusters: a new test set can only be judged from at least 2 clusters")
    return codes
