"""What lost runs do to a verdict: it is decided without them, and again with each at a bad value and at the mean."""

import math

import pandas as pd
import pytest

from seedwise.statistics.analysis import analyse, compare_all
from tests.plans import accuracy_plan

A = [0.80, 0.81, 0.805, 0.79, 0.80, 0.802]
B = [0.85, 0.86, 0.855, 0.845, 0.85, 0.852]
DIVERGED, FAILED = None, "failed"


def table(**scores):
    """Return runs; a pair is a lost run with a value that was recorded all the same."""
    rows = []
    for variant, values in scores.items():
        for seed, value in enumerate(values):
            lost = value in (DIVERGED, FAILED) or isinstance(value, tuple)
            status = FAILED if value == FAILED else "diverged" if lost else "finished"
            number = value[0] if isinstance(value, tuple) else math.nan if lost else value
            rows.append({"variant": variant, "seed": seed, "status": status, "test_accuracy": number})
    return pd.DataFrame(rows)


def first(runs, **declared):
    return compare_all(runs, accuracy_plan("A", **declared)).iloc[0]


def test_three_of_six_lost_runs_are_counted_and_change_the_verdict_at_the_worst_value():
    row = first(table(A=A, B=[*B[:3], DIVERGED, DIVERGED, FAILED]))

    assert (row["verdict"], row["n"], row["n_lost"], row["n_lost_baseline"]) == ("BETTER", 3, 3, 0)
    assert (row["verdict_if_worst"], row["verdict_if_mean"]) == ("NOT_SUPPORTED", "BETTER")


@pytest.mark.parametrize("pairing", ["none", "seed"])
def test_the_verdicts_are_those_of_tables_in_which_the_lost_runs_finished(pairing):
    row = first(table(A=[*A[:5], DIVERGED], B=[B[0], FAILED, *B[2:]]), pairing=pairing)
    worst, mean_a, mean_b = min(A[:5]), sum(A[:5]) / 5, sum([B[0], *B[2:]]) / 5
    at_worst = first(table(A=[*A[:5], worst], B=[B[0], worst, *B[2:]]), pairing=pairing)
    at_mean = first(table(A=[*A[:5], mean_a], B=[B[0], mean_b, *B[2:]]), pairing=pairing)

    assert row["verdict_if_worst"] == at_worst["verdict"]
    assert row["verdict_if_mean"] == at_mean["verdict"]


def test_the_worst_value_is_the_declared_one_or_the_worst_of_any_run_also_of_a_lost_one():
    clear = [score + 0.2 for score in B]
    runs = table(A=A, B=[*clear[:5], DIVERGED])

    assert first(runs, lost_value=0.99)["verdict_if_worst"] == "BETTER"
    assert first(runs, lost_value=-5.0)["verdict_if_worst"] == "NOT_SUPPORTED"
    # A run that diverged at chance may have a finite value: it is worse than all others here.
    assert first(table(A=A, B=[*clear[:5], (-5.0,)]))["verdict_if_worst"] == "NOT_SUPPORTED"


def test_a_loss_is_worst_where_it_is_largest():
    runs = table(A=[1 - score for score in A], B=[*(1 - score for score in B[:3]), DIVERGED, DIVERGED, DIVERGED])
    row = first(runs, higher_is_better=False)

    assert (row["verdict"], row["verdict_if_worst"]) == ("BETTER", "NOT_SUPPORTED")


def test_lost_runs_of_another_variant_do_not_concern_a_comparison():
    found = compare_all(table(A=A, B=B, C=[*B[:3], DIVERGED]), accuracy_plan("A")).set_index("variant")

    assert pd.isna(found.loc["B", "verdict_if_worst"])
    assert not pd.isna(found.loc["C", "verdict_if_worst"])


def test_every_run_lost_is_no_result_rather_than_too_few_seeds():
    lost, baseline_lost = table(A=A, B=[DIVERGED, FAILED, DIVERGED]), table(A=[DIVERGED] * 3, B=B)

    for runs in (lost, baseline_lost):
        found = analyse(runs, accuracy_plan("A"))
        assert found.comparisons["verdict"].tolist() == ["NO_RESULT"]
        assert found.comparisons["verdict_if_worst"].isna().all()
    assert first(table(A=A, B=[*B[:2], DIVERGED]))["verdict"] == "TOO_FEW_SEEDS"


def test_paired_runs_are_described_by_the_pairs_that_were_compared():
    runs = table(A=[0.84, 0.85, 0.86, 0.83], B=[0.87, 0.885, 0.889, 0.5, 0.95])
    row = first(runs[(runs["variant"] == "A") | (runs["seed"] != 3)], pairing="seed")

    assert (row["n"], row["n_baseline"]) == (3, 3)
    assert row["mean_baseline"] == pytest.approx(0.85)
    assert row["mean"] - row["mean_baseline"] == pytest.approx(row["difference"])
