"""Alpha spending: published boundaries, and the false claims that t tests at its levels really make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from seedwise.statistics.intervals import DataError
from seedwise.statistics.spending import SMALLEST_ALPHA, obrien_fleming_spent, spend, spending_at


def test_the_published_boundaries_of_five_equal_looks():
    # Two-sided 5 %, O'Brien-Fleming-type spending, t = .2, .4, .6, .8, 1: program ld98 (Reboussin, DeMets, Kim & Lan
    # 2000) and its successor, R's ldbounds; gsDesign's sfLDOF has 3.3570 for the second.
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    found = spend([1, 2, 3, 4, 5])
    assert [look.z for look in found] == pytest.approx(published, abs=2e-4)
    assert [look.share for look in found] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_one_look_is_an_ordinary_test():
    (only,) = spend([7])
    assert (only.z, only.nominal_alpha, only.spent) == pytest.approx((stats.norm.isf(0.025), 0.05, 0.05))


def test_two_looks_agree_with_the_bivariate_normal():
    first, second = spend([3, 10], alpha=0.1)
    covariance = [[1, 0.3**0.5], [0.3**0.5, 1]]
    inside = stats.multivariate_normal(cov=covariance).cdf([first.z, second.z], lower_limit=[-first.z, -second.z])
    assert 1 - inside == pytest.approx(0.1, abs=1e-6)
    assert first.nominal_alpha == pytest.approx(obrien_fleming_spent(0.3, 0.1))


@given(st.sets(st.integers(2, 60), min_size=1, max_size=4), st.sampled_from([0.01, 0.05, 0.1]))
def test_no_look_has_less_than_it_spends_or_more_than_is_spent_by_then(looks, alpha):
    # Crossing for the first time is rarer than crossing, and that is rarer than having crossed by now.
    before = 0.0
    for look in spend(sorted(looks), alpha):
        assert look.spent - before <= look.nominal_alpha * (1 + 1e-9)
        assert look.nominal_alpha <= look.spent * (1 + 1e-9)
        before = look.spent
    assert before == pytest.approx(alpha)


def test_a_look_that_comes_too_early_claims_next_to_nothing_and_stays_a_number():
    early, last = spend([2, 1000])
    assert early.nominal_alpha == pytest.approx(SMALLEST_ALPHA)
    assert last.nominal_alpha == pytest.approx(0.05, abs=1e-5)


@pytest.mark.parametrize("looks", [[], [3, 3], [5, 3], [0, 3]])
def test_looks_must_increase(looks):
    with pytest.raises(DataError, match="looks must be whole numbers that increase"):
        spend(looks)
    with pytest.raises(DataError, match="alpha"):
        spend([3], alpha=0.0)


def test_the_level_of_a_look_is_found_by_its_seeds():
    assert spending_at((3, 5, 10), 5) == spend([3, 5, 10])[1]
    with pytest.raises(DataError, match="no look is declared at 4 seeds; the looks are at 3, 5, 10 seeds"):
        spending_at((3, 5, 10), 4)


def claims(looks, variants, studies, seed):
    """Share of null studies with any claim: t tests at each look, Holm over the variants, stopped never."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(studies, variants + 1, looks[-1]))
    claimed = np.zeros(studies, dtype=bool)
    for look in spend(looks):
        n = round(look.share * looks[-1])
        baseline, others = scores[:, :1, :n], scores[:, 1:, :n]
        p = stats.ttest_ind(others, baseline, axis=2, equal_var=False).pvalue
        claimed |= p.min(axis=1) < look.nominal_alpha / variants  # Holm claims something where Bonferroni does
    return claimed.mean()


@pytest.mark.parametrize(("looks", "variants"), [((3, 5, 10), 1), ((5, 10, 15, 20), 1), ((3, 5, 10), 2)])
def test_t_tests_at_these_levels_make_about_as_many_false_claims_as_declared(looks, variants):
    rate = claims(looks, variants, 40_000, seed=1)
    assert 0.035 < rate < 0.0545, rate  # standard error 0.0011
