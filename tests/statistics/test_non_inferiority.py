"""Non-inferiority: not worse than the baseline by more than a margin, at half the two-sided level."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from seedwise.statistics import DataError, compare, plan_seeds
from seedwise.statistics.analysis import COMPARISON_COLUMNS, analyse, compare_all
from seedwise.statistics.examples import decide_examples
from seedwise.statistics.multiple import dunnett, holm
from seedwise.statistics.non_inferiority import dunnett_non_inferiority, non_inferiority
from seedwise.statistics.spending import spending_at
from seedwise.statistics.ttest import TTest, paired, welch
from seedwise.statistics.verdict import Verdict, decide, upholds
from tests.plans import accuracy_plan

MARGIN = 0.01
A = [0.901, 0.899, 0.900, 0.902, 0.898, 0.900]


def asked(**declared):
    return accuracy_plan("a", question="non-inferiority", **{"margin": MARGIN, **declared})


def table(**scores):
    rows = [
        {"variant": name, "seed": seed, "status": "finished" if value is not None else "failed", "test_accuracy": value}
        for name, values in scores.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def shifted(values, by, factor=1.0):
    return [round(by + 0.9 + factor * (value - 0.9), 6) for value in values]


@pytest.mark.parametrize("pairing", ["none", "seed"])
def test_p_values_are_those_of_scipy_and_statsmodels(pairing):
    rng = np.random.default_rng(0)
    for _ in range(4):
        base, *arms = rng.normal(0, (0.01, 0.01, 0.02, 0.005), (6, 4)).T
        runs = table(a=base, **{f"v{k}": arm for k, arm in enumerate(arms)})
        found = compare_all(runs, asked(pairing=pairing))
        if pairing == "seed":
            single = [stats.ttest_rel(arm, base - MARGIN, alternative="greater") for arm in arms]
        else:
            single = [stats.ttest_ind(arm, base - MARGIN, equal_var=False, alternative="greater") for arm in arms]
        corrected = multipletests([test.pvalue for test in single], method="holm")[1]

        assert found["non_inferiority_p"].to_numpy() == pytest.approx(corrected, rel=1e-9)
        shown = found["non_inferiority_low"] > -MARGIN
        assert list(shown) == list(corrected < 0.025)
        assert set(found.loc[shown, "verdict"]) <= {"NON_INFERIOR", "BETTER"}
        assert not set(found.loc[~shown, "verdict"]) & {"NON_INFERIOR"}


def test_one_comparison_is_decided_by_the_lower_end_of_its_interval():
    rng = np.random.default_rng(1)
    verdicts = set()
    for _ in range(40):
        a, b = rng.normal(0, 0.006, (2, 5))
        row = compare(b, a, question="non-inferiority", margin=MARGIN)
        assert row.non_inferiority_low == pytest.approx(row.ci_low)
        assert (row.verdict in (Verdict.NON_INFERIOR, Verdict.BETTER)) == (row.ci_low > -MARGIN)
        verdicts.add(row.verdict)
    assert verdicts >= {Verdict.NON_INFERIOR, Verdict.NOT_SUPPORTED}


def test_a_pooled_variance_takes_the_simultaneous_interval_of_dunnett():
    rng = np.random.default_rng(2)
    arms, base = rng.normal(0, 0.01, (3, 8)), rng.normal(0, 0.01, 8)
    joint = dunnett(list(arms), base)
    found = dunnett_non_inferiority(joint, MARGIN)
    reference = stats.dunnett(
        *(arms + MARGIN), control=base, alternative="greater", random_state=np.random.default_rng(0)
    )

    assert [own.low for own in found] == [low for low, _ in joint.intervals]
    assert [own.p_value for own in found] == pytest.approx(list(reference.pvalue), abs=0.003)
    assert [own.shown for own in found] == [own.p_value < 0.025 for own in found]


def test_verdicts_say_the_most_that_is_shown():
    runs = table(
        a=A,
        better=shifted(A, 0.02),
        as_good=shifted(A, 0.0, 1.1),
        a_little_worse=shifted(A, -0.004),
        worse=shifted(A, -0.02),
        noisy=shifted(A, 0.0, 30),
    )
    found = compare_all(runs, asked()).set_index("variant")

    expected = ["BETTER", "NON_INFERIOR", "NON_INFERIOR", "WORSE", "NOT_SUPPORTED"]
    assert found["verdict"].tolist() == expected
    assert found.loc["a_little_worse", "p_holm"] < 0.05  # worse, and surely by less than the margin
    assert found.loc["a_little_worse", "difference"] < 0
    # The same runs, asked whether they differ: then that it is worse is the answer.
    assert compare_all(runs, accuracy_plan("a", margin=MARGIN)).set_index("variant")["verdict"].tolist() == [
        "BETTER",
        "EQUIVALENT",
        "WORSE",
        "WORSE",
        "NOT_SUPPORTED",
    ]


def test_a_loss_is_worse_when_higher():
    runs = table(a=A, b=shifted(A, 0.004), c=shifted(A, 0.02))
    found = compare_all(runs, asked(higher_is_better=False))
    assert found["verdict"].tolist() == ["NON_INFERIOR", "WORSE"]


def test_too_few_or_constant_runs_are_not_judged_and_a_margin_is_needed():
    for n in range(3):
        assert compare([0.9, 0.91][:n], A, question="non-inferiority", margin=1.0).verdict == Verdict.TOO_FEW_SEEDS
    assert compare([0.9] * 3, [0.9] * 3, question="non-inferiority", margin=1.0).verdict == Verdict.UNDEFINED
    with pytest.raises(DataError, match="non-inferiority needs a margin"):
        compare(A, A, question="non-inferiority")


def test_tables_of_the_other_question_are_what_they_were():
    runs = table(a=A, b=shifted(A, 0.001, 1.2))
    plain = analyse(runs, accuracy_plan("a", margin=MARGIN)).comparisons
    assert tuple(plain.columns) == COMPARISON_COLUMNS
    both = analyse(runs, asked()).comparisons
    assert set(both.columns) - set(plain.columns) == {"non_inferiority_low", "non_inferiority_p"}
    # What nobody asked is not planned for.
    assert plain["seeds_for_equivalence"].notna().all()
    assert both["seeds_for_equivalence"].isna().all()


def test_lost_runs_count_at_the_worst_value():
    runs = table(a=A, b=[*shifted(A, 0.0, 1.1), None], worst=[0.7] * 3 + [0.71] * 4)
    row = compare_all(runs, asked()).iloc[0]
    assert (row["verdict"], row["verdict_if_worst"], row["verdict_if_mean"]) == (
        "NON_INFERIOR",
        "NOT_SUPPORTED",
        "NON_INFERIOR",
    )


def test_a_verdict_that_hangs_on_one_run_is_fragile_and_a_better_one_upholds_it():
    steady = compare(shifted(A, 0.0, 1.1), A, question="non-inferiority", margin=MARGIN, same_seeds=True)
    assert (steady.verdict, steady.fragile) == (Verdict.NON_INFERIOR, False)

    tight = compare(shifted(A, 0.0, 1.1), A, question="non-inferiority", margin=0.0023)
    assert tight.verdict == Verdict.NON_INFERIOR
    assert "without seed" in tight.fragile_because

    assert [other for other in Verdict if upholds("NON_INFERIOR", other)] == ["BETTER", "NON_INFERIOR"]
    assert [other for other in Verdict if upholds("BETTER", other)] == ["BETTER"]


def test_a_run_that_is_left_out_is_judged_as_if_it_had_not_been_there():
    rng = np.random.default_rng(5)
    for _ in range(12):
        a, b = rng.normal(0, 1, (2, 6))
        row = compare(b, a, question="non-inferiority", margin=2.2)
        again = [
            *(compare(np.delete(b, k), a, question="non-inferiority", margin=2.2).verdict for k in range(6)),
            *(compare(b, np.delete(a, k), question="non-inferiority", margin=2.2).verdict for k in range(6)),
        ]
        assert ("without" in row.fragile_because) == any(not upholds(row.verdict, other) for other in again)


def _false_claims(studies, k, n, ratio, margin, effect, rng):
    """In how many studies a variant that is worse by the margin is shown to be non-inferior, by verdicts."""
    wrong = 0
    for _ in range(studies):
        base = rng.normal(0, 1, n)
        tests = [welch(rng.normal(shift, ratio, n), base) for shift in effect]
        found = non_inferiority(tests, margin, 0.05)
        wrong += any(own.shown for own, shift in zip(found, effect, strict=True) if shift <= -margin)
    return wrong / studies


@pytest.mark.parametrize(
    ("n", "ratio", "effect"),
    [(3, 1, [-2.0]), (5, 1, [-2.0]), (5, 3, [-2.0]), (10, 1, [-2.0] * 3), (5, 1, [-2.0, 6.0, 6.0])],
)
def test_at_the_margin_false_claims_are_at_most_half_the_level(n, ratio, effect):
    rate = _false_claims(2000, len(effect), n, ratio, 2.0, effect, np.random.default_rng(n + len(effect)))
    assert rate <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 2000)


def test_with_looks_false_claims_stay_below_half_the_level():
    looks, rng, studies = (3, 5, 10), np.random.default_rng(7), 3000
    levels = [spending_at(looks, n, 0.05).nominal_alpha for n in looks]
    runs = rng.normal(0, 1, (studies, 2, 10)) - np.array([2.0, 0.0])[:, None]
    claimed = sum(
        any(non_inferiority([welch(b[:n], a[:n])], 2.0, level)[0].shown for n, level in zip(looks, levels, strict=True))
        for b, a in runs
    )
    assert claimed / studies <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / studies)


@pytest.mark.parametrize(("pairing", "n"), [("none", 4), ("none", 9), ("seed", 7)])
def test_planned_seeds_show_it_in_four_of_five_studies_of_equal_variants(pairing, n):
    by_seed, test = pairing == "seed", paired if pairing == "seed" else welch
    scores = np.linspace(-1, 1, n)
    scores = scores / scores.std(ddof=1)
    pair = (scores, np.zeros(n)) if by_seed else (scores, scores)
    margin = plan_seeds([pair], 0.05, paired=by_seed)[0].detectable_difference
    plan = plan_seeds([pair], 0.05, paired=by_seed, margin=margin, equivalence=False)[0]
    assert (plan.seeds_needed, plan.seeds_for_equivalence) == (n, None)

    rng = np.random.default_rng(n)
    runs = rng.normal(0, 1 / math.sqrt(2) if by_seed else 1, (4000, 2, n))
    power = np.mean([non_inferiority([test(b, a)], margin, 0.05)[0].shown for b, a in runs])
    assert power == pytest.approx(0.8, abs=0.025)


def test_levels_of_a_family_step_down_as_holm():
    tests = [TTest(d, 1.0, 20.0) for d in (4.0, 1.0, 0.4, -3.0)]
    found = non_inferiority([*tests, None], 2.0, 0.05)
    single = [test.greater_p(-2.0) for test in tests]
    assert [own.p_value for own in found[:4]] == holm([*single, None])[:4]
    assert found[4] is None
    # Each is judged at the level that Holm leaves it, the others being as they are.
    assert [own.shown for own in found[:4]] == [own.p_value < 0.025 for own in found[:4]]
    assert found[0].low == pytest.approx(tests[0].interval(1 - found[0].level)[0])


def test_examples_are_judged_by_the_one_sided_test_of_paired_examples():
    rng = np.random.default_rng(4)
    differences = rng.normal([0.0, -0.03, -0.01], 0.05, (200, 3)).T
    tests = [TTest(d.mean(), d.std(ddof=1) / math.sqrt(200), 199.0) for d in differences]
    found = decide_examples(tests, [True] * 3, 0.95, 0.02, one_sided=True)
    single = [stats.ttest_1samp(d, -0.02, alternative="greater").pvalue for d in differences]

    corrected = multipletests(single, method="holm")[1]
    assert [own.non_inferiority.p_value for own in found] == pytest.approx(corrected)
    assert [own.verdict for own in found] == ["NON_INFERIOR", "WORSE", "WORSE"]
    assert [own.non_inferiority.shown for own in found] == list(corrected < 0.025)
    assert decide_examples(tests, [True] * 3, 0.95, 0.02)[0].non_inferiority is None


def test_decide_prefers_the_answer_to_the_question():
    worse = {"n": 5, "n_baseline": 5, "difference": -1.0, "alpha": 0.05}
    assert decide(**worse, p_adjusted=0.01, non_inferior=True) == Verdict.NON_INFERIOR
    assert decide(**worse, p_adjusted=0.01, non_inferior=False) == Verdict.WORSE
    assert decide(**worse, p_adjusted=0.2, non_inferior=False, equivalence=(-1.5, 0.5), margin=2.0) == "NOT_SUPPORTED"
    assert decide(**{**worse, "n": 2}, p_adjusted=0.01, non_inferior=True) == Verdict.TOO_FEW_SEEDS
