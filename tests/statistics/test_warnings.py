import numpy as np
import pandas as pd
import pytest

from seedwise.statistics import find_warnings
from tests.plans import accuracy_plan

PLAN = accuracy_plan("A")
FIVE = [0.90, 0.91, 0.925, 0.93, 0.945]


def table(scores, **columns):
    rows = [
        {"variant": variant, "seed": seed, "test_accuracy": value}
        for variant, values in scores.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(**columns)


def codes(runs, plan=PLAN, **options):
    return [warning.code for warning in find_warnings(runs, plan, **options)]


def test_sound_runs_give_no_warning():
    runs = table({"A": FIVE, "B": [0.92, 0.931, 0.94, 0.95, 0.957]}, code_digest="a", threads=2)

    assert find_warnings(runs, PLAN, n_test=10_000) == []


def test_three_seeds_are_few_seeds_whose_bootstrap_is_the_range():
    found = find_warnings(table({"A": FIVE[:3], "B": FIVE}), PLAN)

    assert [warning.code for warning in found] == ["three_seeds", "few_seeds", "missing_seeds"]
    assert "95% percentile bootstrap is just the observed range" in found[0].sentence
    assert "(A)" in found[1].sentence


def test_lost_runs_are_counted_with_the_rate_that_remains_compatible():
    runs = table({"A": FIVE, "B": [*FIVE, 0.0, 0.0]}, status="finished")
    runs.loc[[10, 11], "status"] = ["diverged", "failed"]
    found = {warning.code: warning.sentence for warning in find_warnings(runs, PLAN)}

    assert list(found) == ["diverged_runs", "failed_runs", "missing_seeds"]
    assert "1 of 6 runs of B diverged (rates up to 58% remain compatible)" in found["diverged_runs"]
    assert "no finite interval" in found["diverged_runs"]


def test_seeds_that_are_not_in_the_table_may_be_crashes():
    fewer = table({"A": FIVE, "B": FIVE[:4]})
    apart = table({"A": FIVE, "B": FIVE}).assign(seed=[*range(5), *range(10, 15)])

    assert "missing_seeds" in codes(fewer)
    assert "missing_seeds" not in codes(fewer, accuracy_plan("A", pairing="seed"))
    assert codes(apart) == []


def test_a_score_that_is_not_finite_is_named():
    assert "not_finite" in codes(table({"A": FIVE, "B": [*FIVE, float("inf")]}))


@pytest.mark.parametrize(
    ("scores", "apart"),
    [([0.91, 0.92, 0.10], True), ([0.91, 0.92, 0.93], False), ([0.1, 0.11, 0.12, 0.9, 0.91, 0.92], True)],
)
def test_seeds_that_fall_apart_are_noticed(scores, apart):
    assert ("gap_between_seeds" in codes(table({"A": FIVE, "B": scores}))) is apart


@pytest.mark.parametrize("n", [3, 5, 9, 20, 40])
def test_one_normal_sample_in_twenty_seems_to_fall_apart(n):
    samples = np.random.default_rng(n).normal(0.9, 0.01, (600, n))
    found = codes(table({f"v{index}": row for index, row in enumerate(samples)}))

    assert found.count("gap_between_seeds") / 600 == pytest.approx(0.05, abs=0.03)


def test_unequal_spread():
    centre = np.mean(FIVE)

    assert codes(table({"A": FIVE, "B": centre + 3.1 * (np.array(FIVE) - centre)})) == ["unequal_spread"]
    assert codes(table({"A": FIVE, "B": centre + 2.9 * (np.array(FIVE) - centre)})) == []


def test_negative_correlation_matters_only_to_a_paired_plan():
    runs = table({"A": FIVE, "B": 1.9 - np.array(FIVE)})

    assert codes(runs) == []
    assert codes(runs, accuracy_plan("A", pairing="seed")) == ["negative_correlation"]


def test_seeds_without_a_partner_are_announced():
    runs = table({"A": FIVE, "B": [*FIVE, 0.95]})

    assert codes(runs, accuracy_plan("A", pairing="seed")) == ["unpaired_seeds"]


def test_identical_runs_ask_whether_the_seed_is_used():
    runs = table({"A": [0.9, 0.9, 0.91, 0.92, 0.93], "B": FIVE})

    assert codes(runs) == ["identical_runs"]
    # An accuracy ties by chance; with a loss beside it that differs, the runs are not the same.
    assert codes(runs.assign(loss=np.arange(10.0)), other_metrics=["loss"]) == []
    assert codes(runs.assign(loss=0.5), other_metrics=["loss"]) == ["identical_runs"]


@pytest.mark.parametrize(("n_test", "expected"), [(499, ["small_test_set"]), (500, []), (None, [])])
def test_small_test_set(n_test, expected):
    assert codes(table({"A": FIVE, "B": FIVE}), n_test=n_test) == expected


@pytest.mark.parametrize("column", ["code_digest", "data_digest", "precision", "threads", "device", "hardware"])
def test_runs_that_are_compared_must_come_from_the_same_place(column):
    runs = table({"A": FIVE, "B": FIVE, "C": FIVE}, **{column: "same"})
    runs.loc[7, column] = "other"
    found = find_warnings(runs, PLAN)

    assert [warning.code for warning in found] == [f"mixed_{column}"]
    assert found[0].sentence.endswith("(B).")
    runs.loc[0, column] = "other"
    assert find_warnings(runs, PLAN)[0].sentence.endswith("(A, B, C).")


def test_long_lists_are_cut():
    runs = table({f"v{index}": FIVE[:3] for index in range(30)})

    assert "v0, v1, v2, v3, v4 and 25 more" in find_warnings(runs, PLAN)[0].sentence


def test_order_of_rows_does_not_matter():
    runs = table({"A": FIVE[:3], "B": [0.1, 0.9, 0.91], "C": [0.9, 0.9, 0.9]}, threads=[1, 1, 1, 2, 2, 2, 1, 1, 1])
    shuffled = runs.sample(frac=1, random_state=1).sort_values("variant", kind="stable")

    assert find_warnings(runs, PLAN) == find_warnings(shuffled, PLAN)
