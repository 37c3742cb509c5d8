import numpy as np
import pandas as pd
import pytest

from seedwise.statistics import compare
from seedwise.statistics.analysis import compare_all
from tests.plans import accuracy_plan

A = [0.842, 0.838, 0.851]
B = [0.861, 0.855, 0.858]
C = [0.845, 0.840, 0.849]


def table(scores):
    rows = [(variant, seed, value) for variant, values in scores.items() for seed, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["variant", "seed", "test_accuracy"])


def test_a_thousand_runs_and_a_true_difference_of_one_std_are_not_fragile():
    # The rules of thumb ask for a difference above 2 std, which no number of seeds reaches here.
    generator = np.random.default_rng(0)
    found = compare(generator.normal(1, 1, 1000), generator.normal(0, 1, 1000))

    assert found.verdict == "BETTER"
    assert not found.rule_pooled
    assert not found.fragile
    assert found.fragile_because == ""


def test_a_verdict_that_hangs_on_single_runs_names_them():
    found = compare([5.0, 5.1, 4.9, 5.05, 4.95, 7.0], [5.2, 5.3, 5.1, 5.25, 5.15, 5.2], margin=None)
    without = compare([5.0, 5.1, 4.9, 5.05, 4.95], [5.2, 5.3, 5.1, 5.25, 5.15, 5.2])

    assert found.verdict == "NOT_SUPPORTED"
    assert without.verdict == "WORSE"
    assert "without seed 5 of the variant" in found.fragile_because
    assert "of the baseline" not in found.fragile_because


def test_runs_of_the_baseline_and_pairs_are_left_out_too():
    base, variant = [1.0, 1.1, 0.9, 1.05, 3.0], [2.0, 2.1, 1.9, 2.05, 2.2]
    differences = [0.5, 0.52, 0.48, 0.51, -0.6]

    assert "without seed 4 of the baseline" in compare(variant, base).fragile_because
    paired = compare(np.add(A[:1] * 5, differences), A[:1] * 5, pairing="seed").fragile_because
    assert paired.startswith("without seed 4 in both arms")


@pytest.mark.parametrize("margin", [None, 0.05])
def test_leaving_out_each_run_agrees_with_the_comparison_of_the_others(margin):
    generator = np.random.default_rng(5)
    for _ in range(15):
        n, m = generator.integers(4, 9, 2)
        a, b = generator.normal(0.9, 0.02, n), generator.normal(0.88, 0.02, m)
        found = compare(a, b, margin=margin)
        reduced = [compare(np.delete(a, i), b, margin=margin).verdict for i in range(n)]
        reduced += [compare(a, np.delete(b, i), margin=margin).verdict for i in range(m)]
        assert ("without" in found.fragile_because) == any(verdict != found.verdict for verdict in reduced)


def test_many_runs_are_counted_and_two_are_named():
    found = compare([5, 6, 7, 8, 9.0], [4.7, 4.6, 4.5, 4.6, 4.6])

    assert found.fragile_because == (
        "without seed 1 of the variant; without seed 2 of the variant; without any one of 2 other runs"
    )


def test_methods_that_decide_otherwise_are_named():
    # Equal numbers of runs: the pooled statistic is Welch's, but has more degrees of freedom.
    one_wide = compare([5, 6, 7, 8, 9.0], [5.4, 5.3, 5.2, 5.3, 5.3])
    seeds = np.array([0.0, 1, 2, 3, 4, 5])
    paired = compare(seeds + 0.3 + 0.01 * seeds, seeds, same_seeds=True)
    permuted = compare([0.0, 0, 0, 0, 0, 9], [9.0, 9, 9, 9, 0, 9])

    assert "by the pooled t test" in one_wide.fragile_because
    assert "by the paired t test" in paired.fragile_because
    assert compare(seeds + 0.3 + 0.01 * seeds, seeds, pairing="seed").fragile_because == "by the unpaired t test"
    assert ("permutation" in permuted.fragile_because) == (
        (permuted.permutation_p <= 0.05) != (permuted.p_value < 0.05)
    )


def test_three_runs_are_not_called_fragile_for_being_three():
    # Without one of them no verdict would be possible; that few runs say little is said elsewhere.
    assert not compare([0.95, 0.951, 0.949], [0.90, 0.901, 0.899]).fragile


def test_a_permutation_test_that_cannot_reach_the_level_has_no_say():
    found = compare(B, A)

    assert found.permutation_p_min == 0.1
    assert "permutation" not in found.fragile_because


def test_alternatives_are_decided_at_the_corrected_level():
    # Alone the paired t test (p .061) and Welch's (p .048) disagree; corrected for two comparisons neither claims.
    alone = compare_all(table({"A": A, "B": B}), accuracy_plan("A"))
    among = compare_all(table({"A": A, "B": B, "C": C}), accuracy_plan("A"))

    assert "paired" in alone["fragile_because"].iloc[0]
    assert "paired" not in among["fragile_because"].iloc[0]


def test_dunnetts_verdicts_name_welch():
    found = compare_all(table({"A": A, "B": B, "C": C}), accuracy_plan("A", variance="pooled"))

    assert found["verdict"].tolist() == ["BETTER", "NOT_SUPPORTED"]
    assert "by Welch's t test" in found["fragile_because"].iloc[0]


@pytest.mark.parametrize(
    ("b", "verdict"), [(B[:2], "TOO_FEW_SEEDS"), ([0.9, 0.9, 0.9], "BETTER"), ([None, None, None], "NO_RESULT")]
)
def test_what_is_not_judged_is_never_fragile_and_a_constant_arm_does_no_harm(b, verdict):
    runs = table({"A": A, "B": b}).assign(status=["finished"] * 3 + ["finished" if x else "failed" for x in b])
    found = compare_all(runs, accuracy_plan("A")).iloc[0]

    assert found["verdict"] == verdict
    assert not found["fragile"]


def test_dunnetts_equivalence_is_judged_without_a_run_as_it_was_with_it():
    generator = np.random.default_rng(0)
    a, b = generator.normal(0.9, 0.002, (2, 6)).round(4).tolist()
    wide = generator.normal(0.9, 0.05, 6).round(4).tolist()
    found = compare_all(table({"A": a, "B": b, "C": wide}), accuracy_plan("A", variance="pooled", margin=0.01))

    assert found["verdict"].iloc[0] == "EQUIVALENT"
    assert "without" not in found["fragile_because"].iloc[0]


def test_differences_that_are_equal_but_for_rounding_leave_no_test_without_one():
    generator = np.random.default_rng(1)
    for _ in range(200):
        base = generator.normal(0.9, 0.02, 5)
        variant = base + 0.014
        variant[4] += generator.normal(0, 0.02)
        assert "without seed 4" not in compare(variant, base, pairing="seed").fragile_because


def test_pairs_are_called_seeds_and_a_semicolon_in_a_name_separates_nothing():
    seeds = ["x;y", "1", "2", "3", "4", "5"]
    rows = [("A", seed, 0.5 + 0.01 * place) for place, seed in enumerate(seeds)]
    rows += [("B", seed, 0.5 + 0.01 * place + (0.02 if place else -0.3)) for place, seed in enumerate(seeds)]
    runs = pd.DataFrame(rows, columns=["variant", "seed", "test_accuracy"])
    found = compare_all(runs, accuracy_plan("A", pairing="seed")).iloc[0]

    assert ";" not in found["fragile_because"].replace("; ", "")
