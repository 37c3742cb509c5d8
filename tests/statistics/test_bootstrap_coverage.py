import numpy as np
import pytest

from seedwise.statistics.bootstrap import bootstrap_ci, bootstrap_cis, percentile_coverage

X = [0.842, 0.838, 0.851]


@pytest.mark.parametrize(("n", "expected"), [(3, 0.749), (4, 0.800), (5, 0.839), (6, 0.861)])
def test_coverage_under_normal_noise(n, expected):
    samples = np.random.default_rng(n).normal(size=(30_000, n))
    lows, highs = bootstrap_cis(samples)
    covered = np.mean((lows <= 0) & (highs >= 0))
    assert covered == pytest.approx(expected, abs=0.01)
    assert percentile_coverage(n) == pytest.approx(covered, abs=0.01)


@pytest.mark.parametrize("n", [20, 30])
def test_tabulated_coverage_of_larger_samples(n):
    samples = np.round(np.random.default_rng(n).normal(size=(6000, n)), 1)
    lows, highs = bootstrap_cis(samples)
    assert percentile_coverage(n) == pytest.approx(np.mean((lows <= 0) & (highs >= 0)), abs=0.014)


def test_coverage_table():
    coverages = [percentile_coverage(n) for n in range(2, 31)]
    assert coverages == sorted(coverages)
    assert coverages[:2] == [0.5, 0.75]
    assert percentile_coverage(30) < percentile_coverage(35) < percentile_coverage(10**6) < 0.95
    assert percentile_coverage(1) is None
    assert percentile_coverage(3, 0.9) is None
    assert bootstrap_ci(X, 0.9).coverage is None
    assert bootstrap_ci(X, method="bca").coverage is None
