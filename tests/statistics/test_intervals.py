import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seedwise.statistics.intervals import DataError, as_scores, mean_std, rate_upper_bound, sigma_interval, t_interval

X = [0.842, 0.838, 0.851]
SCORES = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_reference_values_of_three_accuracies():
    assert mean_std(X) == pytest.approx((0.8436667, 0.00665833), abs=5e-8)
    t = t_interval(X)
    assert (t.low, t.high) == pytest.approx((0.8271265, 0.8602069), abs=5e-8)
    assert t.coverage == t.confidence == 0.95
    sigma = sigma_interval(X)
    assert (sigma.low, sigma.high) == pytest.approx((0.0034667, 0.0418458), abs=5e-8)


def test_sigma_interval_of_three_runs_is_half_to_six_times_the_std():
    sigma, std = sigma_interval(X), mean_std(X)[1]
    assert (sigma.low / std, sigma.high / std) == pytest.approx((0.52, 6.29), abs=0.006)


def test_t_interval_agrees_with_scipy_on_students_sleep_data():
    # Student 1908, Biometrika 6:1-25: extra sleep under the second drug minus the first, ten patients.
    extra = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    ours = t_interval(extra)
    expected = stats.ttest_1samp(extra, 0.0).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    # R: t.test(extra ~ group, data = sleep, paired = TRUE) prints 0.7001142 2.4598858.
    assert (ours.low, ours.high) == pytest.approx((0.7001142, 2.4598858), abs=5e-8)


@pytest.mark.parametrize(
    ("k", "n", "bound"), [(0, 3, 0.6316), (3, 3, 1.0), (0, 1, 0.95), (1, 10, 0.3942), (0, 10**6, 3e-6)]
)
def test_rate_upper_bound(k, n, bound):
    assert rate_upper_bound(k, n) == pytest.approx(bound, abs=5e-5)


def test_rate_upper_bound_leaves_the_stated_tail():
    bound = rate_upper_bound(2, 9, confidence=0.9)
    assert stats.binom.cdf(2, 9, bound) == pytest.approx(0.1)
    expected = stats.binomtest(2, 9, alternative="less").proportion_ci(0.9, method="exact").high
    assert bound == pytest.approx(expected)


@pytest.mark.parametrize(("k", "n"), [(4, 3), (-1, 3), (0, 0), (0.5, 3), (1, 2.5)])
def test_impossible_rates_are_refused(k, n):
    with pytest.raises(DataError, match="0 <= k <= n"):
        rate_upper_bound(k, n)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least 2 values; found 0"),
        ([0.8], "at least 2 values; found 1"),
        ([0.8, math.nan], "found nan at position 1"),
        ([math.inf, 0.8], "found inf at position 0"),
        ([0.8, -1e200], "found -1e.200 at position 1"),
        (["0.8", "0.9"], "must be numbers; found .* '0.8'"),
        ([0.8, None], "must be numbers; found object"),
        ([0.8, 1j], "must be numbers; found complex128"),
        ([[0.8, 0.9]], r"one-dimensional; found an array of shape \(1, 2\)"),
        ([[0.8], [0.9, 0.7]], "unequal length"),
        (0.8, r"shape \(\)"),
    ],
)
@pytest.mark.parametrize("function", [t_interval, sigma_interval, mean_std])
def test_unusable_scores_are_named(function, values, message):
    with pytest.raises(DataError, match=message):
        function(values)


def test_as_scores_copies_and_names_its_argument():
    given_scores = np.array([1.0, 2.0])
    scores = as_scores(given_scores)
    scores[0] = 9.0
    assert given_scores[0] == 1.0
    assert as_scores((1, True)).dtype == np.float64
    with pytest.raises(DataError, match="accuracies must be finite"):
        as_scores([math.nan], name="accuracies")


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, math.nan, -0.1])
def test_confidence_must_be_a_probability(confidence):
    for function in (t_interval, sigma_interval):
        with pytest.raises(DataError, match="confidence must lie between 0 and 1"):
            function(X, confidence)
    with pytest.raises(DataError, match="confidence must lie between 0 and 1"):
        rate_upper_bound(0, 3, confidence)


@pytest.mark.parametrize("scores", [[0.1, 0.1], [0.1] * 3, [1 / 3] * 7])
def test_equal_scores_give_a_degenerate_interval(scores):
    assert mean_std(scores) == (scores[0], 0.0)
    t, sigma = t_interval(scores), sigma_interval(scores)
    assert (t.low, t.high, t.coverage) == (scores[0], scores[0], None)
    assert (sigma.low, sigma.high, sigma.coverage) == (0.0, 0.0, None)


@given(SCORES, st.floats(0.5, 0.98))
def test_t_interval_is_symmetric_nested_and_ignores_order(scores, confidence):
    inner, outer, turned = (
        t_interval(scores, confidence),
        t_interval(scores, 0.99),
        t_interval(scores[::-1], confidence),
    )
    assert outer.low <= inner.low <= inner.high <= outer.high
    assert (inner.low + inner.high) / 2 == pytest.approx(mean_std(scores)[0], abs=1e-9)
    assert (turned.low, turned.high) == pytest.approx((inner.low, inner.high), abs=1e-9)


@given(SCORES, st.floats(-1e3, 1e3), st.floats(0.1, 10))
def test_intervals_follow_shift_and_scale(scores, shift, scale):
    moved = [scale * score + shift for score in scores]
    t, moved_t = t_interval(scores), t_interval(moved)
    assert (moved_t.low, moved_t.high) == pytest.approx((scale * t.low + shift, scale * t.high + shift), abs=1e-6)
    sigma, moved_sigma = sigma_interval(scores), sigma_interval(moved)
    assert (moved_sigma.low, moved_sigma.high) == pytest.approx((scale * sigma.low, scale * sigma.high), abs=1e-6)


def test_t_interval_covers_the_mean_as_often_as_it_says():
    samples = np.random.default_rng(7).normal(size=(4000, 3))
    covered = np.mean([interval.low <= 0 <= interval.high for interval in map(t_interval, samples)])
    assert covered == pytest.approx(0.95, abs=0.014)  # four standard errors
