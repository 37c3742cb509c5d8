import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from seedwise.statistics import DataError, analyse, compare_all, format_table, summarise
from tests.plans import accuracy_plan

A, B, C = [0.842, 0.838, 0.851], [0.861, 0.855, 0.858], [0.845, 0.840, 0.849]
PLAN = accuracy_plan("A")


def table(**scores):
    return pd.DataFrame(
        [
            {"variant": variant, "seed": seed, "status": "finished", "test_accuracy": value}
            for variant, values in scores.items()
            for seed, value in enumerate(values)
        ]
    )


def verdicts(runs, plan=PLAN, variants=None):
    found = compare_all(runs, plan, variants)
    return dict(zip(found["variant"], found["verdict"], strict=True))


def test_summary_of_the_worked_example():
    row = summarise(table(A=A), PLAN).iloc[0]

    assert (row["n"], row["n_failed"], row["n_diverged"], row["values"]) == (3, 0, 0, "0.842;0.838;0.851")
    assert row["mean"] == pytest.approx(0.8436667, abs=1e-7)
    assert row["std"] == pytest.approx(0.00665833, abs=1e-8)
    assert [row["std_low"], row["std_high"]] == pytest.approx([0.0034667, 0.0418458], abs=1e-7)
    assert [row["t_low"], row["t_high"]] == pytest.approx([0.8271265, 0.8602069], abs=1e-7)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx([0.838, 0.851])
    assert [row["basic_low"], row["basic_high"]] == pytest.approx([0.8363333, 0.8493333], abs=1e-7)
    assert row["bootstrap_coverage"] == pytest.approx(0.75, abs=0.005)
    assert row["diverged_rate_high"] == pytest.approx(0.632, abs=1e-3)


def test_holm_rejects_a_claim_that_a_single_test_would_make():
    found = compare_all(table(A=A, B=B, C=C), PLAN)

    assert list(found["p_value"]) == pytest.approx([0.0476, 0.8414], abs=5e-5)
    assert list(found["p_holm"]) == pytest.approx([0.0953, 0.8414], abs=5e-5)
    assert list(found["verdict"]) == ["NOT_SUPPORTED", "NOT_SUPPORTED"]
    assert list(found["fragile"]) == [False, False]
    assert verdicts(table(A=A, B=B)) == {"B": "BETTER"}


def test_a_pooled_plan_uses_dunnett():
    found = compare_all(table(A=A, B=B, C=C), accuracy_plan("A", variance="pooled"))

    assert list(found["test"]) == ["dunnett", "dunnett"]
    assert list(found["p_value"]) == pytest.approx([0.0214, 0.957], abs=5e-4)
    assert list(found["p_holm"]) == list(found["p_value"])
    assert list(found["verdict"]) == ["BETTER", "NOT_SUPPORTED"]
    assert (found["ci_low"] == found["simultaneous_low"]).all()


def test_a_loss_is_better_when_it_is_lower():
    assert verdicts(table(A=A, B=B), accuracy_plan("A", higher_is_better=False)) == {"B": "WORSE"}


def test_a_declared_margin_can_show_equivalence():
    runs = table(A=A, C=C)

    assert verdicts(runs, accuracy_plan("A", margin=0.02)) == {"C": "EQUIVALENT"}
    assert verdicts(runs, accuracy_plan("A", margin=0.005)) == {"C": "NOT_SUPPORTED"}


def test_pairing_aligns_by_seed_and_not_by_row():
    runs = table(A=A, B=B)
    plan = accuracy_plan("A", pairing="seed")
    shuffled = runs.iloc[[4, 2, 0, 5, 1, 3]]

    assert format_table(compare_all(runs, plan)) == format_table(compare_all(shuffled, plan, ["A", "B"]))
    assert compare_all(runs, plan)["p_value"].iloc[0] == pytest.approx(0.0609921, abs=1e-7)


def test_pairing_uses_only_seeds_that_both_arms_finished():
    runs = table(A=[*A, 0.845, 0.85], B=[*B, 0.862, 0.857])
    runs.loc[[0, 8], "status"] = "failed"
    row = compare_all(runs, accuracy_plan("A", pairing="seed")).iloc[0]

    assert (row["n"], row["n_baseline"]) == (3, 3)
    assert row["difference"] == pytest.approx(np.mean([0.855 - 0.838, 0.858 - 0.851, 0.857 - 0.85]))


def test_lost_runs_are_counted_and_never_scored():
    runs = table(A=A, B=[*B, 0.1, 0.2])
    runs.loc[[6, 7], "status"] = ["diverged", "failed"]
    row = summarise(runs, PLAN).iloc[1]

    assert (row["n"], row["n_failed"], row["n_diverged"]) == (3, 1, 1)
    assert row["mean"] == pytest.approx(np.mean(B))
    assert row["diverged_rate_high"] == pytest.approx(0.751, abs=1e-3)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_usable_seeds_are_too_few(n):
    for lost in "AB":
        runs = table(A=A, B=B)
        runs.loc[(runs["variant"] == lost) & (runs["seed"] >= n), "status"] = "diverged"
        found = analyse(runs, PLAN)
        row = found.comparisons.iloc[0]

        assert row["verdict"] == ("TOO_FEW_SEEDS" if n else "NO_RESULT")
        assert pd.isna(row["p_value"]) == (n < 2)
        assert pd.isna(row["difference"]) == (n < 1)
        assert format_table(found.summary).count("\n") == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("variance", ["separate", "pooled"])
def test_a_finished_run_without_a_finite_score_makes_the_comparison_undefined(value, variance):
    runs = table(A=A, B=[*B, value], C=C)
    found = analyse(runs, accuracy_plan("A", variance=variance))

    assert list(found.comparisons["verdict"]) == ["UNDEFINED", "NOT_SUPPORTED"]
    assert found.summary["mean"].isna().tolist() == [False, True, False]
    assert found.summary["values"].iloc[1] == f"0.861;0.855;0.858;{value}"
    assert "not_finite" in {warning.code for warning in found.warnings}


@pytest.mark.parametrize("plan", [PLAN, accuracy_plan("A", variance="pooled"), accuracy_plan("A", pairing="seed")])
def test_no_variance_in_both_arms_is_undefined(plan):
    found = analyse(table(A=[0.8] * 3, B=[0.9] * 3), plan).comparisons.iloc[0]

    assert found["verdict"] == "UNDEFINED"
    assert pd.isna(found["p_value"])
    assert found["difference"] == pytest.approx(0.1)


def test_constant_arm_against_a_varying_one_is_compared():
    assert verdicts(table(A=A, B=[0.9] * 3)) == {"B": "BETTER"}


def test_unequal_numbers_of_runs():
    found = compare_all(table(A=[*A, 0.84, 0.846], B=B), PLAN).iloc[0]

    assert (found["n"], found["n_baseline"], found["pairs"]) == (3, 5, 15)
    assert found["permutation_p_min"] == pytest.approx(1 / 56)


def test_variants_choose_the_family_and_the_order():
    runs = table(A=A, B=B, C=C)

    assert list(compare_all(runs, PLAN, ["C", "A", "B"])["variant"]) == ["C", "B"]
    assert list(summarise(runs, PLAN, ["C", "A"])["variant"]) == ["C", "A"]
    assert verdicts(runs, variants=["A", "B"]) == {"B": "BETTER"}
    assert verdicts(runs, variants=["B"]) == {"B": "BETTER"}


def test_names_that_a_csv_turned_into_numbers_are_names():
    runs = table(A=A, B=B, C=C)
    numbered = runs.assign(variant=runs["variant"].map({"A": 1, "B": 2, "C": 3}))
    found = analyse(numbered, accuracy_plan("1"), ["1", "2"])

    assert list(found.comparisons["verdict"]) == ["BETTER"]
    assert "(1, 2)" in found.warnings[0].sentence


def test_a_study_of_the_baseline_alone_has_no_comparisons():
    found = analyse(table(A=A), PLAN)

    assert found.comparisons.empty
    assert format_table(found.comparisons).startswith("variant,baseline,n,")


@pytest.mark.parametrize(
    ("runs", "plan", "variants", "message"),
    [
        (table(A=A), accuracy_plan("A", metric="test_acuracy"), None, "Did you mean 'test_accuracy'"),
        (table(A=A, B=B), accuracy_plan("base"), None, "no baseline variant 'base'; found A, B"),
        (table(A=A, dropout=B), PLAN, ["A", "drop_out"], "Did you mean 'dropout'"),
        (table(A=A).drop(columns="seed"), PLAN, None, "no column 'seed'"),
        (table(A=A).assign(seed=[0, 1, 1]), PLAN, None, "more than one run with seed 1"),
        (table(A=A).assign(seed=[0, None, 1]), PLAN, None, "no seed"),
        (table(A=A).assign(status="finnished"), PLAN, None, "Did you mean 'finished'"),
        (table(A=["0.8", "high", "0.9"]), PLAN, None, "test_accuracy must be numbers"),
        (table(A=A), accuracy_plan("A", pairing="seed", variance="pooled"), None, "does not pair"),
    ],
)
def test_what_cannot_be_analysed_is_refused_with_the_remedy(runs, plan, variants, message):
    with pytest.raises(DataError, match=message):
        analyse(runs, plan, variants)


def test_tables_survive_the_way_to_csv_and_back():
    runs = table(A=A, B=B, C=C[:1])
    text = format_table(compare_all(runs, PLAN))
    back = pd.read_csv(io.StringIO(text))

    assert back["p_value"].iloc[0] == compare_all(runs, PLAN)["p_value"].iloc[0]
    assert back["rule_pooled"].iloc[0] in (True, "true")
    assert text == format_table(compare_all(runs, PLAN))
    assert "nan" not in text.lower()


def test_cells_are_written_for_programs():
    frame = pd.DataFrame(
        {"a": [0.1, float("nan")], "b": pd.array([3, None], dtype="Int64"), "c": [True, None], "d": ["x,y", ""]}
    )

    assert format_table(frame) == 'a,b,c,d\n0.1,3,true,"x,y"\n,,,\n'


def test_only_what_chance_does_not_explain_raises_a_doubt():
    coarse = pd.DataFrame(
        {
            "variant": ["A"] * 3 + ["B"] * 3,
            "seed": [0, 1, 2] * 2,
            "test_accuracy": [0.9, 0.9, 0.9, 0.91, 0.92, 0.9],
            "loss": [0.31, 0.35, 0.33, 0.29, 0.28, 0.3],
        }
    )
    unused = coarse.assign(
        test_accuracy=[0.9012, 0.9012, 0.9012, 0.9134, 0.9057, 0.9241], loss=[0.3111] * 3 + [0.1, 0.2, 0.4]
    )
    same = coarse.assign(test_accuracy=[0.9012, 0.9134, 0.9057] * 2, loss=[0.3111, 0.2, 0.4] * 2)

    doubts = [
        analyse(runs, PLAN, other_metrics=["loss"]).comparisons["doubt"].iloc[0] for runs in (coarse, unused, same)
    ]
    assert doubts == ["", "constant baseline", "identical"]


def test_a_doubt_is_about_the_variants_whose_runs_agree():
    runs = table(A=[0.80123] * 5, B=[0.90321] * 5, C=[0.90123, 0.91234, 0.92321, 0.90543, 0.91517])

    assert list(analyse(runs, PLAN).comparisons["doubt"]) == [
        "constant variant; constant baseline",
        "constant baseline",
    ]


def test_importing_the_statistics_loads_nothing_heavy():
    heavy = ("torch", "snakemake", "matplotlib", "statsmodels", "pandas", "pydantic")
    code = f"import sys, seedwise.statistics; print([m for m in {heavy} if m in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_is_imported_late_is_there_by_name():
    import seedwise.statistics

    assert all(hasattr(seedwise.statistics, name) for name in seedwise.statistics.__all__)
    assert set(seedwise.statistics.__all__) == set(dir(seedwise.statistics))
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        seedwise.statistics.analyze  # noqa: B018


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("scores", "declared"),
    [
        ({"A": A, "B": B, "C": C}, {"variance": "pooled", "confidence": 0.99999}),
        ({"A": A, "B": B, "C": C}, {"variance": "pooled", "confidence": 0.999999}),
        ({"A": [1, 1.1, 0.9], "B": [2, 2.5, 2.9]}, {"pairing": "seed", "confidence": 0.999999}),
        ({"A": [1, 1.1, 0.9], "B": [2, 2.5, 2.9]}, {"confidence": 0.5000000001, "margin": 0.1}),
        ({"A": [1.0, 1.0, 1.0], "B": [1e-160, 2e-160, 3e-160]}, {}),
        ({"A": [1e39, 2e39, 3e39], "B": [1.5e39, 2e39, 2.5e39]}, {}),
        ({"A": [1, 1.1, 0.9], "B": [2, 2.2, 2.1]}, {"margin": 1e-155}),
        ({"A": [100.0] * 3, "B": [100.0] * 3, "C": [91, 99.5, 95]}, {"variance": "pooled", "margin": 1.0}),
    ],
)
def test_extreme_tables_and_levels_are_analysed_without_a_warning(scores, declared):
    found = analyse(table(**scores), accuracy_plan("A", **declared)).comparisons

    for row in found.to_dict("records"):
        assert row["verdict"] in ("BETTER", "WORSE", "EQUIVALENT", "NOT_SUPPORTED", "UNDEFINED")
        assert pd.isna(row["p_value"]) or 0 < row["p_value"] <= 1
        assert pd.isna(row["seeds_for_equivalence"]) or 3 <= row["seeds_for_equivalence"] <= 10_000
