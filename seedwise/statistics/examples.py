"""Evaluations: the examples are the sample, and the question is whether a difference holds on new examples.

Variants are paired by example, because all of them were asked the same ones (Miller 2024). Repeats (several answers of
one model to one question) are nested in an example; seeds (models that were trained again) are crossed with the
examples. Both are averaged within an example, so that they never count as independent examples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedwise.statistics.clusters import cluster_codes, cluster_sums, clustered_mean, without_each
from seedwise.statistics.multiple import holm, holm_levels, simultaneous_intervals
from seedwise.statistics.non_inferiority import NonInferiority, non_inferiority
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import Verdict, decide, upholds

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Span = tuple[float, float]

FEWEST_EXAMPLES = 10
"""Examples without clusters that a verdict needs."""
FEWEST_CLUSTERS = 3
"""Clusters of examples that a verdict needs."""


@dataclass(frozen=True)
class ExamplePairs:
    """Two variants on the same examples.

    Attributes:
        scores: of the variant, one for each example (averaged over repeats and seeds), larger is better.
        baseline: of the baseline, for the same examples.
        clusters: the cluster of each example, numbered; None if examples are independent.
        repeat_variance: variance of the mean difference that comes from the repeats within examples; None without
            repeats.
        repeat_df: its degrees of freedom.
        tables: scores of the variant and of the baseline, shape (seeds, examples), where both have two seeds or more.
    """

    scores: Floats
    baseline: Floats
    clusters: Codes | None = None
    repeat_variance: float | None = None
    repeat_df: float = math.inf
    tables: tuple[Floats, Floats] | None = None

    @property
    def differences(self) -> Floats:
        """Of each example, positive is better."""
        return self.scores - self.baseline

    @property
    def units(self) -> int:
        """How many independent units there are: clusters, or examples that have none."""
        return self.scores.size if self.clusters is None else np.unique(self.clusters).size

    @property
    def enough(self) -> bool:
        """Whether there are as many units as a verdict needs."""
        return self.units >= (FEWEST_EXAMPLES if self.clusters is None else FEWEST_CLUSTERS)

    def test(self) -> TTest | None:
        """The paired t test over examples, cluster-robust where they have clusters; None if it is not defined."""
        return clustered_mean(self.differences, self.clusters, scale=self.scale)

    @property
    def scale(self) -> float:
        """Size of the numbers that are subtracted."""
        return float(max(np.abs(self.scores).max(initial=0), np.abs(self.baseline).max(initial=0)))


@dataclass(frozen=True)
class ExampleDecision:
    """What the test over examples says about one comparison; None means "not defined".

    Attributes:
        test: difference, standard error and degrees of freedom.
        p_holm: adjusted for the comparisons of the family (Holm 1979).
        interval: of the difference.
        simultaneous: holds together with those of the other comparisons.
        equivalence: the 1 − 2α interval.
        non_inferiority: the one-sided test, if that is the question.
        level: two-sided level that the p-value of this comparison must stay below, while the others are as they are.
        verdict: what the data support.
    """

    test: TTest | None
    p_holm: float | None
    interval: Span | None
    simultaneous: Span | None
    equivalence: Span | None
    non_inferiority: NonInferiority | None
    level: float
    verdict: Verdict


@dataclass(frozen=True)
class McNemar:
    """Exact test of McNemar (1947): examples that only one of two variants got right.

    Attributes:
        wins: examples that only the variant got right.
        losses: examples that only the baseline got right.
        p_value: two-sided, exact binomial.
    """

    wins: int
    losses: int
    p_value: float


def decide_examples(
    tests: Sequence[TTest | None],
    enough: Sequence[bool],
    confidence: float,
    margin: float | None = None,
    *,
    one_sided: bool = False,
) -> list[ExampleDecision]:
    """Decide about every comparison of a family by its test over examples, with Holm's correction.

    Args:
        tests: of the differences, positive is better.
        enough: whether there are enough examples for a verdict.
        confidence: of the intervals; 1 − confidence is the family-wise level.
        margin: smallest difference that matters.
        one_sided: whether the question is non-inferiority within the margin.
    """
    alpha = 1 - confidence
    p_values = [None if test is None else test.p_value for test in tests]
    found = []
    for test, usable, p_holm, together, level, lower in zip(
        tests,
        enough,
        holm(p_values),
        simultaneous_intervals(tests, confidence),
        holm_levels(p_values, alpha),
        non_inferiority(tests, margin if one_sided else None, alpha),
        strict=True,
    ):
        equivalence = None if test is None else test.interval(1 - 2 * alpha)
        verdict = Verdict.TOO_FEW_EXAMPLES
        if usable:
            verdict = judged(test, p_holm, alpha, equivalence, margin, lower.shown if lower else None)
        interval = None if test is None else test.interval(confidence)
        found.append(ExampleDecision(test, p_holm, interval, together, equivalence, lower, level, verdict))
    return found


def judged(
    test: TTest | None,
    p_adjusted: float | None,
    alpha: float,
    equivalence: Span | None,
    margin: float | None,
    non_inferior: bool | None = None,
) -> Verdict:
    """The verdict on one comparison that has enough examples."""
    many = FEWEST_EXAMPLES
    difference = None if test is None else test.difference
    return decide(
        n=many,
        n_baseline=many,
        difference=difference,
        p_adjusted=p_adjusted,
        alpha=alpha,
        equivalence=equivalence,
        margin=margin,
        non_inferior=non_inferior,
    )


def verdict_by(test: TTest | None, decision: ExampleDecision, alpha: float, margin: float | None) -> Verdict:
    """The verdict by another test at the levels that this comparison has to meet."""
    equivalence = None if test is None else test.interval(1 - 2 * alpha)
    lower = decision.non_inferiority
    shown = lower.shown_by(test) if lower else None
    return judged(test, None if test is None else test.p_value, decision.level, equivalence, margin, shown)


def repeat_variance(counts: Floats, squares: Floats) -> float | None:
    """Variance of a mean over examples that comes from the repeats within them; None if no example has two.

    Args:
        counts: answers to each example, at least 1.
        squares: sum of their squared deviations from their mean.
    """
    degrees = counts - 1
    if not degrees.any():
        return None
    pooled = squares.sum() / degrees.sum()
    own = np.divide(squares, degrees, out=np.full(counts.shape, pooled), where=degrees > 0)
    return float(np.sum(own / counts)) / counts.size**2


def mcnemar(pairs: ExamplePairs) -> McNemar | None:
    """McNemar's exact test; None if a score is not 0 or 1, the examples have clusters, or none differs."""
    values = np.concatenate([pairs.scores, pairs.baseline])
    if pairs.clusters is not None or pairs.repeat_variance is not None or pairs.tables is not None:
        return None
    if not np.isin(np.abs(values), (0.0, 1.0)).all():
        return None
    wins, losses = int((pairs.differences > 0).sum()), int((pairs.differences < 0).sum())
    if wins + losses == 0:
        return None
    from scipy.stats import binomtest  # a third of a second, which no study of training runs needs

    return McNemar(wins, losses, float(binomtest(wins, wins + losses).pvalue))


def hanging_on(pairs: ExamplePairs, decision: ExampleDecision, alpha: float, margin: float | None) -> list[int]:
    """The clusters (or examples) of which leaving out any one gives another verdict; the most influential first."""
    labels = np.arange(pairs.scores.size) if pairs.clusters is None else np.unique(pairs.clusters)
    tests = without_each(pairs.differences, cluster_codes(pairs.clusters, pairs.scores.size))
    return [
        int(labels[code])
        for code, test in tests
        if not upholds(decision.verdict, verdict_by(test, decision, alpha, margin))
    ]


def unequal_clusters(clusters: Codes) -> float:
    """The share of examples in the largest cluster."""
    sizes, _ = cluster_sums(np.ones(clusters.size), clusters)
    return float(sizes.max() / sizes.sum())
