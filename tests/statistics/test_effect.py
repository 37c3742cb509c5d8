import numpy as np
import pytest
from scipy import stats

from seedwise.statistics import hedges_g, probability_of_improvement, rule_of_thumb

A = np.array([0.842, 0.838, 0.851])
B = np.array([0.861, 0.855, 0.858])


def test_hedges_g_and_the_noncentral_interval_of_the_worked_example():
    found = hedges_g(B, A)

    assert found.g == pytest.approx(2.21464, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((0.269, 5.162), abs=1e-3)


@pytest.mark.parametrize("shift", [0.0, -0.5, 4.0, 30.0])
@pytest.mark.parametrize("sizes", [(2, 2), (3, 5), (20, 20)])
def test_interval_ends_put_the_observed_t_at_the_tail_quantiles(shift, sizes):
    generator = np.random.default_rng(3)
    a, b = generator.normal(shift, 1, sizes[0]), generator.normal(0, 1, sizes[1])
    found = hedges_g(a, b, 0.9)
    t = stats.ttest_ind(a, b).statistic
    root, df = np.sqrt(sizes[0] * sizes[1] / sum(sizes)), sum(sizes) - 2

    assert stats.nct.sf(t, df, found.low * root) == pytest.approx(0.05, abs=2e-3)
    assert stats.nct.cdf(t, df, found.high * root) == pytest.approx(0.05, abs=2e-3)


def test_interval_is_continuous_where_the_asymptotic_form_takes_over():
    noise = np.array([-1.0, 0.0, 1.0])

    def interval(t):
        found = hedges_g(noise + t * np.sqrt(2 / 3), noise)
        return np.array([found.low, found.high])

    assert interval(200.1) == pytest.approx(interval(199.9), rel=2e-3)
    assert np.all(interval(-200.1) < 0)
    assert -interval(-1e6)[::-1] == pytest.approx(interval(1e6), rel=1e-9)


def test_g_is_nearly_unbiased_where_d_is_not():
    generator = np.random.default_rng(1)
    found = np.mean([hedges_g(*generator.normal([[1.0], [0.0]], 1, (2, 4))).g for _ in range(4000)])

    assert found == pytest.approx(1.0, abs=0.05)


def test_interval_of_g_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(2)
    effects = [hedges_g(*generator.normal([[1.5], [0.0]], 1, (2, 3))) for _ in range(3000)]

    assert np.mean([e.low < 1.5 < e.high for e in effects]) == pytest.approx(0.95, abs=0.013)


def test_no_effect_size_without_variance_or_runs():
    constant = np.full(3, 0.5)

    assert hedges_g(constant, constant) is None
    assert hedges_g(A[:1], B) is None


def test_wins_count_ties_one_half():
    found = probability_of_improvement(np.array([0.9, 0.8]), np.array([0.8, 0.7]))

    assert (found.wins, found.pairs, found.probability) == (3.5, 4, 0.875)


def test_float_noise_is_a_tie():
    assert probability_of_improvement(np.array([0.1 + 0.2]), np.array([0.3])).wins == 0.5


def test_wins_are_the_mann_whitney_statistic():
    generator = np.random.default_rng(4)
    a, b = generator.integers(0, 9, 8) / 10, generator.integers(0, 9, 6) / 10

    assert probability_of_improvement(a, b).wins == stats.mannwhitneyu(a, b).statistic


def test_both_readings_of_the_rule_of_thumb():
    found = rule_of_thumb(B, A)

    assert found.separate_threshold == pytest.approx(0.014606, abs=1e-6)
    assert found.pooled_threshold == pytest.approx(0.010328, abs=1e-6)
    assert (found.separate, found.pooled) == (False, True)


def test_the_rule_looks_at_the_absolute_difference():
    assert rule_of_thumb(A, B) == rule_of_thumb(B, A)


def test_the_rule_loses_power_as_runs_are_added():
    generator = np.random.default_rng(5)

    def power(n):
        return np.mean([rule_of_thumb(*generator.normal([[2.0], [0.0]], 1, (2, n))).separate for _ in range(2000)])

    assert power(3) == pytest.approx(0.31, abs=0.03)
    assert power(20) == pytest.approx(0.04, abs=0.02)
