from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedwise.statistics import DataError, permutation_test, sign_flip_test
from seedwise.statistics.permutation import MONTE_CARLO

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


def test_monte_carlo_never_says_zero():
    high, low = np.arange(20) + 1000.0, np.arange(20) + 0.0

    assert permutation_test(high, low).p_value == permutation_test(high, low).smallest_p == 1 / (MONTE_CARLO + 1)
    assert sign_flip_test(high - low).p_value == 1 / (MONTE_CARLO + 1)


def test_equal_scores_are_no_evidence():
    equal = np.full(3, 0.1 + 0.2)

    assert permutation_test(equal, np.full(3, 0.3)).p_value == 1.0
    assert sign_flip_test(np.zeros(3)).p_value == 1.0


def test_pairs_are_required():
    with pytest.raises(DataError):
        sign_flip_test(np.empty(0))
