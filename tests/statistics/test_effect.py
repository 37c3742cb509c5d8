import time
import tracemalloc

import numpy as np
import pytest
from scipy import integrate, special, stats

from seedwise.statistics import DataError, hedges_g, probability_of_improvement, rule_of_thumb
from seedwise.statistics.effect import improvement_interval, noncentral_t, noncentralities

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


def test_interval_of_a_small_t_at_high_confidence_is_that_of_r():
    # R: uniroot on pt(-0.0604, 8, ncp); scipy.special.nctdtrinc gives [-2.036, 2.036].
    a, b = np.array([-1.0, 1.0]), np.linspace(-1, 1, 8)
    b += 0.0604 * np.sqrt((a.var(ddof=1) + 7 * b.var(ddof=1)) / 8 * (1 / 2 + 1 / 8))
    found = hedges_g(a, b, 0.99)

    assert stats.ttest_ind(a, b).statistic == pytest.approx(-0.0604)
    assert (found.low, found.high) == pytest.approx((-2.0829, 1.9903), abs=1e-4)


STATISTICS = [0.0, 1e-9, 0.01, -0.0604, 0.3, 1.37, -2.8, 4.4, 4.6, 14, -30, 63, 100]


@pytest.mark.parametrize("df", [1, 2, 3, 8, 20, 60, 200])
def test_noncentralities_put_every_t_at_its_quantiles(df):
    wanted = np.array([0.9995, 0.995, 0.975, 0.6, 0.05, 0.0005])
    for t in STATISTICS:
        found = noncentralities(t, df, wanted)
        assert special.nctdtr(df, found, t) == pytest.approx(wanted, abs=1e-9), t


@pytest.mark.parametrize("df", [1, 5, 40, 200, 10**6])
@pytest.mark.parametrize("t", [1e3, -1e6, 1e15])
def test_noncentralities_of_an_enormous_t(t, df):
    wanted = np.array([0.995, 0.3, 0.005])
    found = noncentralities(t, df, wanted)

    assert noncentral_t(t, df, found)[0] == pytest.approx(wanted, abs=1e-9)
    if t**2 > 1e6 * df:  # then T is nearly δ/W, and the interval that of the standard deviation
        own = 1 - wanted if t > 0 else wanted
        assert found == pytest.approx(t * np.sqrt(2 * special.gammaincinv(df / 2, own) / df), rel=1e-4)


@pytest.mark.parametrize(
    ("t", "df", "shift"), [(0.3, 1, 0.2), (5, 1, 3), (-4, 2, -9), (9, 4, 6), (20, 38, 22), (50, 200, 53)]
)
def test_noncentral_t_is_its_defining_integral(t, df, shift):
    def integrand(w):
        return stats.chi.pdf(w * np.sqrt(df), df) * np.sqrt(df) * stats.norm.cdf(t * w - shift)

    points = np.clip([0, *(1 + np.arange(-8, 9, 2) / np.sqrt(2 * df)), shift / t], 0, None)
    expected = integrate.quad(integrand, 0, 1 + 9 / np.sqrt(2 * df), points=np.unique(points), limit=500, epsabs=1e-13)
    (found,), (slope,) = noncentral_t(t, df, np.array([float(shift)]))
    (after,), _ = noncentral_t(t, df, np.array([shift + 1e-5]))

    assert found == pytest.approx(expected[0], abs=1e-11)
    assert slope == pytest.approx((after - found) / 1e-5, abs=1e-5)


def test_interval_at_any_t_is_symmetric_and_continuous():
    noise = np.array([-1.0, 0.0, 1.0])

    def interval(t):
        found = hedges_g(noise + t * np.sqrt(2 / 3), noise)
        return np.array([found.low, found.high])

    assert interval(200.1) == pytest.approx(interval(199.9), rel=2e-3)
    assert np.all(interval(-200.1) < 0)
    assert -interval(-1e6)[::-1] == pytest.approx(interval(1e6), rel=1e-9)


def test_a_thousand_effect_sizes_take_a_fraction_of_a_second():
    arms = np.random.default_rng(9).normal(size=(200, 2, 5))
    start = time.process_time()
    for a, b in arms:
        hedges_g(a, b)

    assert time.process_time() - start < 0.2  # measured: 0.02 s


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


def test_wins_of_half_a_million_runs_need_little_memory():
    a, b = np.random.default_rng(5).normal(size=(2, 500_000))
    a += 0.5
    tracemalloc.start()
    found, interval = probability_of_improvement(a, b), improvement_interval(a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100e6  # all pairs would be 2 TB
    truth = stats.norm.cdf(0.5 / np.sqrt(2))
    assert found.probability == pytest.approx(truth, abs=0.002)
    assert interval.low < truth < interval.high < interval.low + 0.003


def test_wins_among_many_ties_are_those_of_listing_all_pairs():
    generator = np.random.default_rng(6)
    a, b = generator.integers(0, 30, 200) / 30, generator.integers(0, 30, 170) / 30 + 1e-15
    pairs = np.subtract.outer(np.rint(a * 30), np.rint(b * 30))

    assert probability_of_improvement(a, b).wins == (pairs > 0).sum() + 0.5 * (pairs == 0).sum()


def test_interval_of_the_probability_of_improvement_when_all_pairs_are_won():
    found = improvement_interval(np.arange(3) + 9.0, np.arange(3.0))
    lost = improvement_interval(np.arange(3.0), np.arange(3) + 9.0)

    # (1 − θ)² = t² V(θ), Newcombe's method 5 with the t quantile of 4 degrees of freedom.
    theta = found.low
    variance = theta * (1 - theta) * (1 + 2 * (1 - theta) / (2 - theta) + 2 * theta / (1 + theta)) / 9
    assert (1 - theta) ** 2 == pytest.approx(stats.t.ppf(0.975, 4) ** 2 * variance)
    assert found.high == 1
    assert (lost.low, lost.high) == pytest.approx((0, 1 - theta))


@pytest.mark.parametrize("sizes", [(2, 2), (2, 50), (7, 3), (400, 300)])
@pytest.mark.parametrize("baseline", [0.0, 0.5, 1.0])
def test_interval_of_the_probability_of_improvement_always_has_a_width(sizes, baseline):
    for arm in (np.full(sizes[0], 0.5), np.linspace(0.4, 0.6, sizes[0])):
        found = improvement_interval(arm, np.full(sizes[1], baseline))
        share = probability_of_improvement(arm, np.full(sizes[1], baseline)).probability
        assert 0 <= found.low <= share <= found.high <= 1
        assert found.high - found.low > 0.001


def test_interval_of_the_probability_of_improvement_mirrors_and_widens_with_confidence():
    generator = np.random.default_rng(7)
    a, b = generator.normal(0.5, 1, 6), generator.normal(0, 1, 9)
    one, mirrored, wide = improvement_interval(a, b), improvement_interval(b, a), improvement_interval(a, b, 0.999)

    assert (one.low, one.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))
    assert wide.low < one.low < one.high < wide.high
    with pytest.raises(DataError):
        improvement_interval(a, b, 1.0)


def test_interval_of_the_probability_of_improvement_is_that_of_brunner_and_munzel_in_large_samples():
    generator = np.random.default_rng(8)
    a, b = (generator.random(20_000) < 0.9) * 1.0, (generator.random(20_000) < 0.88) * 1.0
    found = improvement_interval(a, b)
    # With scores of 0 and 1 the probability is ½ + half the difference of the rates.
    error = np.sqrt((a.var() + b.var()) / 20_000) / 2

    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.01)


def test_no_interval_of_the_probability_of_improvement_from_one_run():
    assert improvement_interval(A[:1], B) is None


@pytest.mark.parametrize(
    ("n", "m", "spread"), [(3, 3, 1), (5, 5, 3), (20, 20, 3), (3, 10, 1), (5, 30, 1), (5, 30, 1 / 3)]
)
@pytest.mark.parametrize("d", [0, 1, 2])
def test_interval_of_the_probability_of_improvement_covers_the_truth(n, m, spread, d):
    generator = np.random.default_rng(10)
    scale = np.sqrt((spread**2 + 1) / 2)
    truth = stats.norm.cdf(d * scale / np.hypot(spread, 1))
    found = [
        improvement_interval(generator.normal(d * scale, spread, n), generator.normal(0, 1, m)) for _ in range(600)
    ]

    # Binomial error at 95 %: 0.009; benchmarks/improvement_coverage.py measures more finely.
    assert np.mean([interval.low <= truth <= interval.high for interval in found]) > 0.925


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
