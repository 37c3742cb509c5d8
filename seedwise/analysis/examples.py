"""The analysis of an evaluation: a long table of answers and a plan in, findings about new examples out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.analysis.example_decisions import Decisions
from seedwise.analysis.example_findings import (
    ExampleAnalysis,
    ExampleComparison,
    ExampleSummary,
    JudgeFinding,
    Judges,
    PassRate,
)
from seedwise.analysis.example_table import cells, check_baseline, check_shared, checked_answers
from seedwise.analysis.example_warnings import warnings_of
from seedwise.basics.words import enumerate_words
from seedwise.plan import Plan
from seedwise.sources.options import Options
from seedwise.statistics.clusters import clustered_mean
from seedwise.statistics.example_levels import OtherQuestions, other_questions
from seedwise.statistics.example_means import mean_hanging_on
from seedwise.statistics.example_planning import outlook, seeds_for_both
from seedwise.statistics.examples import ExampleDecision, ExamplePairs, hanging_on, mcnemar
from seedwise.statistics.pass_at_k import pass_all_k, pass_at_k
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import JUDGED, Verdict, upholds

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_NAMED = 3


def analyse_examples(
    table: pd.DataFrame, plan: Plan, *, place: str = "the table", options: Options | None = None
) -> ExampleAnalysis:
    """Compare variants with the baseline on the examples that both were asked.

    Args:
        table: one row per answer; columns variant, example, score (NaN where an answer has none, such as an error), and
            if there are: repeat (answers of one model to one example), seed (models that were trained again), cluster
            (of the example), judge, dataset and hash (of the example's content).
        plan: metric, direction, baseline, confidence and margin count; runs are never paired by seed here.
        place: what the table is called in messages.
        options: by which it was read, for messages that name one of them.

    Raises:
        UserError: the table cannot be analysed.
    """
    options = options or Options((plan.metric,))
    answers = checked_answers(place, table, options)
    baseline = check_baseline(place, answers, plan.baseline)
    found = cells(answers)
    check_shared(place, answers, found, baseline, options)
    return _Analysis(answers, plan, baseline, found).result()


class _Analysis(Decisions):
    """The work of `analyse_examples`; every cell is a dataset and a variant other than the baseline."""

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
            warnings_of(self.answers, self.cells, rows),
        )

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
        also = other_questions(parts, test)
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
                equivalence=self.plan.non_inferiority_margin is None,
            )
        because = self.flips(decision, parts, exact.p_value if exact else None, key, judged)
        confidence = self.plan.confidence
        labels = [own.clusters for own in parts if own.clusters is not None]
        clusters = int(np.unique(np.concatenate(labels)).size) if labels else None
        lower = decision.non_inferiority
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
            non_inferiority_low=lower.low if lower else None,
            non_inferiority_p=lower.p_value if lower else None,
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
                cells = mean_hanging_on(parts, decision, plan.alpha, plan.margin)
                hanging = [(self.datasets[place], code) for place, code in cells]
            else:
                codes = hanging_on(parts[0], decision, plan.alpha, plan.margin)
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
            name
            for name, own in zip(self.answers.judges, judged, strict=False)
            if not upholds(verdict, own[key].verdict)
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


def _interval(test: TTest | None, confidence: float) -> tuple[float, float] | None:
    return None if test is None else test.interval(confidence)


def _ends(name: str, span: tuple[float, float] | None) -> dict[str, Any]:
    low, high = span or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}
