import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedwise.statistics.atoms import SumOfTwo
from seedwise.statistics.bootstrap import bootstrap_ci, bootstrap_difference_ci, mean_atoms
from seedwise.statistics.resampling import distribution

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


@pytest.mark.parametrize("n", [7, 10, 11, 20, 33])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_arms_on_one_lattice_give_what_their_atoms_give(n, confidence):
    a, b = accuracies(n, seed=2), accuracies(n, seed=3)
    values, weights, _ = distribution(np.sort(b), 10_000, 0)
    difference = SumOfTwo(distribution(np.sort(a), 10_000, 0)[:2], (-values[::-1], weights[::-1]), 1e-13)
    expected = [difference.quantile((1 + side * confidence) / 2) for side in (-1, 1)]

    assert limits(bootstrap_difference_ci(a, b, confidence)) == pytest.approx(expected, abs=1e-12)


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
