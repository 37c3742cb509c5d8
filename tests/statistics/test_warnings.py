import numpy as np
import pandas as pd
import pytest

from seedwise.runs.table import FIXED
from seedwise.statistics import analyse, find_warnings
from seedwise.statistics.warnings import _OF_A_RUN, _PROVENANCE, FALSE_ALARMS
from tests.plans import accuracy_plan

PLAN = accuracy_plan("A")
FIVE = [0.90, 0.91, 0.925, 0.93, 0.945]
OTHER = [0.92, 0.931, 0.94, 0.95, 0.957]


def table(scores, **columns):
    rows = [
        {"variant": variant, "seed": seed, "test_accuracy": value}
        for variant, values in scores.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(**columns)


def codes(runs, plan=PLAN, **options):
    return [warning.code for warning in find_warnings(runs, plan, **options)]


def one(code, runs, plan=PLAN, **options):
    """Return the only warning with this code."""
    (found,) = [warning for warning in find_warnings(runs, plan, **options) if warning.code == code]
    return found


def noise(*shape, seed=0, std=0.015):
    return np.random.default_rng(seed).normal(0.9, std, shape)


def test_sound_runs_give_no_warning():
    runs = table({"A": FIVE, "B": OTHER}, code_digest="a", threads=2)

    assert find_warnings(runs, PLAN, n_test=10_000) == []


def test_three_seeds_are_few_seeds_whose_bootstrap_is_the_range():
    found = find_warnings(table({"A": FIVE[:3], "B": FIVE}), PLAN)

    assert [warning.code for warning in found] == ["three_seeds", "few_seeds", "missing_seeds"]
    assert "95% percentile bootstrap is just the observed range" in found[0].sentence
    assert "(A)" in found[1].sentence


def test_lost_runs_are_counted_with_the_rate_that_remains_compatible():
    runs = table({"A": FIVE, "B": [*OTHER, 0.0, 0.0]}, status="finished")
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
    [
        ([0.905, 0.91, 0.915, 0.92, 0.10], True),
        ([0.905, 0.91, 0.915, 0.92, 0.925], False),
        ([0.901, 0.902, 0.903, 0.7], True),
        # Three normal scores lie like this 1 time in 50; that their spread is not the baseline's is the clearer sign.
        ([0.91, 0.92, 0.10], False),
        (np.repeat([0.1, 0.9], 5) + 0.001 * np.arange(10), True),
    ],
)
def test_seeds_that_fall_apart_are_noticed(scores, apart):
    found = codes(table({"A": FIVE, "B": scores}))
    assert ("gap_between_seeds" in found) is apart
    assert apart or "unequal_spread" in found or scores[-1] > 0.9


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_only_a_run_that_is_worse_than_the_others_is_asked_whether_it_diverged(higher_is_better):
    plan = accuracy_plan("A", higher_is_better=higher_is_better)
    low, high = [0.905, 0.91, 0.915, 0.92, 0.10], [0.105, 0.11, 0.115, 0.12, 0.90]
    for scores, worse in ((low, higher_is_better), (high, not higher_is_better)):
        runs = table({"A": FIVE, "B": scores})
        for code in ("gap_between_seeds", "unequal_spread"):
            sentence = one(code, runs, plan).sentence.lower()
            assert ("diverge?" in sentence) is worse
            assert ("differ in more than the seed?" in sentence) is not worse


def test_runs_that_agree_are_not_said_to_ignore_the_seed_for_certain():
    all_of_them = table({"A": [0.80123] * 5, "B": FIVE})
    some = table(
        {"A": [0.80123, 0.80123, 0.80123, 0.80123, 0.80345], "B": [0.90123, 0.91234, 0.92321, 0.93123, 0.94217]}
    )
    for code, runs in (("constant_arm", all_of_them), ("identical_runs", some)):
        assert one(code, runs).sentence.endswith(
            "is the seed used? Few digits or few test examples can do this too. (A)"
        )


def test_rounding_makes_no_gap():
    # Unrounded, the first two may lie as far apart as the last two.
    assert codes(table({"A": FIVE, "B": [0.901, 0.901, 0.901, 0.902, 0.902]})) == ["unequal_spread"]
    assert codes(table({"A": [0.901, 0.901, 0.902, 0.903, 0.903], "B": [0.901, 0.901, 0.901, 0.902, 0.902]})) == []


def test_unequal_spread_names_the_factor_and_what_the_test_assumes():
    centre = np.mean(FIVE)
    runs = table({"A": FIVE, "B": centre + 8 * (np.array(FIVE) - centre)})
    found = one("unequal_spread", runs)

    assert "(B ×8)" in found.sentence
    assert "Welch's test, which decides, allows for that" in found.sentence
    assert found.variants == ("B",)
    assert "Dunnett" in one("unequal_spread", runs, accuracy_plan("A", variance="pooled")).sentence


@pytest.mark.parametrize(
    ("n", "factor", "unequal"), [(5, 4.0, False), (5, 6.0, True), (20, 1.9, False), (20, 2.3, True)]
)
def test_more_seeds_show_smaller_differences_of_spread(n, factor, unequal):
    scores = noise(n)
    runs = table({"A": scores, "B": factor * scores})

    assert ("unequal_spread" in codes(runs)) is unequal


def test_negative_correlation_matters_only_to_a_paired_plan():
    runs = table({"A": FIVE, "B": 1.9 - np.array(FIVE)})

    assert codes(runs) == []
    assert codes(runs, accuracy_plan("A", pairing="seed")) == ["negative_correlation"]


def test_a_few_pairs_that_go_opposite_ways_are_chance():
    plan = accuracy_plan("A", pairing="seed")

    assert "negative_correlation" not in codes(table({"A": FIVE[:3], "B": [0.93, 0.94, 0.92]}), plan)
    assert "negative_correlation" not in codes(table({"A": FIVE, "B": [0.94, 0.91, 0.93, 0.90, 0.92]}), plan)


def test_seeds_without_a_partner_are_announced():
    runs = table({"A": FIVE, "B": [*OTHER, 0.95]})

    assert codes(runs, accuracy_plan("A", pairing="seed")) == ["unpaired_seeds"]


def test_a_paired_comparison_has_as_many_runs_as_pairs():
    runs = table({"A": FIVE[:4], "B": noise(5)})
    runs["seed"] = [0, 1, 2, 3, 1, 2, 3, 4, 5]
    found = {warning.code: warning for warning in find_warnings(runs, accuracy_plan("A", pairing="seed"))}

    assert list(found) == ["three_seeds", "few_seeds", "unpaired_seeds"]
    assert "paired comparison with A rests on 3 differences (B)" in found["three_seeds"].sentence
    assert "Fewer than 5 pairs" in found["few_seeds"].sentence
    assert found["three_seeds"].variants == found["few_seeds"].variants == ("B",)
    assert codes(runs) == ["few_seeds", "missing_seeds"]


def test_three_pairs_of_three_runs_each_are_said_once():
    runs = table({"A": FIVE[:3], "B": noise(3)})

    assert codes(runs, accuracy_plan("A", pairing="seed")) == ["three_seeds", "few_seeds"]


def test_identical_runs_ask_whether_the_seed_is_used():
    scores = noise(5)
    runs = table({"A": [*scores[:4], scores[0]], "B": FIVE})

    assert codes(runs) == ["identical_runs"]
    assert one("identical_runs", runs).variants == ("A",)
    assert codes(runs.assign(loss=np.arange(10.0)), other_metrics=["loss"]) == []
    assert codes(runs.assign(lr=0.1), other_metrics=["lr"]) == ["identical_runs"]


def test_a_seed_that_reaches_only_other_metrics_is_noticed():
    few = np.tile(noise(3).round(4), 4)[:10]
    runs = table({"A": few, "B": noise(10, seed=1).round(4)}).assign(loss=noise(20, seed=2))
    found = one("repeated_scores", runs, other_metrics=["loss"])
    assert found.variants == ("A",)
    assert "does the seed reach all that decides test_accuracy? (A)" in found.sentence
    assert analyse(runs, PLAN, other_metrics=["loss"]).comparisons["doubt"].tolist() == ["repeated baseline"]
    # Steps of 1/100 explain as many ties.
    coarse = table({"A": few.round(2), "B": noise(10, seed=1).round(2)}).assign(loss=noise(20, seed=2))
    assert "repeated_scores" not in codes(coarse, other_metrics=["loss"])


@pytest.mark.parametrize("decimals", [3, 4])
def test_an_accuracy_in_coarse_steps_ties_by_chance(decimals):
    scores = noise(3, 10, seed=5, std=0.002).round(decimals)
    tied = sum(len(set(row)) < 10 for row in scores)

    assert tied
    assert codes(table(dict(zip("ABC", scores, strict=True)))) == []
    # A loss that ties as well does not do so by chance.
    losses = noise(3, 10, seed=1)
    same = np.array([[row.tolist().index(value) for value in row] for row in scores])
    losses = np.take_along_axis(losses, same, axis=1)
    runs = table(dict(zip("ABC", scores, strict=True))).assign(loss=losses.ravel())
    assert codes(runs, other_metrics=["loss"]) == ["identical_runs"]


def test_a_seed_that_takes_few_values_is_noticed_in_accuracies_too():
    scores = noise(5, std=0.004).round(4)
    assert codes(table({"A": np.tile(scores, 2), "B": noise(10, seed=1, std=0.004).round(4)})) == ["identical_runs"]


def test_perfect_scores_repeat_for_another_reason():
    assert codes(table({"A": [1.0, 1.0, 1.0, 0.99812, 0.99731], "B": noise(5, std=0.002)})) == []


@pytest.mark.parametrize("given", [[0.9031, 0.9031, 0.9031], [0.91712345678901] * 3])
@pytest.mark.parametrize("others", [{}, {"B": noise(3)}])
def test_an_arm_that_does_not_vary_is_named_and_not_given_the_odds_of_normal_noise(given, others):
    runs = table({"A": given, **others})
    found = {warning.code: warning for warning in find_warnings(runs, PLAN)}

    assert "is the seed used?" in found["constant_arm"].sentence
    assert found["constant_arm"].variants == ("A",)
    assert "identical_runs" not in found
    assert "(A" not in found["three_seeds"].sentence if others else "three_seeds" not in found


def test_an_arm_that_coarse_steps_may_make_constant_is_not_called_seedless():
    runs = table({"A": [0.903] * 3, "B": [0.901, 0.903, 0.906]})
    assert "constant_arm" not in codes(runs)
    assert "steps (0.001)" in one("no_spread", runs).sentence
    # The loss shows that the seeds are used.
    runs = table({"A": [0.9031] * 5, "B": noise(5)}).assign(loss=noise(10, seed=1))
    assert codes(runs, other_metrics=["loss"]) == ["no_spread"]
    runs["loss"] = [0.3123456789012] * 5 + noise(5, seed=1).tolist()
    assert codes(runs, other_metrics=["loss"]) == ["constant_arm"]


def test_all_arms_constant():
    found = one("constant_arm", table({"A": [0.903] * 3, "B": [0.907] * 3}))
    assert found.variants == ("A", "B")


@pytest.mark.parametrize("plan", [PLAN, accuracy_plan("A", margin=0.01), accuracy_plan("A", pairing="seed")])
def test_variants_that_agree_seed_by_seed(plan):
    runs = table({"A": FIVE, "B": FIVE, "C": noise(5)})
    found = one("identical_variants", runs, plan)

    assert "did the setting in which they differ take effect? (A = B)" in found.sentence
    assert found.variants == ("A", "B")


def test_groups_of_equal_variants_and_seeds_that_only_one_has():
    first, second = noise(2, 5)
    runs = table({"A": first, "B": second, "C": first, "D": second, "E": [*first, 0.91], "F": first[::-1]})
    assert "(A = C = E; B = D)" in one("identical_variants", runs).sentence


def test_variants_that_share_too_little_are_not_called_equal():
    first = noise(5)
    one_seed = table({"A": first, "B": first}).assign(seed=[0, 1, 2, 3, 4, 0, 5, 6, 7, 8])
    assert "identical_variants" not in codes(one_seed)
    coarse = table({"A": [0.901, 0.902, 0.903], "B": [0.901, 0.902, 0.903]})
    assert "identical_variants" not in codes(coarse)
    losses = coarse.assign(loss=np.tile(noise(3), 2))
    assert "identical_variants" in codes(losses, other_metrics=["loss"])
    assert "identical_variants" not in codes(losses.assign(loss=noise(6)), other_metrics=["loss"])
    constant = table({"A": [0.9031] * 5, "B": [0.9031] * 5})
    assert codes(constant) == ["constant_arm"]


@pytest.mark.parametrize(
    ("runs", "baseline", "unequal"), [(3, 7, True), (3, 6, False), (4, 9, True), (10, 4, True), (5, 30, False)]
)
def test_unequal_numbers_of_runs(runs, baseline, unequal):
    scores = {"A": noise(baseline), "B": noise(runs, seed=1)}

    assert ("unequal_numbers" in codes(table(scores))) is unequal
    assert "unequal_numbers" not in codes(table(scores), accuracy_plan("A", variance="pooled"))
    assert "unequal_numbers" not in codes(table(scores), accuracy_plan("A", pairing="seed"))


def test_a_column_that_varies_within_a_variant_asks_for_replicates():
    runs = table({"A": noise(6), "B": noise(6, seed=1)}).assign(
        optimizer=["sgd", "sgd", "sgd", "adam", "adam", "adam"] * 2,
        dataset=["mnist"] * 6 + ["cifar"] * 6,
        lr=[0.1, 0.01] * 3 + [0.1] * 6,
    )
    found = [warning for warning in find_warnings(runs, PLAN) if warning.code == "varying_column"]

    assert [warning.variants for warning in found] == [("A", "B"), ("A",)]
    assert found[0].sentence == "optimizer varies within a variant: are its runs replicates of one setting? (A, B)"
    assert codes(runs, known_columns=["optimizer"], other_metrics=["lr"]) == []
    assert codes(runs, known_columns=None) == []


def test_columns_that_differ_for_good_reason_are_passed_over():
    runs = table({"A": noise(6), "B": noise(6, seed=1)})
    runs = runs.assign(
        remark=[*["good"] * 11, ""],
        path=[f"runs/{index}" for index in range(12)],
        fold=runs["seed"] % 6,
        test_loss=noise(12),
        settings_digest=["a", "b"] * 6,
        **{column: ["x", "y"] * 6 for column in _OF_A_RUN - {"variant", "seed", "status"}},
    )
    assert codes(runs) == []


def test_every_column_of_a_study_s_runs_is_known():
    assert set(FIXED) <= _OF_A_RUN | set(_PROVENANCE)


def tuned(**declared):
    return accuracy_plan("A", tuned_on={"split": "validation", **declared})


def test_what_the_declared_tuning_makes_optimistic():
    runs = table({"A": noise(5), "B": noise(5, seed=1)})

    assert codes(runs, tuned(seeds=[100, 101], trials=20)) == []
    assert codes(runs, accuracy_plan("A", tuned_on={"split": "test"})) == ["tuned_on_test"]
    assert "seeds 3, 4 of this study" in one("tuning_seeds", runs, tuned(seeds=[3, 4, 100])).sentence
    assert codes(runs, tuned(trials={"A": 5, "B": 5})) == []
    unequal = one("unequal_tuning", runs, tuned(trials={"A": 5, "B": 40}))
    assert "(A 5, B 40)" in unequal.sentence
    assert unequal.variants == ("A", "B")


@pytest.mark.parametrize(("n_test", "expected"), [(499, ["small_test_set"]), (500, []), (None, [])])
def test_small_test_set(n_test, expected):
    assert codes(table({"A": FIVE, "B": OTHER}), n_test=n_test) == expected


@pytest.mark.parametrize("column", ["code_digest", "data_digest", "precision", "threads", "device", "hardware"])
def test_runs_that_are_compared_must_come_from_the_same_place(column):
    runs = table({"A": FIVE, "B": OTHER, "C": noise(5)}, **{column: "same"})
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
    runs = table(
        {"A": FIVE[:3], "B": [0.1, 0.9, 0.91], "C": [0.9001, 0.9001, 0.9001]}, threads=[1, 1, 1, 2, 2, 2, 1, 1, 1]
    )
    shuffled = runs.sample(frac=1, random_state=1).sort_values("variant", kind="stable")

    assert find_warnings(runs, PLAN) == find_warnings(shuffled, PLAN)


def test_chance_alone_warns_in_at_most_one_report_of_twenty():
    assert sum(FALSE_ALARMS.values()) == pytest.approx(0.05)


@pytest.mark.parametrize(("decimals", "arms", "n"), [(3, 5, 3), (3, 3, 10), (4, 5, 10), (16, 5, 5)])
def test_a_sound_study_rarely_gets_a_warning(decimals, arms, n):
    rng = np.random.default_rng(decimals + n)
    alarms = 0
    for _ in range(100):
        scores = rng.normal(0.9, 0.002, (arms, n)).round(decimals)
        alarms += bool(set(codes(table({f"v{arm}": row for arm, row in enumerate(scores)}))) & set(FALSE_ALARMS))
    # benchmarks/false_alarms.py measures the rates; at 5 %, 12 of 100 would be seen in fewer than 1 of 200 such tests.
    assert alarms < 12
