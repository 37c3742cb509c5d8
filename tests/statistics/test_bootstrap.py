import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from seedwise.statistics import lattice
from seedwise.statistics.bootstrap import (
    bootstrap_ci,
    bootstrap_cis,
    bootstrap_difference_ci,
    bootstrap_intervals,
    bootstrap_methods,
    mean_atoms,
)
from seedwise.statistics.intervals import DataError

X = [0.842, 0.838, 0.851]
METHODS = ["percentile", "basic", "bca"]
COUNTS = st.lists(st.integers(7000, 9000), min_size=2, max_size=14)


def limits(interval):
    return interval.low, interval.high


def accuracies(n, rows=None, seed=0, total=10_000):
    size = n if rows is None else (rows, n)
    return np.rint(np.random.default_rng(seed).normal(0.84, 0.005, size) * total) / total


def quantile_of_all_resamples(scores, level):
    """Inverted distribution function over all n^n ordered resamples, by brute force in whole numbers."""
    counts = [round(score * 10_000) for score in scores]
    sums = sorted(sum(resample) for resample in itertools.product(counts, repeat=len(counts)))
    return sums[math.ceil(level * len(sums) - 1e-9) - 1] / (10_000 * len(counts))


def atom_quantile(atoms, level):
    values, weights = atoms
    return values[min(np.searchsorted(np.cumsum(weights), level - 1e-12), values.size - 1)]


def enumerated_limits(scores, confidence, method):
    """The interval from all multisets of scores, by the definitions of the three methods."""
    values, weights = mean_atoms(scores)
    mean, tails = np.mean(scores), [(1 - confidence) / 2, (1 + confidence) / 2]
    if method == "bca":
        ties = np.abs(values - mean) < 1e-12
        bias = special.ndtri(weights[(values < mean) & ~ties].sum() + weights[ties].sum() / 2)
        acceleration = stats.skew(scores) / (6 * math.sqrt(len(scores)))
        shifted = [bias + special.ndtri(tail) for tail in tails]
        tails = [special.ndtr(bias + z / (1 - acceleration * z)) for z in shifted]
    low, high = (atom_quantile((values, weights), tail) for tail in tails)
    return (2 * mean - high, 2 * mean - low) if method == "basic" else (low, high)


def grid_quantiles(scores, levels):
    """Quantiles of the mean on the grid, even of scores on a lattice."""
    x = np.asarray(scores, dtype=float)
    draws = (x - x.min()) / np.ptp(x) / x.size
    cells = lattice.choose_cells([draws[None, :]], np.zeros(1))
    [(_, distribution)] = lattice.distributions([draws[None, :]], cells, np.arange(1))
    return np.array([x.min() + np.ptp(x) * distribution.quantile(level) for level in levels])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_reference_values_of_three_accuracies():
    values, weights = mean_atoms(X)
    assert weights * 27 == pytest.approx([1, 3, 3, 1, 3, 6, 3, 3, 3, 1])
    assert values[[0, 3, -1]] == pytest.approx([0.838, 0.842, 0.851])
    assert math.sqrt(weights @ (values - weights @ values) ** 2) == pytest.approx(0.00313877, abs=5e-9)
    percentile = bootstrap_ci(X)
    assert limits(percentile) == pytest.approx((0.838, 0.851))
    assert percentile.method == "percentile bootstrap, exact"
    assert percentile.coverage == pytest.approx(0.749, abs=0.002)
    assert limits(bootstrap_ci(X, method="basic")) == pytest.approx((0.8363333, 0.8493333), abs=5e-8)


def test_published_standard_error_of_the_mouse_data():
    # Efron & Tibshirani 1993, tables 2.1 and 2.2: survival of 7 treated mice, mean 86.86, standard error 25.24 from
    # the formula (ddof=1), and 23.36 as the limit of the bootstrap for infinitely many resamples.
    mice = [94, 197, 16, 38, 99, 141, 23]
    values, weights = mean_atoms(mice)
    assert weights @ values == pytest.approx(86.86, abs=0.005)
    ideal = math.sqrt(weights @ (values - weights @ values) ** 2)
    assert ideal == pytest.approx(23.36, abs=0.01)
    assert ideal * math.sqrt(7 / 6) == pytest.approx(25.24, abs=0.005)
    # Table 13.1: the 2.5 % and 97.5 % points of 1000 resampled means, which have a standard error of about 2.
    assert limits(bootstrap_ci(mice)) == pytest.approx((45.9, 135.4), abs=4)


def test_percentile_interval_of_three_is_their_range_but_not_of_four():
    for row in accuracies(3, rows=20):
        assert limits(bootstrap_ci(row)) == (row.min(), row.max())
    four = accuracies(4)
    assert min(four) < bootstrap_ci(four).low < bootstrap_ci(four).high < max(four)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_enumeration_equals_brute_force(n):
    for row in accuracies(n, rows=4, seed=n):
        for confidence in (0.5, 0.9, 0.95):
            expected = [quantile_of_all_resamples(row, level) for level in ((1 - confidence) / 2, (1 + confidence) / 2)]
            assert limits(bootstrap_ci(row, confidence)) == pytest.approx(expected, abs=1e-12)


def test_levels_that_an_atom_reaches_exactly_take_that_atom():
    # Two scores: weights 1/4, 1/2, 1/4. A cumulative weight of exactly 1/4 or 3/4 counts as reached.
    assert limits(bootstrap_ci([0.0, 1.0], 0.5)) == (0.0, 0.5)
    # Three scores, tail 4/27: 1/27 + 3/27 in floats must reach it.
    values, _ = mean_atoms(X)
    assert bootstrap_ci(X, 1 - 8 / 27).low == pytest.approx(values[1])


def test_ten_scores_have_all_their_multisets():
    values, weights = mean_atoms(np.random.default_rng(1).normal(size=10))
    assert values.size == 92_378
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights[0] == pytest.approx(1e-10)
    assert mean_atoms([1.0, 2.0, 1.0])[0] == pytest.approx([1, 4 / 3, 5 / 3, 2])
    assert mean_atoms([0.3])[1].tolist() == [1.0]
    with pytest.raises(DataError, match="found 11"):
        mean_atoms(range(11))


@pytest.mark.parametrize("n", [7, 8, 10])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("total", [10_000, 1319, None])
def test_lattice_and_partial_sums_equal_enumeration(n, method, total):
    rows = accuracies(n, rows=8, seed=n, total=total or 2**50)
    for confidence in (0.8, 0.95):
        lows, highs = bootstrap_cis(rows, confidence, method)
        expected = [enumerated_limits(row, confidence, method) for row in rows]
        assert np.column_stack([lows, highs]) == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5, 6, 8, 11, 20, 41])
@pytest.mark.parametrize("method", METHODS)
def test_batch_equals_one_by_one(n, method):
    rows = accuracies(n, rows=5, seed=n)
    rows[1] = np.random.default_rng(1).normal(size=n)
    rows[2] = 0.84
    rows[3] = np.append(rows[3, :1].repeat(n - 1), 0.9)
    lows, highs = bootstrap_cis(rows, 0.95, method)
    expected = [limits(bootstrap_ci(row, 0.95, method)) for row in rows]
    assert np.column_stack([lows, highs]) == pytest.approx(np.array(expected), abs=1e-12)
    together = bootstrap_intervals(rows)
    assert np.array(together.limits[method]) == pytest.approx(np.array([lows, highs]), abs=1e-15)
    assert [f"percentile bootstrap, {route}" for route in together.routes] == bootstrap_methods(rows)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [5, 10, 25])
@pytest.mark.parametrize("total", [10_000, 2**50])
def test_agrees_with_resampling_by_scipy(method, n, total):
    scores = accuracies(n, seed=20 + n, total=total)
    with np.errstate(all="ignore"):
        sampled = stats.bootstrap(
            (scores,), np.mean, method="BCa" if method == "bca" else method, n_resamples=50_000, rng=2
        )
    width = sampled.confidence_interval.high - sampled.confidence_interval.low
    assert limits(bootstrap_ci(scores, method=method)) == pytest.approx(
        tuple(sampled.confidence_interval), abs=0.025 * width
    )


def test_routes_are_named_and_agree():
    scores = accuracies(30)
    counted = bootstrap_ci(scores)
    moved = bootstrap_ci(scores + np.random.default_rng(0).normal(0, 1e-9, 30))
    assert counted.method == "percentile bootstrap, lattice"
    assert moved.method == "percentile bootstrap, grid"
    # Between neighbouring points of the lattice the grid interpolates.
    assert limits(moved) == pytest.approx(limits(counted), abs=1e-4 / 30)
    assert bootstrap_ci(100 * scores, method="bca").method == "BCa bootstrap, lattice"
    # On a lattice too, but on one much finer than the grid.
    wide = np.append(np.random.default_rng(0).integers(0, 130_000, 99), 130_001)
    assert bootstrap_ci(wide).method == "percentile bootstrap, grid"


SCORES = st.one_of(
    st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=9),
    st.lists(st.sampled_from([0.0, 0.1, math.sqrt(2), math.pi]), min_size=2, max_size=10),
    st.tuples(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8), st.sampled_from([-1e6, 30, 1e9])).map(
        lambda parts: [*parts[0], parts[1]]
    ),
)


@settings(deadline=None, max_examples=300)
@given(SCORES, st.sampled_from([0.005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.995]))
def test_the_error_of_the_grid_is_within_its_bound(scores, level):
    if np.ptp(scores) < 1e-6:
        return
    atoms, error = mean_atoms(scores), 6 * lattice.GRID_ERROR * np.std(scores) / math.sqrt(len(scores))
    [found] = grid_quantiles(scores, [level])
    assert atom_quantile(atoms, level - 4e-6) - error <= found <= atom_quantile(atoms, level + 4e-6) + error


@pytest.mark.parametrize("n", [20, 50])
def test_the_grid_agrees_with_the_exact_lattice(n):
    for row in accuracies(n, rows=5, seed=n):
        exact = bootstrap_ci(row)
        assert exact.method == "percentile bootstrap, lattice"
        error = 6 * lattice.GRID_ERROR * row.std() / math.sqrt(n)
        assert grid_quantiles(row, [0.025, 0.975]) == pytest.approx(limits(exact), abs=error)


@pytest.mark.parametrize("n", [20, 50])
@pytest.mark.parametrize("transform", [np.array, np.exp], ids=["normal", "lognormal"])
def test_where_the_distribution_is_smooth_a_finer_grid_changes_little(n, transform, monkeypatch):
    scores = transform(np.random.default_rng(n).normal(size=n))
    found = limits(bootstrap_ci(scores))
    monkeypatch.setattr(lattice, "GRID_ERROR", 5e-5)
    assert limits(bootstrap_ci(scores)) == pytest.approx(found, abs=1e-5 * scores.std() / math.sqrt(n))


@settings(deadline=None, max_examples=60)
@given(COUNTS, st.sampled_from(METHODS), st.randoms())
def test_order_does_not_matter(counts, method, random):
    shuffled = random.sample(counts, len(counts))
    assert bootstrap_ci(shuffled, method=method) == bootstrap_ci(counts, method=method)


@settings(deadline=None, max_examples=60)
@given(COUNTS, st.sampled_from(METHODS), st.integers(-5000, 5000), st.sampled_from([0.5, 2.0, 1e-4, 100.0]))
def test_shift_and_scale_carry_over(counts, method, shift, scale):
    low, high = limits(bootstrap_ci(counts, method=method))
    moved = limits(bootstrap_ci([scale * (count + shift) for count in counts], method=method))
    assert moved == pytest.approx((scale * (low + shift), scale * (high + shift)), rel=1e-9, abs=1e-9 * scale)


@settings(deadline=None, max_examples=60)
@given(COUNTS, st.sampled_from(METHODS), st.floats(0.05, 0.94))
def test_intervals_nest_and_stay_in_range(counts, method, confidence):
    inner, outer = limits(bootstrap_ci(counts, confidence, method)), limits(bootstrap_ci(counts, 0.95, method))
    assert outer[0] <= inner[0] <= inner[1] <= outer[1]
    if method != "basic":
        assert min(counts) <= outer[0] <= outer[1] <= max(counts)


@settings(deadline=None, max_examples=60)
@given(COUNTS)
def test_mirrored_scores_give_mirrored_bca_intervals(counts):
    # The quantiles themselves mirror only up to one atom, as the inverted distribution function is not symmetric.
    low, high = limits(bootstrap_ci(counts, method="bca"))
    mirrored = limits(bootstrap_ci([-count for count in counts], method="bca"))
    assert mirrored == pytest.approx((-high, -low), abs=np.ptp(counts) / 2 + 1e-9)
    if len(counts) > 8:
        assert mirrored == pytest.approx((-high, -low), abs=np.ptp(counts) / 8 + 1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scores", [[0.1, 0.1], [0.1] * 3, [1 / 3] * 15])
def test_equal_scores_give_a_degenerate_interval(scores, method):
    interval = bootstrap_ci(scores, method=method)
    assert limits(interval) == (scores[0], scores[0])
    assert interval.coverage is None
    assert [limit.tolist() for limit in bootstrap_cis([scores], method=method)] == [[scores[0]], [scores[0]]]


@pytest.mark.parametrize(
    "scores",
    [
        [0.8, 0.8 + 1e-16],
        [1e12, 1e12 + 1, 1e12 + 2],
        [0.0, 1e-300, 2e-300],
        [0.0] * 19 + [1],
        [*np.random.default_rng(0).normal(size=19), 1e150],
        1e-300 * np.random.default_rng(0).normal(size=20),
        1 + np.finfo(float).eps * np.arange(20),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_extreme_scores_stay_ordered_and_finite(scores, method):
    interval = bootstrap_ci(scores, 0.999, method)
    assert np.isfinite(limits(interval)).all()
    assert interval.low <= interval.high


@pytest.mark.parametrize(
    "scores", [[], [0.8], [0.8, math.nan], [0.8, math.inf], ["0.8", "0.9"], [[0.8, 0.9], [0.7, 0.6]], [0.8, None]]
)
def test_unusable_scores_are_refused(scores):
    for call in (
        lambda: bootstrap_ci(scores),
        lambda: bootstrap_difference_ci(scores, X),
        lambda: bootstrap_difference_ci(X, scores),
    ):
        with pytest.raises(DataError):
            call()


def test_unusable_arguments_are_refused():
    with pytest.raises(DataError, match="shape"):
        bootstrap_cis(X)
    with pytest.raises(DataError, match="shape"):
        bootstrap_cis([[0.1], [0.2]])
    with pytest.raises(DataError, match="found nan"):
        bootstrap_cis([[0.1, math.nan]])
    with pytest.raises(DataError, match="found 'studentized'"):
        bootstrap_ci(X, method="studentized")
    with pytest.raises(DataError, match="confidence"):
        bootstrap_cis([X], 95)
    with pytest.raises(DataError, match="shape"):
        bootstrap_methods(X)


@pytest.mark.parametrize("n", [2, 10, 11, 20])
def test_methods_of_many_rows_are_those_of_each(n):
    generator = np.random.default_rng(n)
    rows = [generator.normal(0.9, 0.01, n), generator.integers(8900, 9100, n) / 10_000, np.full(n, 0.9)]

    assert bootstrap_methods(np.stack(rows)) == [bootstrap_ci(row).method for row in rows]


def test_no_variants_give_no_intervals():
    lows, highs = bootstrap_cis(np.empty((0, 3)))
    assert lows.shape == highs.shape == (0,)


@pytest.mark.parametrize("route", ["lattice", "grid"])
def test_a_million_scores(route):
    scores = np.random.default_rng(0).normal(0.84, 0.005, 10**6)
    scores = np.round(scores, 4) if route == "lattice" else scores
    interval = bootstrap_ci(scores)
    assert interval.method == f"percentile bootstrap, {route}"
    half_width = stats.norm.ppf(0.975) * scores.std() / 1000
    assert limits(interval) == pytest.approx(
        (scores.mean() - half_width, scores.mean() + half_width), abs=1e-3 * half_width
    )


def test_the_grid_follows_a_single_huge_outlier():
    # Drawn a Poisson(1) number of times, near enough: 0 to 3 times in the central 95 % (P(> 3) = 1.9 %).
    scores = np.append(np.random.default_rng(0).normal(size=19_999), 1e9)
    low, high = limits(bootstrap_ci(scores))
    assert (low * 20_000 / 1e9, high * 20_000 / 1e9) == pytest.approx((0, 3), abs=1e-3)
