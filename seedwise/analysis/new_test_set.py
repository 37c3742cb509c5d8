"""Per-example correctness of runs: what `Would a new test set change this?` is answered from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.analysis.findings import NewTestSetFinding
from seedwise.plan import Plan
from seedwise.statistics.crossed import two_questions

METRIC = "test_accuracy"
"""The only metric that correctness adds up to."""


def new_test_set(folder: Path, runs: pd.DataFrame, plan: Plan, variants: Sequence[str]) -> list[NewTestSetFinding]:
    """Answer the second question for each variant that, like the baseline, has at least two finished runs.

    Args:
        folder: of the runs, with <variant>/seed<seed>/predictions.npz.
        runs: the table of runs.
        plan: the declared plan; for a metric other than test accuracy there is no answer.
        variants: in the order of the answers.
    """
    if plan.metric != METRIC:
        return []
    finished = runs[runs["status"] == "finished"]
    seeds = {variant: sorted(group["seed"]) for variant, group in finished.groupby("variant")}
    baseline = seeds.get(plan.baseline, [])
    if len(baseline) < 2:
        return []
    of_baseline = correctness(folder, plan.baseline, baseline)
    answers = []
    for variant in variants:
        own = seeds.get(variant, [])
        pairable = plan.pairing == "none" or own == baseline
        if variant == plan.baseline or len(own) < 2 or not pairable:
            continue
        both = two_questions(
            correctness(folder, variant, own),
            of_baseline,
            plan.confidence,
            plan.pairing,
        )
        low, high = both.new_test_set or (None, None)
        both_low, both_high = both.both or (None, None)
        answers.append(
            NewTestSetFinding(
                variant=variant,
                low=low,
                high=high,
                both_low=both_low,
                both_high=both_high,
                finite_test_share=both.finite_test_share,
            )
        )
    return answers


def correctness(folder: Path, variant: str, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Read the correctness of a variant's runs, shape (seeds, examples), 1 where the run was right."""
    rows = []
    for seed in seeds:
        with np.load(folder / variant / f"seed{seed}" / "predictions.npz") as archive:
            rows.append(archive["correct"].astype(float))
    return np.stack(rows)
