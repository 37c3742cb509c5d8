import time
import tracemalloc
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from seedwise.statistics import DataError, permutation_test, sign_flip_test
from seedwise.statistics.permutation import MONTE_CARLO
from seedwise.statistics.ttest import SMALLEST_P

A = np.array([0.842, 0.838, 0.851])
B = np.array([0.861, 0.855, 0.858])
counts = st.lists(st.integers(0, 30), min_size=1, max_size=5)


@pytest.mark.parametrize(("n", "unpaired", "paired"), [(3, 0.10, 0.25), (4, 2 / 70, 0.125), (6, 2 / 924, 0.03125)])
def test_smallest_p_is_attained_by_separated_arms(n, unpaired, paired):
    high, low = np.arange(n) + 100.0, np.arange(n) + 0.0

    two_sample, signs = permutation_test(high, low), sign_flip_test(high - low)

    assert two_sample.p_value == pytest.approx(unpaired) == two_sample.smallest_p
    assert signs.p_value == pytest.approx(paired) == signs.smallest_p


def test_unequal_arms_have_no_mirror_image():
    found = permutation_test(np.array([10.0, 11.0]), np.array([0.0, 1.0, 2.0]))

    assert found.p_value == found.smallest_p == 0.1


@settings(deadline=None)
@given(counts, counts)
def test_exact_p_is_that_of_listing_every_split_in_integers(a, b):
    pooled, n, m = a + b, len(a), len(b)
    observed = abs(sum(a) * m - sum(b) * n)
    sums = [sum(pooled[i] for i in group) for group in combinations(range(n + m), n)]
    extreme = sum(abs(s * m - (sum(pooled) - s) * n) >= observed for s in sums)

    # Scores as fractions of 30 test examples: equal in theory, apart by float noise in practice.
    found = permutation_test(np.array(a) / 30, np.array(b) / 30)

    assert found.p_value == pytest.approx(extreme / len(sums), abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_sign_flips_are_those_of_listing_every_sign(differences):
    observed = abs(sum(differences))
    flips = [abs(sum(signed)) for signed in product(*([d, -d] for d in differences))]

    found = sign_flip_test(np.array(differences) / 10)

    assert found.p_value == pytest.approx(np.mean(np.array(flips) >= observed))


def test_monte_carlo_agrees_with_the_exact_test_and_is_seeded():
    generator = np.random.default_rng(0)
    a, b = generator.normal(0.8, 1, 14), generator.normal(0, 1, 14)
    exact = permutation_test(a, b)
    wide = permutation_test(np.append(a, a.mean()), np.append(b, b.mean()))

    assert exact.exact
    assert not wide.exact
    assert wide.p_value == pytest.approx(exact.p_value, abs=0.05)
    assert wide == permutation_test(np.append(a, a.mean()), np.append(b, b.mean()))
    assert wide.p_value != permutation_test(np.append(a, a.mean()), np.append(b, b.mean()), seed=1).p_value


def listed_p(a, b):
    """Two-sided p by listing all splits."""
    pooled = np.concatenate([a, b]) - np.concatenate([a, b]).mean()
    groups = np.array(list(combinations(range(len(pooled)), len(a))))
    return np.mean(np.abs(pooled[groups].sum(axis=1)) >= abs(pooled[: len(a)].sum()) - 1e-9)


@pytest.mark.parametrize(("n", "m"), [(1, 40), (2, 60), (3, 30), (30, 3), (4, 15), (5, 16)])
def test_unequal_arms_are_exact_if_their_splits_are_few(n, m):
    generator = np.random.default_rng(n * m)
    a, b = generator.normal(1.2, 1, n), generator.normal(0, 1, m)
    found = permutation_test(a, b)

    assert found.method == "exact"
    assert found.exact
    assert found.p_value == pytest.approx(listed_p(a, b), abs=1e-12)
    assert found.smallest_p == 1 / comb(n + m, n)
    assert permutation_test(np.arange(n) + 1000.0, np.arange(m) + 0.0).p_value == found.smallest_p


EXACT, DRAWN, APPROXIMATED = "exact", "Monte Carlo", "approximation"
METHODS = {
    (14, 14): EXACT,
    (2, 1412): EXACT,
    (10, 13): EXACT,
    (5, 40): DRAWN,
    (15, 15): DRAWN,
    (250, 250): DRAWN,
    (49, 452): DRAWN,
    (250, 251): APPROXIMATED,
}


@pytest.mark.parametrize(("n", "m"), METHODS)
def test_method_follows_from_the_number_of_splits(n, m):
    generator = np.random.default_rng(0)
    found = permutation_test(generator.normal(size=n), generator.normal(size=m))

    assert found.method == METHODS[n, m]
    assert found.exact == (found.method == EXACT)
    assert 0 < found.p_value <= 1


def test_drawn_groups_of_many_runs_agree_with_the_exact_test():
    # An arm of one run, with too many others to count splits: p is the share of runs as far from the mean.
    values = np.random.default_rng(2).normal(size=1_200_000)
    values[0] = 1.8
    found = permutation_test(values[:1], values[1:])

    assert found.method == "Monte Carlo"
    assert found.p_value == pytest.approx(np.mean(np.abs(values - values.mean()) >= 1.8), abs=0.01)


SHAPES = {
    "normal": lambda generator, n: generator.normal(size=n),
    "exponential": lambda generator, n: generator.exponential(size=n),
    "lognormal": lambda generator, n: generator.lognormal(0, 0.6, n),
}


def in_the_tail(a, b, p):
    """Shift `a` so that the t test would give p."""
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a - a.mean() + b.mean() + stats.norm.isf(p / 2) * error, b


@pytest.mark.parametrize("shape", ["exponential", "lognormal"])
@pytest.mark.parametrize(("n", "m"), [(401, 400), (50, 1000), (3000, 60)])
def test_approximation_agrees_with_drawing(shape, n, m):
    generator = np.random.default_rng(n)
    a, b = in_the_tail(SHAPES[shape](generator, n), SHAPES[shape](generator, m), 0.05)
    pooled = np.concatenate([a, b]) - np.concatenate([a, b]).mean()
    drawn = np.array([generator.choice(pooled, min(n, m), replace=False, shuffle=False).sum() for _ in range(20_000)])
    expected = np.mean(np.abs(drawn) >= abs(pooled[:n].sum()))
    found = permutation_test(a, b)

    assert found.method == "approximation"
    assert found.p_value == pytest.approx(expected, abs=0.006)  # 20 000 draws: standard error 0.0016


@pytest.mark.parametrize(("n", "m"), [(300, 300), (60, 600), (3000, 4000)])
@pytest.mark.parametrize("errors", [(0.02, 0.05), (0.1, 0.14), (0.4, 0.5)])
def test_approximation_of_right_and_wrong_answers_is_fishers_exact_test(n, m, errors):
    wrong, wrong_baseline = round(errors[0] * n), round(errors[0] * m + 1.9 * np.sqrt(errors[0] * m * (1 + m / n)))
    a, b = np.ones(n), np.ones(m)
    a[:wrong], b[:wrong_baseline] = 0, 0
    total = wrong + wrong_baseline
    possible = np.arange(total + 1)
    extreme = np.abs(possible - total * n / (n + m)) >= abs(wrong - total * n / (n + m)) - 1e-9
    expected = stats.hypergeom.pmf(possible, n + m, total, n)[extreme].sum()
    found = permutation_test(a, b)

    assert found.method == "approximation"
    assert found.p_value == pytest.approx(expected, abs=0.003)


def test_approximation_of_paired_right_and_wrong_answers_is_mcnemars_exact_test():
    for gained, lost in [(330, 280), (290, 240), (5300, 5100)]:
        differences = np.concatenate([np.ones(gained), -np.ones(lost), np.zeros(4000)])
        found = sign_flip_test(differences)
        assert found.method == "approximation"
        assert found.p_value == pytest.approx(stats.binomtest(gained, gained + lost).pvalue, abs=5e-4)


def test_pairs_without_a_difference_do_not_make_the_test_inexact():
    differences = np.concatenate([np.full(17, 0.1), np.full(5, -0.1), np.zeros(5000)])
    found = sign_flip_test(differences, scale=1.0)

    assert found.exact
    assert found.p_value == pytest.approx(stats.binomtest(17, 22).pvalue)
    assert found.smallest_p == SMALLEST_P


@pytest.mark.parametrize("shape", ["normal", "lognormal"])
def test_approximation_of_sign_flips_agrees_with_drawing(shape):
    generator = np.random.default_rng(3)
    differences = SHAPES[shape](generator, 600) * generator.choice([-1, 1], 600)
    differences += (1.9 * np.sqrt((differences**2).sum()) - differences.sum()) / 600
    drawn = np.abs(generator.choice([-1.0, 1.0], (20_000, 600)) @ differences)
    found = sign_flip_test(differences)

    assert found.method == "approximation"
    assert found.p_value == pytest.approx(np.mean(drawn >= differences.sum()), abs=0.006)


def test_half_a_million_runs_are_tested_in_little_time_and_memory():
    generator = np.random.default_rng(4)
    a, b = generator.normal(0.004, 1, 500_000), generator.normal(0, 1, 500_000)
    tracemalloc.start()
    start = time.process_time()
    unpaired, paired = permutation_test(a, b), sign_flip_test(a - b)
    elapsed, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert elapsed < 10
    assert peak < 500e6
    assert unpaired.p_value == pytest.approx(stats.ttest_ind(a, b).pvalue, abs=1e-4)
    assert paired.p_value == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=1e-4)
    assert unpaired.smallest_p == paired.smallest_p == SMALLEST_P


def test_diverged_runs_among_many_are_drawn():
    generator = np.random.default_rng(6)
    a, b = generator.normal(size=300), generator.normal(size=300)
    a[:2] = 1e6
    unpaired, paired = permutation_test(a, b), sign_flip_test(np.append(a, b))

    pooled = np.append(a, b) - np.append(a, b).mean()
    sums = generator.permuted(np.tile(pooled, (4000, 1)), axis=1)[:, :300].sum(axis=1)

    assert unpaired.method == paired.method == "Monte Carlo"
    assert unpaired.p_value == pytest.approx(np.mean(np.abs(sums) >= pooled[:300].sum()), abs=0.02)
    # The signs of both agree in half of all arrangements; then the others decide.
    others = np.append(a[2:], b)
    flipped = generator.choice([-1.0, 1.0], (4000, others.size)) @ others
    assert paired.p_value == pytest.approx(0.5 * np.mean(flipped >= others.sum()), abs=0.02)


def test_approximation_of_arms_without_overlap_is_not_below_the_smallest_p():
    high, low = np.arange(300) + 1e6, np.arange(300) + 0.0

    assert permutation_test(high, low).p_value >= permutation_test(high, low).smallest_p > 0
    assert sign_flip_test(high).p_value >= sign_flip_test(high).smallest_p > 0


def test_one_unusual_run_among_equal_ones_is_no_evidence():
    assert permutation_test(np.append(np.zeros(299), 1.0), np.zeros(300)).p_value == pytest.approx(1.0, abs=1e-6)
    assert permutation_test(np.zeros(300), np.zeros(300)).p_value == 1.0


def test_monte_carlo_never_says_zero():
    high, low = np.arange(30) + 1000.0, np.arange(30) + 0.0

    assert permutation_test(high, low).p_value == permutation_test(high, low).smallest_p == 1 / (MONTE_CARLO + 1)
    assert sign_flip_test(high - low).p_value == 1 / (MONTE_CARLO + 1)


def test_equal_scores_are_no_evidence():
    equal = np.full(3, 0.1 + 0.2)

    assert permutation_test(equal, np.full(3, 0.3)).p_value == 1.0
    assert sign_flip_test(np.zeros(3)).p_value == 1.0


def test_pairs_are_required():
    with pytest.raises(DataError):
        sign_flip_test(np.empty(0))
