import warnings

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from seedwise.statistics import DataError, dunnett, holm, simultaneous_intervals
from seedwise.statistics.ttest import welch

A = np.array([0.842, 0.838, 0.851])
B = np.array([0.861, 0.855, 0.858])
C = np.array([0.845, 0.840, 0.849])
# Blood counts of Dunnett (1955), table 1: control, drug A, drug B.
CONTROL = np.array([7.40, 8.50, 7.20, 8.24, 9.84, 8.32])
DRUG_A = np.array([9.76, 8.80, 7.68, 9.36])
DRUG_B = np.array([12.80, 9.68, 12.16, 9.20, 10.55])


def test_holm_of_four():
    assert holm([0.01, 0.02, 0.03, 0.04]) == pytest.approx([0.04, 0.06, 0.06, 0.06])


def test_holm_is_statsmodels_to_the_last_digit():
    generator = np.random.default_rng(0)
    for size in (1, 2, 3, 7, 50, 400):
        p_values = generator.uniform(0, 3 / size, size).clip(0, 1).tolist()
        p_values[size // 2] = p_values[0]  # a tie

        assert holm(p_values) == multipletests(p_values, method="holm")[1].tolist()


def test_holm_of_two_welch_tests_loses_the_claim():
    adjusted = holm([welch(B, A).p_value, welch(C, A).p_value])

    assert adjusted == pytest.approx([0.0953, 0.8414], abs=5e-5)


def test_a_comparison_without_p_keeps_its_place_in_the_family():
    assert holm([0.02, None]) == [pytest.approx(0.04), None]
    assert holm([None]) == [None]
    assert holm([]) == []


def test_simultaneous_intervals_are_bonferronis():
    tests = [welch(B, A), None, welch(C, A)]
    intervals = simultaneous_intervals(tests, 0.95)

    assert intervals[0] == pytest.approx(stats.ttest_ind(B, A, equal_var=False).confidence_interval(1 - 0.05 / 3))
    assert intervals[1] is None


def test_an_interval_that_excludes_zero_implies_significance_after_holm():
    generator = np.random.default_rng(0)
    for _ in range(50):
        tests = [welch(generator.normal(shift, 1, 6), generator.normal(0, 1, 6)) for shift in (0, 2, 4)]
        adjusted = holm([test.p_value for test in tests])
        for (low, high), p in zip(simultaneous_intervals(tests), adjusted, strict=True):
            assert p < 0.05 or low <= 0 <= high


def test_dunnett_of_the_worked_example():
    assert dunnett([B, C], A).p_values == pytest.approx([0.0214, 0.957], abs=5e-4)


def test_dunnett_of_dunnetts_own_data():
    found = dunnett([DRUG_A, DRUG_B], CONTROL)

    # scipy's documentation works the same example: 0.62004941 and 0.0058 (quasi-random, to three decimals).
    assert found.p_values == pytest.approx([0.620, 0.0058], abs=1e-3)
    assert found.intervals[1][0] > 0


@pytest.mark.parametrize("sizes", [(3, 3), (3, 4, 9), (5, 5, 5, 5, 20)])
def test_dunnett_is_scipys(sizes):
    generator = np.random.default_rng(len(sizes))
    control = generator.normal(0, 1, sizes[0])
    arms = [generator.normal(0.8 * index, 1, n) for index, n in enumerate(sizes[1:], start=1)]
    expected = stats.dunnett(*arms, control=control, rng=np.random.default_rng(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy's search for its interval often stops early and says so
        interval = expected.confidence_interval(0.95)

    found = dunnett(arms, control)

    assert found.p_values == pytest.approx(expected.pvalue, abs=1e-3)
    assert [low for low, _ in found.intervals] == pytest.approx(interval.low, abs=0.02)
    assert [high for _, high in found.intervals] == pytest.approx(interval.high, abs=0.02)


def test_dunnett_with_one_arm_is_the_pooled_t_test():
    found = dunnett([B], A)
    expected = stats.ttest_ind(B, A)

    assert found.p_values[0] == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.intervals[0] == pytest.approx(expected.confidence_interval(0.95), rel=1e-9)


def test_interval_and_p_agree_at_the_limit():
    low = dunnett([B, C], A, confidence=1 - dunnett([B, C], A).p_values[0]).intervals[0][0]

    assert low == pytest.approx(0, abs=1e-6)


def test_far_tails_stay_between_the_single_and_the_bonferroni_p():
    found = dunnett([A + 1e6, A], A)

    assert found.tests[0].p_value <= found.p_values[0] <= 2 * found.tests[0].p_value
    assert found.p_values[1] == pytest.approx(1.0)


def test_dunnett_needs_variance_and_runs():
    assert dunnett([np.full(3, 0.2)], np.full(3, 0.1)) is None
    with pytest.raises(DataError):
        dunnett([A[:1]], B[:1])
    with pytest.raises(DataError):
        dunnett([], B)
