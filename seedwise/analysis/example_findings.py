"""What an evaluation shows: the rows of its tables, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from seedwise.statistics.verdict import JUDGED, NON_INFERIORITY_COLUMNS, upholds

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from seedwise.statistics.warnings import DataWarning

ALL_DATASETS = "all datasets"
"""Stands for the mean over the datasets of a table that has several, each counting the same."""


@dataclass(frozen=True)
class ExampleSummary:
    """One row of summary.csv: a variant on its own.

    Attributes:
        dataset: empty where the table has none.
        variant: its name.
        n_examples: with a score.
        n_clusters: of these; None without clusters.
        n_seeds: of the variant; None without seeds.
        n_repeats: most answers to one example (of one seed).
        n_scores: answers with a score.
        n_missing: answers without one, such as errors.
        mean: over the examples; None without scores.
        standard_error: for new examples, clustered where there are clusters.
        ci_low: with `ci_high` the interval of the mean for new examples.
    """

    dataset: str
    variant: str
    n_examples: int
    n_clusters: int | None
    n_seeds: int | None
    n_repeats: int
    n_scores: int
    n_missing: int
    mean: float | None
    standard_error: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class ExampleComparison:
    """One row of comparisons.csv: a variant against the baseline on the examples that both have.

    Attributes:
        dataset: empty where the table has none; `ALL_DATASETS` for their mean.
        variant: its name.
        baseline: its name.
        n_examples: that both have.
        n_clusters: of these; None without clusters.
        n_dropped: examples that only one of the two has, or that lack the score of a seed.
        mean: of the variant on these examples, in units of the metric.
        mean_baseline: of the baseline.
        difference: positive is better.
        standard_error: of the difference, for new examples.
        df: its degrees of freedom.
        ci_low: with `ci_high` the interval of the difference for new examples.
        p_value: two-sided.
        p_holm: adjusted for the comparisons of the family.
        simultaneous_low: with `simultaneous_high` the interval that holds for all comparisons at once.
        equivalence_low: with `equivalence_high` the 1 − 2α interval.
        non_inferiority_low: lower end of the interval that decides whether the variant is worse by the margin or more,
            if that is the question: at the level that this comparison has to meet.
        non_inferiority_p: one-sided, adjusted for the comparisons of the family; it must stay below α/2.
        wins: examples on which the variant is better.
        losses: examples on which the baseline is better.
        ties: examples on which they are equal.
        mcnemar_p: exact, where scores are 0 or 1, examples have no clusters and there is one answer to each.
        same_examples_low: with `same_examples_high` the interval for new seeds or repeats on these examples.
        both_low: with `both_high` the interval for new seeds or repeats on new examples.
        variance_example: part of the variance of the difference that only more examples lower.
        variance_seed: part that only more seeds lower.
        variance_residual: part that more examples and more repeats (or seeds) lower.
        detectable_difference: true difference that these examples detect with 80 % power.
        examples_needed: to detect the margin (without one, the observed difference) with 80 % power.
        examples_for_equivalence: to show with 80 % power that equal variants are equivalent.
        repeats_needed: answers to each example (or seeds) that would do instead; None if no number would.
        exhausted_error: standard error of the difference that any number of repeats (or seeds) would leave.
        seeds_needed: of each variant, to detect that for retrained models on new examples; None if no number would.
        verdict: what the data support about new examples.
        verdict_if_worst: with the worst score for every answer that has none; empty where all have one.
        fragile: whether the verdict hangs on one cluster or example, one judge, or the choice of the test.
        fragile_because: what would decide otherwise.
    """

    dataset: str
    variant: str
    baseline: str
    n_examples: int
    n_clusters: int | None
    n_dropped: int
    mean: float | None
    mean_baseline: float | None
    difference: float | None
    standard_error: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_holm: float | None
    simultaneous_low: float | None
    simultaneous_high: float | None
    equivalence_low: float | None
    equivalence_high: float | None
    non_inferiority_low: float | None
    non_inferiority_p: float | None
    wins: int
    losses: int
    ties: int
    mcnemar_p: float | None
    same_examples_low: float | None
    same_examples_high: float | None
    both_low: float | None
    both_high: float | None
    variance_example: float | None
    variance_seed: float | None
    variance_residual: float | None
    detectable_difference: float | None
    examples_needed: int | None
    examples_for_equivalence: int | None
    repeats_needed: int | None
    exhausted_error: float | None
    seeds_needed: int | None
    verdict: str
    verdict_if_worst: str
    fragile: bool
    fragile_because: str

    @property
    def judged(self) -> bool:
        """Whether there was enough to judge at all."""
        return self.verdict in JUDGED

    @property
    def hangs_on_missing(self) -> bool:
        """Whether the verdict would be another if answers without a score had the worst one."""
        return self.judged and self.verdict_if_worst != "" and not upholds(self.verdict, self.verdict_if_worst)

    @property
    def units(self) -> int:
        """Clusters, or examples that have none."""
        return self.n_examples if self.n_clusters is None else self.n_clusters


@dataclass(frozen=True)
class PassRate:
    """pass@k and pass^k of one variant, and its differences from the baseline (positive: the variant passes more).

    Each is a mean with its interval for new examples; the differences of the baseline are None.
    """

    variant: str
    k: int
    n_examples: int
    any_of_k: float | None
    any_low: float | None
    any_high: float | None
    all_of_k: float | None
    all_low: float | None
    all_high: float | None
    any_difference: float | None
    any_difference_low: float | None
    any_difference_high: float | None
    all_difference: float | None
    all_difference_low: float | None
    all_difference_high: float | None


@dataclass(frozen=True)
class JudgeFinding:
    """What one judge alone says about one variant; `mean` is over all answers of all variants."""

    judge: str
    mean: float
    dataset: str
    variant: str
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    verdict: str


@dataclass(frozen=True)
class Judges:
    """How judges differ.

    Attributes:
        names: of the judges.
        disagreement: share of the answers to which they do not all give the same score.
        spread: standard deviation between the means of the judges.
        incomplete: answers that not every judge scored; they are left out.
        findings: each judge on each variant.
    """

    names: Sequence[str]
    disagreement: float
    spread: float
    incomplete: int
    findings: Sequence[JudgeFinding]


@dataclass(frozen=True)
class ExampleAnalysis:
    """Everything that is found in a long table.

    Attributes:
        variants: in order of appearance.
        summaries: a row for each variant and dataset.
        comparisons: a row for each comparison: of the datasets together first, where there are several.
        passes: pass@k, where scores are 0 or 1 and answers were repeated.
        judges: where there are several.
        level: what the repeats of an example are: `seed`, `repeat`, or empty where there is one answer to each.
        clustered: whether examples have clusters.
        differences: for the figures: of each comparison, the difference of each example, positive is better.
        warnings: what to know before believing a verdict.
    """

    variants: Sequence[str]
    summaries: Sequence[ExampleSummary]
    comparisons: Sequence[ExampleComparison]
    passes: Sequence[PassRate]
    judges: Judges | None
    level: str
    clustered: bool
    differences: Sequence[NDArray[np.float64]]
    warnings: Sequence[DataWarning]

    @property
    def summary(self) -> pd.DataFrame:
        """summary.csv."""
        return _frame(self.summaries, ExampleSummary)

    @property
    def comparison_table(self) -> pd.DataFrame:
        """comparisons.csv; it has columns about non-inferiority only where that is the question."""
        table = _frame(self.comparisons, ExampleComparison)
        asked = any(row.non_inferiority_low is not None for row in self.comparisons)
        return table if asked else table.drop(columns=[*NON_INFERIORITY_COLUMNS])

    @property
    def main(self) -> list[ExampleComparison]:
        """The comparisons that answer the question: over all datasets, where there are several."""
        overall = [row for row in self.comparisons if row.dataset == ALL_DATASETS]
        return overall or list(self.comparisons)


def _frame(rows: Sequence[Any], kind: type) -> pd.DataFrame:
    import pandas as pd

    # As objects: a column of whole numbers with an empty cell would be written as 571.0.
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)], dtype=object)
