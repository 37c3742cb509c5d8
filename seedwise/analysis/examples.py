"""The analysis of an evaluation: a long table of answers and a plan in, findings about new examples out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.analysis.example_table import Answers, Cells, cells, check_baseline, check_shared, read_answers
from seedwise.basics.words import enumerate_words, quantity
from seedwise.plan import Plan
from seedwise.statistics.clusters import clustered_mean
from seedwise.statistics.examples import (
    ExampleDecision,
    ExamplePairs,
    OtherQuestions,
    Parts,
    average,
    decide_examples,
    hanging_on,
    mcnemar,
    mean_hanging_on,
    other_questions,
    outlook,
    repeat_variance,
    seeds_for_both,
    unequal_clusters,
)
from seedwise.statistics.pass_at_k import pass_all_k, pass_at_k
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import JUDGED, Verdict

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

ALL_DATASETS = "all datasets"
"""Stands for the mean over the datasets of a table that has several, each counting the same."""
FEW_CLUSTERS = 10
LARGE_SHARE = 0.25
MOST_NAMED = 3


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
        return self.judged and self.verdict_if_worst not in ("", self.verdict)

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
    any_of_k: float
    any_low: float | None
    any_high: float | None
    all_of_k: float
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
    differences: Sequence[Floats]
    warnings: Sequence[str]

    @property
    def summary(self) -> pd.DataFrame:
        """summary.csv."""
        return _frame(self.summaries, ExampleSummary)

    @property
    def comparison_table(self) -> pd.DataFrame:
        """comparisons.csv."""
        return _frame(self.comparisons, ExampleComparison)

    @property
    def main(self) -> list[ExampleComparison]:
        """The comparisons that answer the question: over all datasets, where there are several."""
        overall = [row for row in self.comparisons if row.dataset == ALL_DATASETS]
        return overall or list(self.comparisons)


def analyse_examples(table: pd.DataFrame, plan: Plan, *, place: str = "the table") -> ExampleAnalysis:
    """Compare variants with the baseline on the examples that both were asked.

    Args:
        table: one row per answer; columns variant, example, score (NaN where an answer has none, such as an error), and
            if there are: repeat (answers of one model to one example), seed (models that were trained again), cluster
            (of the example), judge, dataset and hash (of the example's content).
        plan: metric, direction, baseline, confidence and margin count; runs are never paired by seed here.
        place: what the table is called in messages.

    Raises:
        UserError: the table cannot be analysed.
    """
    answers = read_answers(place, table)
    baseline = check_baseline(place, answers, plan.baseline)
    found = cells(answers)
    check_shared(place, answers, found, baseline)
    return _Analysis(answers, plan, baseline, found).result()


class _Analysis:
    """The work of `analyse_examples`; every cell is a dataset and a variant other than the baseline."""

    def __init__(self, answers: Answers, plan: Plan, baseline: int, found: list[Cells]) -> None:
        self.answers, self.plan, self.baseline, self.cells = answers, plan, baseline, found
        self.others = [place for place in range(len(answers.variants)) if place != baseline]
        self.datasets = range(len(answers.datasets))
        self.several = len(answers.datasets) > 1
        seeds = any(cell.table is not None and len(cell.table) > 1 for cell in found)
        repeats = any(cell.counts.max(initial=0) > 1 for cell in found)
        self.level = "seed" if seeds else "repeat" if repeats and answers.repeated else ""

    def result(self) -> ExampleAnalysis:
        pairs = self.pairs(self.cells)
        decisions = self.decide(pairs)
        worst = self.decide(self.pairs(cells(self.answers.with_missing_at(self.worst())))) if self.missing() else None
        judged = self.judge_decisions()
        rows = [
            self.row(key, pairs, decision, worst[key] if worst else None, judged) for key, decision in decisions.items()
        ]
        return ExampleAnalysis(
            self.answers.variants,
            [self.summary(dataset, variant) for dataset in self.datasets for variant in range(len(self.cells))],
            rows,
            self.passes(),
            self.judges(judged),
            self.level,
            self.answers.cluster_of is not None,
            [
                np.concatenate(
                    [own.differences for (d, v), own in pairs.items() if v == variant and dataset in (-1, d)]
                )
                for dataset, variant in decisions
            ],
            self.warnings(rows),
        )

    def missing(self) -> int:
        return int(np.isnan(self.answers.score).sum())

    def worst(self) -> float:
        """The score of an answer that has none, at worst."""
        if self.plan.lost_value is not None:
            return self.plan.lost_value
        scores = self.answers.score[~np.isnan(self.answers.score)]
        if not scores.size:
            return 0.0
        return float(scores.min() if self.plan.higher_is_better else scores.max())

    def pairs(self, found: Sequence[Cells]) -> dict[tuple[int, int], ExamplePairs]:
        """The pairs of every dataset and variant, oriented so that larger is better."""
        return {
            (dataset, variant): self._pair(found[variant], found[self.baseline], self.answers.dataset_of == dataset)
            for dataset in self.datasets
            for variant in self.others
        }

    def _pair(self, own: Cells, base: Cells, here: NDArray[np.bool_]) -> ExamplePairs:
        both = np.flatnonzero(here & ~np.isnan(own.means) & ~np.isnan(base.means))
        sign = 1.0 if self.plan.higher_is_better else -1.0
        clusters = None if self.answers.cluster_of is None else self.answers.cluster_of[both]
        pair = ExamplePairs(sign * own.means[both], sign * base.means[both], clusters)
        if self.level == "seed":
            tables = [cell.table[:, both] * sign for cell in (own, base) if cell.table is not None]
            crossed = len(tables) == 2 and min(map(len, tables)) > 1 and pair.units > 1
            return replace(pair, tables=(tables[0], tables[1])) if crossed else pair
        if self.level == "repeat" and both.size:
            parts = [repeat_variance(cell.counts[both], cell.squares[both]) for cell in (own, base)]
            if all(part is not None for part in parts):
                df = sum(float((cell.counts[both] - 1).sum()) for cell in (own, base))
                return replace(pair, repeat_variance=sum(part or 0.0 for part in parts), repeat_df=df)
        return pair

    def decide(self, pairs: dict[tuple[int, int], ExamplePairs]) -> dict[tuple[int, int], ExampleDecision]:
        """Decisions by dataset (−1: their mean) and variant; each of the two is a family for Holm's correction."""
        keys = list(pairs)
        confidence, margin = self.plan.confidence, self.plan.margin
        tests = {key: own.test() for key, own in pairs.items()}
        enough = {key: own.enough for key, own in pairs.items()}
        by_cell = decide_examples([tests[key] for key in keys], [enough[key] for key in keys], confidence, margin)
        found = dict(zip(keys, by_cell, strict=True))
        if not self.several:
            return found
        overall = [
            self._over_datasets([(pairs[dataset, variant], tests[dataset, variant]) for dataset in self.datasets])
            for variant in self.others
        ]
        usable = [all(enough[dataset, variant] for dataset in self.datasets) for variant in self.others]
        together = decide_examples(overall, usable, confidence, margin)
        return {(-1, variant): own for variant, own in zip(self.others, together, strict=True)} | found

    def _over_datasets(self, cells: Sequence[tuple[ExamplePairs, TTest | None]]) -> TTest | None:
        """The mean difference over datasets; None where one of them has no example that both were asked."""
        if not all(pairs.scores.size for pairs, _ in cells):
            return None
        return average([test for _, test in cells], [float(pairs.differences.mean()) for pairs, _ in cells])

    def judge_decisions(self) -> list[dict[tuple[int, int], ExampleDecision]]:
        """What each judge alone decides; empty with fewer than two judges."""
        count = len(self.answers.judges)
        if count < 2:
            return []
        return [self.decide(self.pairs(cells(self.answers.of_judge(judge)))) for judge in range(count)]

    def row(
        self,
        key: tuple[int, int],
        pairs: dict[tuple[int, int], ExamplePairs],
        decision: ExampleDecision,
        worst: ExampleDecision | None,
        judged: Sequence[dict[tuple[int, int], ExampleDecision]],
    ) -> ExampleComparison:
        dataset, variant = key
        parts = [own for (d, v), own in pairs.items() if v == variant and dataset in (-1, d)]
        sign = 1.0 if self.plan.higher_is_better else -1.0
        differences = np.concatenate([own.differences for own in parts])
        scale = max(own.scale for own in parts)
        noise = 1e-12 * scale
        wins, losses = int((differences > noise).sum()), int((differences < -noise).sum())
        usable = [own for own in parts if own.scores.size]
        means = [sign * float(np.mean([own.scores.mean() for own in usable])) if usable else None]
        means += [sign * float(np.mean([own.baseline.mean() for own in usable])) if usable else None]
        known = means[0] is not None and means[1] is not None
        test, single = decision.test, parts[0] if len(parts) == 1 else None
        also = self.others_of(parts)
        exact = mcnemar(single) if single is not None else None
        family = len(self.others) if dataset == -1 else len(pairs)
        ahead = None
        if test is not None:
            ahead = outlook(
                test,
                differences.size,
                self.plan.alpha,
                family,
                self.plan.margin,
                also.parts if also is not None else None,
            )
        because = self.flips(decision, parts, exact.p_value if exact else None, key, judged)
        confidence = self.plan.confidence
        clusters = None if self.answers.cluster_of is None else sum(own.units for own in parts)
        return ExampleComparison(
            dataset=self.name(dataset),
            variant=self.answers.variants[variant],
            baseline=self.answers.variants[self.baseline],
            n_examples=differences.size,
            n_clusters=clusters,
            n_dropped=self.dropped(dataset, variant) - differences.size,
            mean=means[0],
            mean_baseline=means[1],
            difference=test.difference if test else (sign * ((means[0] or 0.0) - (means[1] or 0.0)) if known else None),
            standard_error=test.standard_error if test else None,
            df=test.df if test else None,
            **_ends("ci", decision.interval),
            p_value=test.p_value if test else None,
            p_holm=decision.p_holm,
            **_ends("simultaneous", decision.simultaneous),
            **_ends("equivalence", decision.equivalence),
            wins=wins,
            losses=losses,
            ties=differences.size - wins - losses,
            mcnemar_p=exact.p_value if exact else None,
            **_ends("same_examples", _interval(also.same_examples if also else None, confidence)),
            **_ends("both", _interval(also.both if also else None, confidence)),
            variance_example=also.parts.example if also else None,
            variance_seed=also.parts.seed if also else None,
            variance_residual=also.parts.residual if also else None,
            detectable_difference=ahead.detectable_difference if ahead else None,
            examples_needed=ahead.examples_needed if ahead else None,
            examples_for_equivalence=ahead.examples_for_equivalence if ahead else None,
            repeats_needed=self.repeats(ahead.repeats_factor if ahead else None, variant),
            exhausted_error=ahead.exhausted_error if ahead else None,
            seeds_needed=self.seeds(also, variant, family),
            verdict=str(decision.verdict),
            verdict_if_worst=str(worst.verdict) if worst else "",
            fragile=bool(because) and decision.verdict in JUDGED,
            fragile_because="; ".join(because) if decision.verdict in JUDGED else "",
        )

    def others_of(self, parts: Sequence[ExamplePairs]) -> OtherQuestions | None:
        """Answers about new seeds or repeats; of several datasets, about their mean."""
        found = [own for own in (other_questions(pairs, pairs.test()) for pairs in parts) if own is not None]
        if len(found) < len(parts):
            return None
        if len(found) == 1:
            return found[0]
        means = [float(pairs.differences.mean()) for pairs in parts]
        shares = [(own.parts.example, own.parts.seed, own.parts.residual) for own in found]
        return OtherQuestions(
            average([own.same_examples for own in found], means),
            average([own.both for own in found], means),
            Parts(*(sum(column) / len(parts) ** 2 for column in zip(*shares, strict=True))),
        )

    def name(self, dataset: int) -> str:
        return ALL_DATASETS if dataset == -1 else self.answers.datasets[dataset]

    def dropped(self, dataset: int, variant: int) -> int:
        """How many examples either of the two variants was asked."""
        asked = (self.cells[variant].asked > 0) | (self.cells[self.baseline].asked > 0)
        return int((asked & ((self.answers.dataset_of == dataset) | (dataset == -1))).sum())

    def repeats(self, factor: float | None, variant: int) -> int | None:
        """How many repeats, or seeds, of each of the two variants that many times as many are."""
        if factor is None:
            return None
        most = max(self.most_repeats(variant), self.most_repeats(self.baseline))  # the factor holds for both
        return math.ceil(factor * most - 1e-9)

    def seeds(self, also: OtherQuestions | None, variant: int, family: int) -> int | None:
        """How many seeds of each variant would show the difference for retrained models."""
        if self.level != "seed" or also is None or also.both is None:
            return None
        target = abs(also.both.difference) if self.plan.margin is None else self.plan.margin
        counts = [self.most_repeats(variant), self.most_repeats(self.baseline)]
        fewest = max(min(counts), 2)
        return seeds_for_both(also.parts, fewest, also.both.df, self.plan.alpha / family, target) if target else None

    def most_repeats(self, variant: int) -> int:
        cell = self.cells[variant]
        if self.level == "seed":
            return len(cell.table) if cell.table is not None else 1
        return int(cell.counts.max(initial=0))

    def flips(
        self,
        decision: ExampleDecision,
        parts: Sequence[ExamplePairs],
        exact_p: float | None,
        key: tuple[int, int],
        judged: Sequence[dict[tuple[int, int], ExampleDecision]],
    ) -> list[str]:
        """What would decide otherwise."""
        plan, verdict, found = self.plan, decision.verdict, list[str]()
        if decision.test is not None:
            dataset, variant = key
            if dataset == -1:
                cells = mean_hanging_on(parts, verdict, decision.level, plan.alpha, plan.margin)
                hanging = [(self.datasets[place], code) for place, code in cells]
            else:
                codes = hanging_on(parts[0], verdict, decision.level, plan.alpha, plan.margin)
                hanging = [(dataset, code) for code in codes]
            if hanging:
                what = "example" if self.answers.cluster_of is None else "cluster"
                names = [self.unit_name((where, variant), code) for where, code in hanging[:MOST_NAMED]]
                more = len(hanging) - len(names)
                names += [f"any of {more} others"] if more else []
                found.append(f"without {what} {enumerate_words(names, 'or')}")
        open_or_claim = verdict in (Verdict.BETTER, Verdict.WORSE, Verdict.NOT_SUPPORTED)
        if exact_p is not None and open_or_claim and (exact_p < decision.level) == (verdict == Verdict.NOT_SUPPORTED):
            found.append("by McNemar's exact test")
        names = [
            name for name, own in zip(self.answers.judges, judged, strict=False) if own[key].verdict != decision.verdict
        ]
        if names:
            found.append(f"by {enumerate_words([f'judge {name}' for name in names], 'or')} alone")
        return found

    def unit_name(self, key: tuple[int, int], code: int) -> str:
        if self.answers.cluster_of is not None:
            return self.answers.clusters[code]
        dataset, variant = key
        own, base = self.cells[variant].means, self.cells[self.baseline].means
        both = np.flatnonzero((self.answers.dataset_of == dataset) & ~np.isnan(own) & ~np.isnan(base))
        return self.answers.examples[int(both[code])]

    def summary(self, dataset: int, variant: int) -> ExampleSummary:
        cell, here = self.cells[variant], self.answers.dataset_of == dataset
        given = np.flatnonzero(here & ~np.isnan(cell.means))
        clusters = None if self.answers.cluster_of is None else self.answers.cluster_of[given]
        test = clustered_mean(cell.means[given], clusters)
        scores = int(cell.counts[here].sum())
        seeds = len(cell.table) if cell.table is not None else None
        return ExampleSummary(
            dataset=self.name(dataset),
            variant=self.answers.variants[variant],
            n_examples=given.size,
            n_clusters=None if clusters is None else int(np.unique(clusters).size),
            n_seeds=seeds,
            n_repeats=math.ceil(int(cell.asked[here].max(initial=0)) / (seeds or 1)),
            n_scores=scores,
            n_missing=int(cell.asked[here].sum()) - scores,
            mean=float(cell.means[given].mean()) if given.size else None,
            standard_error=test.standard_error if test else None,
            **_ends("ci", _interval(test, self.plan.confidence)),
        )

    def passes(self) -> list[PassRate]:
        """pass@k of every variant, for k = 1, 2, 4, … and the number of repeats."""
        given = self.answers.score[~np.isnan(self.answers.score)]
        if self.level != "repeat" or not self.plan.higher_is_better or not np.isin(given, (0.0, 1.0)).all():
            return []
        most = min(int(cell.counts.max(initial=0)) for cell in self.cells)
        ks = sorted({*(2**power for power in range(16) if 2**power <= most), most} - {0})
        return [self.pass_rate(variant, k) for variant in range(len(self.cells)) for k in ks]

    def pass_rate(self, variant: int, k: int) -> PassRate:
        rates = [
            (pass_at_k(cell.counts, successes, k), pass_all_k(cell.counts, successes, k))
            for cell in (self.cells[variant], self.cells[self.baseline])
            # Rounded, because a mean times its count can lie just below the whole number: 1/49 · 49 < 1.
            for successes in [np.rint(np.nan_to_num(cell.means) * cell.counts)]
        ]
        own, base = rates
        numbers: dict[str, Any] = {}
        for kind, place in (("any", 0), ("all", 1)):
            mean, span, size = self._mean(own[place])
            numbers[f"{kind}_of_k"] = mean
            numbers |= _ends(kind, span)
            numbers["n_examples"] = size
            gap, gap_span, _ = self._mean(own[place] - base[place])
            same = variant == self.baseline
            numbers[f"{kind}_difference"] = None if same else gap
            numbers |= _ends(f"{kind}_difference", None if same else gap_span)
        return PassRate(variant=self.answers.variants[variant], k=k, **numbers)

    def _mean(self, values: Floats) -> tuple[float, tuple[float, float] | None, int]:
        given = np.flatnonzero(~np.isnan(values))
        clusters = None if self.answers.cluster_of is None else self.answers.cluster_of[given]
        test = clustered_mean(values[given], clusters)
        mean = float(values[given].mean()) if given.size else math.nan
        return mean, _interval(test, self.plan.confidence), given.size

    def judges(self, judged: Sequence[dict[tuple[int, int], ExampleDecision]]) -> Judges | None:
        if not judged:
            return None
        complete = ~np.isnan(self.answers.score)
        scores = self.answers.by_judge[:, complete]
        means = scores.mean(axis=1)
        findings = [
            JudgeFinding(
                judge=name,
                mean=float(mean),
                dataset=self.name(dataset),
                variant=self.answers.variants[variant],
                difference=own.test.difference if own.test else None,
                **_ends("ci", own.interval),
                verdict=str(own.verdict),
            )
            for name, mean, decisions in zip(self.answers.judges, means, judged, strict=True)
            for (dataset, variant), own in decisions.items()
        ]
        return Judges(
            self.answers.judges,
            float(np.mean(scores.max(axis=0) != scores.min(axis=0))),
            float(means.std(ddof=1)),
            int((~complete & ~np.isnan(self.answers.by_judge).all(axis=0)).sum()),
            findings,
        )

    def warnings(self, rows: Sequence[ExampleComparison]) -> list[str]:
        return [
            *self._cluster_warnings(),
            *self._coverage_warnings(rows),
            *self._identical(rows),
            *self._without_spread(rows),
        ]

    def _without_spread(self, rows: Sequence[ExampleComparison]) -> Iterator[str]:
        """Say which differences count as known exactly in a mean over datasets that has a test."""
        tested = {row.variant for row in rows if row.dataset == ALL_DATASETS and row.standard_error is not None}
        for row in rows:
            if row.dataset != ALL_DATASETS and row.variant in tested and row.standard_error is None:
                yield (
                    f"All examples of {row.dataset} have the same difference between {row.variant} and {row.baseline}: "
                    f"how uncertain it is cannot be estimated. The interval of the mean over {ALL_DATASETS} counts it "
                    "as known exactly, and can be too narrow."
                )

    def _cluster_warnings(self) -> Iterator[str]:
        clusters = self.answers.cluster_of
        if clusters is None:
            return
        for dataset in self.datasets:
            here = clusters[self.answers.dataset_of == dataset]
            count, where = int(np.unique(here).size), f" of {self.name(dataset)}" if self.several else ""
            if count < FEW_CLUSTERS:
                yield (
                    f"The examples{where} come from only {quantity(count, 'cluster')}: the standard error is itself "
                    "uncertain, which the t interval allows for; more clusters help, more examples of these do not."
                )
            if count > 1 and (share := unequal_clusters(here)) > max(LARGE_SHARE, 2 / count):
                yield (
                    f"One cluster{where} has {100 * share:.0f}% of the examples, so that the verdict rests largely on "
                    "it; the degrees of freedom allow for that."
                )

    def _coverage_warnings(self, rows: Sequence[ExampleComparison]) -> Iterator[str]:
        for variant, cell in enumerate(self.cells):
            asked, missing = int(cell.asked.sum()), int(cell.asked.sum() - cell.counts.sum())
            if missing:
                yield (
                    f"{missing} of {asked} answers of {self.answers.variants[variant]} have no score (errors, or not "
                    "judged); they are left out, and counted at the worst score in a second verdict."
                )
        for row in rows:
            if row.n_dropped and row.dataset != ALL_DATASETS:
                where = f" of {row.dataset}" if self.several else ""
                yield (
                    f"{row.variant} and {row.baseline} are compared on {row.n_examples} of "
                    f"{quantity(row.n_examples + row.n_dropped, 'example')}{where}: the others lack a score of one of "
                    "them."
                )

    def _identical(self, rows: Sequence[ExampleComparison]) -> Iterator[str]:
        for row in rows:
            if row.n_examples and not row.wins and not row.losses and row.dataset != ALL_DATASETS:
                where = f" of {row.dataset}" if self.several else ""
                yield (
                    f"{row.variant} and {row.baseline} have the same score on every example{where}: are these two "
                    "different models or prompts?"
                )


def _interval(test: TTest | None, confidence: float) -> tuple[float, float] | None:
    return None if test is None else test.interval(confidence)


def _ends(name: str, span: tuple[float, float] | None) -> dict[str, Any]:
    low, high = span or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _frame(rows: Sequence[Any], kind: type) -> pd.DataFrame:
    # As objects: a column of whole numbers with an empty cell would be written as 571.0.
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)], dtype=object)
