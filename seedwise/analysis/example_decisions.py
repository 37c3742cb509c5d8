"""What the answers of an evaluation decide: pairs of scores on the same examples, and a decision about each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seedwise.analysis.example_findings import ALL_DATASETS
from seedwise.analysis.example_table import Answers, Cells, cells
from seedwise.plan import Plan
from seedwise.statistics.example_means import mean_test
from seedwise.statistics.examples import ExampleDecision, ExamplePairs, decide_examples, repeat_variance
from seedwise.statistics.ttest import TTest


class Decisions:
    """Decisions of a plan; every cell is a dataset and a variant other than the baseline."""

    def __init__(self, answers: Answers, plan: Plan, baseline: int, found: list[Cells]) -> None:
        self.answers, self.plan, self.baseline, self.cells = answers, plan, baseline, found
        self.others = [place for place in range(len(answers.variants)) if place != baseline]
        self.datasets = range(len(answers.datasets))
        self.several = len(answers.datasets) > 1
        seeds = any(cell.table is not None and len(cell.table) > 1 for cell in found)
        repeats = any(cell.counts.max(initial=0) > 1 for cell in found)
        self.level = "seed" if seeds else "repeat" if repeats and answers.repeated else ""

    def missing(self) -> int:
        """How many answers have no score."""
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
        tests = {key: own.test() for key, own in pairs.items()}
        enough = {key: own.enough for key, own in pairs.items()}
        by_cell = self._decided([tests[key] for key in keys], [enough[key] for key in keys])
        found = dict(zip(keys, by_cell, strict=True))
        if not self.several:
            return found
        overall = [mean_test([pairs[dataset, variant] for dataset in self.datasets]) for variant in self.others]
        usable = [all(enough[dataset, variant] for dataset in self.datasets) for variant in self.others]
        together = self._decided(overall, usable)
        return {(-1, variant): own for variant, own in zip(self.others, together, strict=True)} | found

    def _decided(self, tests: Sequence[TTest | None], enough: Sequence[bool]) -> list[ExampleDecision]:
        plan = self.plan
        one_sided = plan.non_inferiority_margin is not None
        return decide_examples(tests, enough, plan.confidence, plan.margin, one_sided=one_sided)

    def judge_decisions(self) -> list[dict[tuple[int, int], ExampleDecision]]:
        """What each judge alone decides; empty with fewer than two judges."""
        count = len(self.answers.judges)
        if count < 2:
            return []
        return [self.decide(self.pairs(cells(self.answers.of_judge(judge)))) for judge in range(count)]

    def name(self, dataset: int) -> str:
        """What a dataset is called; −1 is the mean of all."""
        return ALL_DATASETS if dataset == -1 else self.answers.datasets[dataset]
