import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from seedwise.statistics import DataError, compare
from seedwise.statistics.ttest import welch

A = [0.842, 0.838, 0.851]
B = [0.861, 0.855, 0.858]
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# Accuracies on a test set of 10 000: a lattice, so that shifts and ties are exact enough to compare.
arms = st.lists(st.integers(5000, 10_000).map(lambda count: count / 10_000), min_size=3, max_size=7)


def test_three_against_three_gives_every_figure_of_the_worked_example():
    found = compare(B, A, same_seeds=True)

    assert found.difference == pytest.approx(0.0143333, abs=1e-7)
    assert found.p_value == pytest.approx(0.0476372, abs=1e-7)
    assert (found.ci_low, found.ci_high) == pytest.approx((0.000293, 0.028373), abs=1e-6)
    assert (found.permutation_p, found.permutation_p_min) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (found.bootstrap_low, found.bootstrap_high) == pytest.approx((0.007, 0.0206667), abs=1e-7)
    assert (found.rule_separate, found.rule_pooled) == (False, True)
    assert found.hedges_g == pytest.approx(2.21464, abs=1e-5)
    assert (found.wins, found.pairs, found.probability_of_improvement) == (9, 9, 1)
    assert found.defined
    assert found.fragile


def test_pairing_uses_the_paired_test_and_sign_flips():
    found = compare(B, A, pairing="seed")

    assert found.test == "paired"
    assert found.p_value == pytest.approx(0.0609921, abs=1e-7)
    assert found.permutation_test == "sign-flip"
    assert (found.permutation_p, found.permutation_p_min) == (0.25, 0.25)


def test_sleep_data_agree_with_r():
    paired = compare(SLEEP_1, SLEEP_2, pairing="seed")
    separate = compare(SLEEP_1, SLEEP_2)

    assert paired.p_value == pytest.approx(0.00283289, abs=1e-8)
    assert paired.permutation_p == 4 / 1024
    assert separate.p_value == pytest.approx(0.0793941, abs=1e-7)
    assert (separate.ci_low, separate.ci_high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-6)


@pytest.mark.parametrize(("n", "m"), [(2, 3), (3, 3), (5, 12), (20, 4)])
def test_welch_is_scipys(n, m):
    generator = np.random.default_rng(n)
    a, b = generator.normal(0.9, 0.01, n), generator.normal(0.88, 0.03, m)
    expected = stats.ttest_ind(a, b, equal_var=False)
    interval = expected.confidence_interval(0.9)

    found = compare(a, b, confidence=0.9)

    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high), rel=1e-8)


@pytest.mark.parametrize("margin", [0.005, 0.02, 0.1])
def test_equivalence_interval_inside_the_margin_is_statsmodels_tost(margin):
    generator = np.random.default_rng(7)
    for _ in range(25):
        a, b = generator.normal(0.9, 0.01, 6), generator.normal(0.905, 0.02, 5)
        found = compare(a, b, margin=margin)
        inside = -margin < found.equivalence_low and found.equivalence_high < margin

        assert inside == (ttost_ind(a, b, -margin, margin, usevar="unequal")[0] < 0.05)


def test_one_constant_arm_takes_its_degrees_of_freedom_from_the_other():
    found = compare([0.9, 0.9, 0.9, 0.9], A)
    single = stats.ttest_1samp(A, 0.9)

    assert found.p_value == pytest.approx(single.pvalue, rel=1e-9)


@pytest.mark.parametrize("constant", [[0.9, 0.9, 0.9], [0.1 + 0.2, 0.3, 0.3]])
def test_no_variance_in_both_arms_is_undefined_and_says_what_it_can(constant):
    found = compare(constant, [0.7, 0.7, 0.7])

    assert not found.defined
    assert found.p_value is None
    assert found.ci_low is None
    assert found.hedges_g is None
    assert found.seeds_needed is None
    assert found.difference == pytest.approx(np.mean(constant) - 0.7)
    assert found.probability_of_improvement == (1.0 if constant[0] > 0.7 else 0.0)


def test_equal_paired_differences_are_undefined_despite_float_noise():
    base = np.array([0.1, 0.2, 0.7])

    assert not compare(base + 0.1, base, pairing="seed").defined


def test_p_is_never_zero():
    tiny_noise = 1e-9 * np.arange(30)

    assert 0 < compare(1e6 + 1e-4 * np.arange(200), tiny_noise).p_value < 1e-300


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0), (1, 3), (1, 1), (3, 1)])
def test_arms_that_are_too_small_leave_cells_empty(n, m):
    found = compare(A[:n], B[:m])

    assert found.p_value is None
    assert not found.defined
    assert (found.n, found.n_baseline) == (n, m)
    assert (found.difference is None) == (min(n, m) == 0)
    assert not any(isinstance(value, float) and math.isnan(value) for value in vars(found).values())


@pytest.mark.parametrize(
    "bad", [[0.1, float("nan")], [0.1, float("inf")], ["0.1", "high"], [[0.1], [0.2]], [None, 1.0]]
)
def test_scores_that_are_not_numbers_are_refused(bad):
    with pytest.raises(DataError):
        compare(bad, A)
    with pytest.raises(DataError):
        compare(A, bad)


def test_pairs_must_match_in_number():
    with pytest.raises(DataError, match="same seeds"):
        compare(A, B[:2], pairing="seed")


@pytest.mark.parametrize("confidence", [0.0, 0.5, 1.0, 95])
def test_a_confidence_out_of_range_is_refused(confidence):
    with pytest.raises(DataError, match="confidence"):
        compare(A, B, confidence=confidence)


def test_margin_decides_how_many_seeds_are_needed():
    observed, declared = compare(B, A), compare(B, A, margin=0.005)

    assert declared.seeds_needed > observed.seeds_needed
    assert declared.detectable_difference == observed.detectable_difference


@settings(deadline=None, max_examples=40)
@given(arms, arms)
def test_direction_flips_every_sign_and_no_p_value(a, b):
    high, low = compare(a, b), compare(a, b, higher_is_better=False)

    assert low.difference == -high.difference if high.difference else low.difference == 0
    assert low.p_value == high.p_value
    if high.defined:
        assert (low.ci_low, low.ci_high) == pytest.approx((-high.ci_high, -high.ci_low), abs=1e-12)
        assert low.wins == pytest.approx(high.pairs - high.wins)
        assert low.hedges_g == pytest.approx(-high.hedges_g, abs=1e-12)
    assert low.permutation_p == high.permutation_p
    assert low.fragile == high.fragile


@settings(deadline=None, max_examples=40)
@given(arms, arms, st.randoms(use_true_random=False), st.sampled_from([0.125, 2.0, 64.0]), st.sampled_from([-1, 0, 3]))
def test_order_shift_and_scale_do_not_change_the_evidence(a, b, random, scale, shift):
    assume(np.ptp(a) > 0 and np.ptp(b) > 0)
    before = compare(a, b)
    moved, other = random.sample(a, len(a)), random.sample(b, len(b))
    after = compare(np.array(moved) * scale + shift, np.array(other) * scale + shift)

    assert after.p_value == pytest.approx(before.p_value, rel=1e-6)
    assert after.difference == pytest.approx(scale * before.difference, abs=1e-10)
    assert after.permutation_p == before.permutation_p
    assert after.wins == before.wins
    assert after.hedges_g == pytest.approx(before.hedges_g, rel=1e-6, abs=1e-8)
    assert after.detectable_difference == pytest.approx(scale * before.detectable_difference, rel=1e-6)


def test_equal_variants_are_called_different_less_often_than_alpha():
    generator = np.random.default_rng(0)
    rejected = [welch(*generator.normal(0.9, 0.003, (2, 5))).p_value < 0.05 for _ in range(2000)]

    # Welch at n = 5 is slightly conservative; 0.035 and 0.055 are two standard errors about 4.5 %.
    assert 0.035 < np.mean(rejected) < 0.055
