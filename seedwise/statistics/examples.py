"""Evaluations: the examples are the sample, and the question is whether a difference holds on new examples.

Variants are paired by example, because all of them were asked the same ones (Miller 2024). Repeats (several answers of
one model to one question) are nested in an example; seeds (models that were trained again) are crossed with the
examples. Both are averaged within an example, so that they never count as independent examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binomtest

from seedwise.statistics.clusters import cluster_codes, cluster_sums, clustered_mean, without_each
from seedwise.statistics.crossed import residual_part, seed_part, welch_df
from seedwise.statistics.multiple import holm, holm_levels, simultaneous_intervals
from seedwise.statistics.non_inferiority import NonInferiority, non_inferiority
from seedwise.statistics.planning import POWER, t_thresholds
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import Verdict, decide, upholds

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Span = tuple[float, float]

FEWEST_EXAMPLES = 10
"""Examples without clusters that a verdict needs."""
FEWEST_CLUSTERS = 3
"""Clusters of examples that a verdict needs."""
MAX_EXAMPLES = 1_000_000
"""The largest number of examples that is ever named: a difference that needs as many is out of reach."""
MAX_REPEATS = 1_000


@dataclass(frozen=True)
class Parts:
    """Variance of a mean difference, by source.

    Attributes:
        example: between examples, whatever the repeats or seeds; between clusters, if examples have any.
        seed: between seeds, whatever the examples; 0 where repeats are nested in examples.
        residual: between repeats within an example, or what seeds and examples do together.
    """

    example: float
    seed: float
    residual: float


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
class OtherQuestions:
    """Whether the difference would hold with new seeds or repeats; None where there is no variance to estimate it from.

    Attributes:
        same_examples: new repeats or seeds on these examples.
        both: new repeats or seeds on new examples.
        parts: the variances.
    """

    same_examples: TTest | None
    both: TTest | None
    parts: Parts


@dataclass(frozen=True)
class Outlook:
    """What these examples can show, and how many would show more; None means "not defined", or "no number would".

    Attributes:
        detectable_difference: true difference that is detected with 80 % power, and the smallest margin within which
            equal variants are shown to be non-inferior with that power.
        examples_needed: to detect the margin (without one, the observed difference) with 80 % power.
        examples_for_equivalence: with which equal variants are shown to be equivalent with 80 % power.
        repeats_factor: by how much more repeats or seeds would do for that on these examples; None if no number would.
        exhausted_error: the standard error of the difference that would remain with any number of repeats or seeds.
    """

    detectable_difference: float
    examples_needed: int | None
    examples_for_equivalence: int | None
    repeats_factor: float | None
    exhausted_error: float | None


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


def average(tests: Sequence[TTest | None], means: Sequence[float]) -> TTest | None:
    """The mean of independent differences, one for each dataset, each dataset counting the same.

    Args:
        tests: of the differences; None where one does not vary.
        means: the differences.
    """
    errors = np.array([0.0 if test is None else test.standard_error for test in tests])
    if not errors.any():
        return None
    degrees = np.array([np.inf if test is None else test.df for test in tests])
    shares = errors**2 / (errors**2).sum()
    df = float(1 / (shares**2 / degrees).sum())  # by shares: squares of tiny variances would underflow
    return TTest(float(np.mean(means)), float(np.sqrt((errors**2).sum())) / len(tests), df)


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


def other_questions(pairs: ExamplePairs, test: TTest | None) -> OtherQuestions | None:
    """Answer the questions about new seeds or repeats; None without either, or where examples do not vary."""
    if test is None or (pairs.tables is None and pairs.repeat_variance is None):
        return None
    item = test.standard_error**2
    if pairs.tables is None:
        within = pairs.repeat_variance or 0.0
        same = TTest(test.difference, math.sqrt(within), pairs.repeat_df) if within > 0 else None
        return OtherQuestions(same, test, Parts(max(item - within, 0.0), 0.0, min(within, item)))
    codes = cluster_codes(pairs.clusters, pairs.scores.size)
    seeds = [seed_part(table) for table in pairs.tables]
    residual = sum(residual_part(table, codes) for table in pairs.tables)
    between = sum(seeds)
    df = welch_df(seeds, [len(table) for table in pairs.tables])
    same = TTest(test.difference, math.sqrt(between), df) if between > 0 else None
    both = TTest(test.difference, math.sqrt(max(between + item - residual, between, item)), df)
    return OtherQuestions(same, both, Parts(max(item - residual, 0.0), max(between - residual, 0.0), residual))


def outlook(
    test: TTest,
    examples: int,
    alpha: float,
    family: int,
    margin: float | None,
    parts: Parts | None,
    *,
    equivalence: bool = True,
) -> Outlook:
    """What these examples can detect, and how many examples or repeats would detect the margin.

    Args:
        test: of the difference.
        examples: how many there are.
        alpha: family-wise level; Holm's first step tests at alpha / family, which is surely enough.
        family: number of comparisons.
        margin: smallest difference that matters; None asks for the observed difference.
        parts: variances, where there are repeats or seeds.
        equivalence: whether a verdict can be EQUIVALENT, given a margin.
    """
    level = alpha / family
    target = abs(test.difference) if margin is None else margin
    needed = None
    if target > 0:
        needed = _examples(test, examples, lambda error, df: _shift(df, level) * error <= target)
    equivalent = None
    if margin is not None and equivalence:

        def shown(error: float, df: float) -> bool:
            claims = t_thresholds(df, level)
            limit = np.array([margin / error])
            return float(t_thresholds(df, 2 * alpha).equivalence_power(limit, claims)[0]) >= POWER

        equivalent = _examples(test, examples, shown)
    factor, rest = (None, None) if parts is None else _more_repeats(parts, test.df, level, target)
    return Outlook(_shift(test.df, level) * test.standard_error, needed, equivalent, factor, rest)


def _more_repeats(parts: Parts, df: float, level: float, target: float) -> tuple[float | None, float]:
    """By how much more repeats are enough, and the standard error that would remain with any number of them."""
    rest = math.sqrt(parts.example)
    room = (target / _shift(df, level)) ** 2 - parts.example
    factor = max(parts.residual / room, 1.0) if room > 0 else math.inf
    return (factor if factor <= MAX_REPEATS else None), rest


def seeds_for_both(parts: Parts, seeds: int, df: float, level: float, target: float) -> int | None:
    """Seeds of each variant that detect a difference for retrained models on new examples; None if no number does.

    At least 2, without which there is no variance between seeds.

    Args:
        parts: variances with the seeds that there are.
        seeds: of each variant.
        df: degrees of freedom with these.
        level: two-sided level of the test.
        target: true difference.
    """

    def enough(factor: float) -> bool:
        error = math.sqrt(parts.example + (parts.seed + parts.residual) / factor)
        return _shift(max((df + 2) * factor - 2, 1.0), level) * error <= target  # each variant has one fewer than seeds

    low, high = 2, MAX_REPEATS
    if not enough(high / seeds):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle / seeds) else (middle + 1, high)
    return low


def _shift(df: float, level: float) -> float:
    """True difference, in standard errors, that is detected with 80 % power."""
    return float(t_thresholds(df, level).shift(POWER)[0])


def _examples(test: TTest, examples: int, enough: Callable[[float, float], bool]) -> int:
    """The smallest number of examples that is enough, in clusters like these; `MAX_EXAMPLES` stands for more."""
    fewest = min(FEWEST_EXAMPLES, examples)

    def reached(logarithm: float) -> float:
        factor = math.exp(logarithm) / examples
        df = max((test.df + 1) * factor - 1, 1.0)
        return 1.0 if enough(test.standard_error / math.sqrt(factor), df) else -1.0

    low, high = math.log(fewest), math.log(MAX_EXAMPLES)
    if reached(low) > 0:
        return fewest
    if reached(high) < 0:
        return MAX_EXAMPLES
    found = brentq(reached, low, high, xtol=1e-4, rtol=1e-10)
    return min(math.ceil(math.exp(found) * (1 + 1e-4)), MAX_EXAMPLES)


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
    return McNemar(wins, losses, float(binomtest(wins, wins + losses).pvalue))


def hanging_on(pairs: ExamplePairs, decision: ExampleDecision, alpha: float, margin: float | None) -> list[int]:
    """The clusters (or examples) of which leaving out any one gives another verdict; the most influential first."""
    codes = cluster_codes(pairs.clusters, pairs.scores.size)
    found = []
    for code, test in without_each(pairs.differences, codes):
        if not upholds(decision.verdict, verdict_by(test, decision, alpha, margin)):
            found.append(code)
    return found


def mean_hanging_on(
    parts: Sequence[ExamplePairs], decision: ExampleDecision, alpha: float, margin: float | None
) -> list[tuple[int, int]]:
    """The clusters (or examples) of which leaving out any one gives the mean over datasets another verdict.

    Returns:
        Each as the number of its dataset and its code there.
    """
    tests, means = [own.test() for own in parts], [float(own.differences.mean()) for own in parts]
    found = []
    for place, own in enumerate(parts):
        codes = cluster_codes(own.clusters, own.scores.size)
        for code, test in without_each(own.differences, codes):
            left = own.differences[codes != code]
            if not left.size:
                continue
            others = [*tests[:place], test, *tests[place + 1 :]]
            mean = average(others, [*means[:place], float(left.mean()), *means[place + 1 :]])
            if not upholds(decision.verdict, verdict_by(mean, decision, alpha, margin)):
                found.append((place, code))
    return found


def unequal_clusters(clusters: Codes) -> float:
    """The share of examples in the largest cluster."""
    sizes, _ = cluster_sums(np.ones(clusters.size), clusters)
    return float(sizes.max() / sizes.sum())
