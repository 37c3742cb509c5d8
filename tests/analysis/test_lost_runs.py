"""A lost run may have finite numbers, as one that ended at chance; no analysis takes them for a result."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seedwise.analysis.run_table import analyse_runs
from seedwise.plan import Plan
from seedwise.report.figures.pairing import shared_seeds
from seedwise.statistics.analysis import format_table
from seedwise.statistics.factorial import factorial_effects
from seedwise.statistics.randomness import contributions

AT_CHANCE = 0.1


def plan(**declared):
    return Plan(**{"metric": "score", "higher_is_better": True, "baseline": "a", **declared})


def runs_with(lost, status="diverged"):
    """Return four variants of five seeds; the last seed of each but the first was lost, with `lost` as its score."""
    scores = np.random.default_rng(0).normal(0.9, 0.01, (4, 5))
    rows = [
        {"variant": name, "seed": seed, "status": "finished", "reason": None, "score": score, "loss": 1 - score}
        for name, values in zip("abcd", scores, strict=True)
        for seed, score in enumerate(values)
    ]
    runs = pd.DataFrame(rows)
    gone = (runs["seed"] == 4) & (runs["variant"] != "a")
    runs.loc[gone, ["score", "loss"]], runs.loc[gone, "status"], runs.loc[gone, "reason"] = lost, status, "at chance"
    return runs


@pytest.mark.parametrize("declared", [{}, {"pairing": "seed"}, {"variance": "pooled"}, {"margin": 0.02}], ids=str)
@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_the_score_of_a_lost_run_changes_no_table_and_no_warning(declared, status):
    with_score, without = (
        analyse_runs("runs.csv", runs_with(lost, status), plan(**declared)) for lost in (AT_CHANCE, np.nan)
    )
    assert format_table(with_score.summary) == format_table(without.summary)
    # What lost runs do is asked apart: there the worst value that any run has counts, also that of a lost one.
    if_lost = ["value_if_worst", "verdict_if_worst"]
    assert format_table(with_score.comparisons.drop(columns=if_lost)) == format_table(
        without.comparisons.drop(columns=if_lost)
    )
    assert with_score.warnings == without.warnings
    assert list(with_score.summary["n"]) == [5, 4, 4, 4]


def test_the_score_of_a_lost_run_is_in_no_share_effect_or_pair():
    with_score, without = runs_with(AT_CHANCE), runs_with(np.nan)
    varied = {"a": ("init", "order"), "b": ("init",), "c": ("order",)}
    factors = {"x": ("0", "1"), "y": ("0", "1")}
    cells = {"a": ("0", "0"), "b": ("0", "1"), "c": ("1", "0"), "d": ("1", "1")}
    for found in (
        lambda runs: contributions(runs, "score", varied, ["init", "order"]),
        lambda runs: factorial_effects(runs, plan(), factors, cells),
    ):
        assert found(with_score) == found(without)
    pairs = shared_seeds(with_score, plan())
    assert {name: list(pair.index) for name, pair in pairs.items()} == {name: [0, 1, 2, 3] for name in "bcd"}
