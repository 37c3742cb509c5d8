import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedwise.statistics import lattice
from seedwise.statistics.bootstrap import bootstrap_ci, bootstrap_difference_ci, bootstrap_difference_cis, mean_atoms
from seedwise.statistics.intervals import DataError

X = [0.842, 0.838, 0.851]
Y = [0.861, 0.855, 0.858]


def limits(interval):
    return interval.low, interval.high


def accuracies(n, rows=None, seed=0, total=10_000):
    size = n if rows is None else (rows, n)
    return np.rint(np.random.default_rng(seed).normal(0.84, 0.005, size) * total) / total


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_reference_value_of_a_difference():
    difference = bootstrap_difference_ci(Y, X)
    assert limits(difference) == pytest.approx((0.007, 0.0206667), abs=5e-8)
    assert difference.method == "percentile bootstrap of the difference, exact"
    assert limits(bootstrap_difference_ci(X, Y)) == pytest.approx((-0.0206667, -0.007), abs=5e-8)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=4), st.lists(st.integers(0, 60), min_size=2, max_size=4))
def test_difference_equals_the_outer_sum(a, b):
    (a_values, a_weights), (b_values, b_weights) = mean_atoms(a), mean_atoms(b)
    found = np.rint(12 * np.subtract.outer(a_values, b_values)).astype(int).ravel()
    order = np.argsort(found)
    cumulative = np.cumsum(np.outer(a_weights, b_weights).ravel()[order])
    expected = [found[order][np.searchsorted(cumulative, level - 1e-12)] / 12 for level in (0.025, 0.975)]
    assert limits(bootstrap_difference_ci(a, b)) == pytest.approx(expected, abs=1e-9)


def sum_probabilities(counts, spacing):
    """Distribution of the sum of as many draws as there are counts, on every `spacing`-th cell, by convolution."""
    offsets = spacing * (counts - counts.min())
    one, total = np.bincount(offsets) / counts.size, np.ones(1)
    for _ in range(counts.size):
        total = np.convolve(total, one)
    return total


@pytest.mark.parametrize(("n", "m"), [(7, 7), (10, 10), (11, 11), (20, 20), (20, 15), (9, 6), (3, 12)])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_arms_on_one_lattice_give_what_convolution_gives(n, m, confidence):
    a, b = (np.rint(accuracies(size, seed=size) * 1000).astype(int) for size in (n, m))
    b[0] += a[0] == b[0] == b[-1]
    cells = math.lcm(n, m)
    joint = np.convolve(sum_probabilities(a, cells // n), sum_probabilities(-b, cells // m))
    places = np.searchsorted(np.cumsum(joint), [(1 + side * confidence) / 2 - 1e-12 for side in (-1, 1)])
    expected = a.min() - b.max() + places / cells

    found = bootstrap_difference_ci(a / 1000, b / 1000, confidence)
    assert limits(found) == pytest.approx(expected / 1000, abs=1e-12)
    assert found.method.endswith("exact" if max(n, m) <= 10 else "lattice")


@pytest.mark.parametrize(("n", "m"), [(5, 7), (8, 3)])
def test_the_grid_agrees_with_enumeration(n, m, monkeypatch):
    generator = np.random.default_rng(n)
    for _ in range(5):
        a, b = generator.normal(size=n), generator.exponential(size=m)
        monkeypatch.setattr("seedwise.statistics.bootstrap._MAX_ENUMERATED_DIFFERENCE_N", 8)
        exact = bootstrap_difference_ci(a, b)
        monkeypatch.setattr("seedwise.statistics.bootstrap._MAX_ENUMERATED_DIFFERENCE_N", 2)
        grid = bootstrap_difference_ci(a, b)
        error = 6 * lattice.GRID_ERROR * math.sqrt(a.var() / n + b.var() / m)
        assert (exact.method[-5:], grid.method[-4:]) == ("exact", "grid")
        assert limits(grid) == pytest.approx(limits(exact), abs=error)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (7, 7), (8, 8), (10, 6), (20, 20), (20, 13)])
def test_many_variants_at_once_get_the_interval_of_each(n, m):
    rows = np.concatenate([accuracies(n, rows=4), accuracies(n, rows=3, seed=1, total=2**50), np.full((1, n), 0.8)])
    for baseline in (accuracies(m, seed=2), accuracies(m, seed=2, total=2**50), np.full(m, 0.8)):
        lows, highs = bootstrap_difference_cis(rows, baseline)
        expected = [limits(bootstrap_difference_ci(row, baseline)) for row in rows]
        assert np.column_stack([lows, highs]) == pytest.approx(np.array(expected), abs=1e-12)


def test_a_variant_of_another_scale_does_not_change_the_others():
    rows = np.random.default_rng(0).normal(size=(3, 20))
    expected = np.array(bootstrap_difference_cis(rows[:2], rows[2]))
    for extreme in (1e149, 1e6, 1e-150):
        found = np.array(bootstrap_difference_cis([*rows[:2], rows[1] * extreme], rows[2]))
        assert found[:, :2] == pytest.approx(expected, abs=1e-12)
        assert np.isfinite(found).all()


def test_unusable_matrices_are_refused():
    for matrix in (X, [[0.1], [0.2]], [[0.1, math.nan]]):
        with pytest.raises(DataError):
            bootstrap_difference_cis(matrix, Y)
    with pytest.raises(DataError, match="at least 2"):
        bootstrap_difference_cis([X], [0.8])
    assert [limit.size for limit in bootstrap_difference_cis(np.empty((0, 3)), Y)] == [0, 0]


@pytest.mark.parametrize(("n", "n2"), [(10, 10), (8, 3), (20, 20), (12, 7), (200, 4)])
@pytest.mark.parametrize("total", [10_000, 2**50])
def test_large_differences_agree_with_resampling(n, n2, total):
    a, b = accuracies(n, total=total), accuracies(n2, seed=1, total=total)
    generator = np.random.default_rng(5)
    means = [x[generator.integers(x.size, size=(50_000, x.size))].mean(axis=1) for x in (a, b)]
    expected = np.quantile(means[0] - means[1], [0.025, 0.975])
    width = expected[1] - expected[0]
    assert limits(bootstrap_difference_ci(a, b)) == pytest.approx(tuple(expected), abs=0.03 * width)


def test_difference_with_a_constant_arm_is_a_shifted_interval():
    low, high = limits(bootstrap_ci(X))
    assert limits(bootstrap_difference_ci(X, [0.5, 0.5])) == pytest.approx((low - 0.5, high - 0.5))
    assert limits(bootstrap_difference_ci([0.7] * 3, [0.5] * 4)) == pytest.approx((0.2, 0.2))


@pytest.mark.parametrize("n", [3, 7, 9, 20])
def test_scores_that_differ_by_rounding_only_are_a_constant_arm(n):
    almost = [0.1 + 0.2] + [0.3] * (n - 1)
    assert limits(bootstrap_difference_ci(almost, [0.1] * n)) == pytest.approx((0.2, 0.2))
    assert limits(bootstrap_ci(almost)) == pytest.approx((0.3, 0.3))
