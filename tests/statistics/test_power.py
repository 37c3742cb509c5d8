import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from seedwise.statistics.intervals import DataError
from seedwise.statistics.power import (
    MAX_SEEDS,
    detectable_effect,
    detectable_effect_paired,
    power_table,
    required_n,
    required_n_paired,
    seeds_needed,
)


@pytest.mark.parametrize(("n", "d"), [(3, 3.07), (5, 2.02), (10, 1.32), (20, 0.91)])
def test_what_equal_arms_can_detect(n, d):
    assert detectable_effect(n) == pytest.approx(d, abs=0.006)


@pytest.mark.parametrize(("d", "n"), [(0.5, 63.77), (1.0, 16.71), (2.0, 5.09)])
def test_required_n_of_cohens_effects(d, n):
    # Cohen 1988, table 2.4.1 rounds these up: 64 and 17 for d = 0.5 and 1 (its table ends at d = 1.4).
    assert required_n(d) == pytest.approx(n, abs=0.006)
    assert required_n(-d) == required_n(d)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize(("n", "n2"), [(2, 2), (3, 3), (3, 10), (20, 5), (100, 100)])
def test_detectable_effect_agrees_with_statsmodels(n, n2, alpha):
    reached = TTestIndPower().power(detectable_effect(n, n2, alpha), n, alpha, ratio=n2 / n)
    assert reached == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("n", [3, 5, 30])
def test_paired_versions_agree_with_statsmodels(n):
    d = detectable_effect_paired(n)
    assert TTestPower().power(d, n, 0.05) == pytest.approx(0.8, abs=1e-6)
    assert required_n_paired(d) == pytest.approx(n, abs=1e-6)


@pytest.mark.parametrize("d", [0.05, 0.3, 1.3, 2.5])
def test_required_n_agrees_with_statsmodels(d):
    expected = TTestIndPower().solve_power(effect_size=d, alpha=0.05, power=0.9)
    assert required_n(d, power=0.9) == pytest.approx(expected, rel=1e-6)


@given(st.integers(2, 500), st.floats(0.001, 0.2), st.floats(0.5, 0.99))
def test_required_n_inverts_detectable_effect(n, alpha, power):
    assert required_n(detectable_effect(n, alpha=alpha, power=power), alpha, power) == pytest.approx(n, rel=1e-5)


@given(st.integers(2, 200), st.integers(2, 200))
def test_more_seeds_detect_smaller_effects_and_the_arms_are_interchangeable(n, n2):
    d = detectable_effect(n, n2)
    assert detectable_effect(n2, n) == pytest.approx(d)
    assert detectable_effect(n + 1, n2) < d
    assert detectable_effect(n, n2, power=0.9) > d > detectable_effect(n, n2, alpha=0.1)


def test_seeds_needed_rounds_up_and_ignores_sign_and_unit():
    assert seeds_needed(0.01, 0.01) == seeds_needed(-1.0, 1.0) == 17
    assert seeds_needed(0.02, 0.01) == 6
    assert seeds_needed(0.01, 0.01, paired=True) == 10  # 9.94 by G*Power's and statsmodels' paired t
    assert seeds_needed(1e9, 1e-9) == 2


def test_seeds_needed_is_capped():
    assert seeds_needed(0.01, 1.0) == seeds_needed(1e-12, 1.0) == MAX_SEEDS
    assert seeds_needed(0.045, 1.0) == math.ceil(required_n(0.045)) < MAX_SEEDS


@pytest.mark.parametrize(("difference", "std"), [(0, 1), (1, 0), (math.nan, 1), (1, math.nan), (math.inf, 1), (1, -1)])
def test_seeds_needed_without_an_answer(difference, std):
    assert seeds_needed(difference, std) is None


def test_power_is_reached_in_simulation():
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=(2, 5, 20_000))
    p_values = stats.ttest_ind(first + detectable_effect(5), second).pvalue
    assert np.mean(p_values < 0.05) == pytest.approx(0.8, abs=0.012)


def test_power_table():
    table = power_table([3, 5, 64], [0.0, 0.5, 2.0])
    assert list(table.index) == [3, 5, 64]
    assert list(table.columns) == [0.0, 0.5, 2.0]
    assert table[0.0].to_list() == pytest.approx([0.05] * 3)
    assert table.loc[64, 0.5] == pytest.approx(TTestIndPower().power(0.5, 64, 0.05))
    assert table[2.0].is_monotonic_increasing


def test_impossible_questions_are_refused():
    for n, n2 in ((1, None), (3, 1), (0, 5)):
        with pytest.raises(DataError, match="at least 2 seeds"):
            detectable_effect(n, n2)
    for d in (0.0, math.nan, math.inf):
        with pytest.raises(DataError, match="no number of seeds"):
            required_n(d)
    for alpha, power in ((0.0, 0.8), (0.9, 0.8), (0.05, 1.0)):
        with pytest.raises(DataError, match="0 < alpha < power < 1"):
            detectable_effect(3, alpha=alpha, power=power)
