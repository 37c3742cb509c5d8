"""The second question: would a new test set change this? It is answered from the runs' scores on each example."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from seedwise.analysis.findings import NewTestSetFinding
from seedwise.plan import Plan
from seedwise.runs.scores import read_scores
from seedwise.statistics.crossed import two_questions


def new_test_set(folder: Path, runs: pd.DataFrame, plan: Plan, variants: Sequence[str]) -> list[NewTestSetFinding]:
    """Answer the second question for each variant that, like the baseline, has at least two finished runs.

    Args:
        folder: of the runs, where their scores are.
        runs: the table of runs.
        plan: the declared plan; its metric is the mean of the scores.
        variants: in the order of the answers.

    Raises:
        UserError: a run has no readable scores.
        DataError: two variants were tested on different numbers of examples.
    """
    finished = runs[runs["status"] == "finished"]
    seeds = {variant: sorted(group["seed"]) for variant, group in finished.groupby("variant")}
    baseline = seeds.get(plan.baseline, [])
    if len(baseline) < 2:
        return []
    of_baseline = read_scores(folder, plan.baseline, baseline)
    answers = []
    for variant in variants:
        own = seeds.get(variant, [])
        pairable = plan.pairing == "none" or own == baseline
        if variant == plan.baseline or len(own) < 2 or not pairable:
            continue
        found = two_questions(read_scores(folder, variant, own), of_baseline, plan.confidence, plan.pairing)
        low, high = found.new_test_set or (None, None)
        both_low, both_high = found.both or (None, None)
        answers.append(
            NewTestSetFinding(
                variant=variant,
                low=low,
                high=high,
                both_low=both_low,
                both_high=both_high,
                finite_test_share=found.finite_test_share,
            )
        )
    return answers
