"""The rates of the rule of thumb are those of simulated studies, for any number of seeds and any correlation."""

import numpy as np
import pytest

from seedwise.report.text import rule_of_thumb as rates


def simulated(n, m, correlation=0.0, effect=0.0, studies=200_000):
    """How often the separate and the pooled reading claim a difference."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(studies, n)), generator.normal(size=(studies, m))
    if correlation:
        y = correlation * x + np.sqrt(1 - correlation**2) * y
    difference = np.abs(x.mean(axis=1) + effect - y.mean(axis=1))
    own, other = x.var(axis=1, ddof=1), y.var(axis=1, ddof=1)
    pooled = ((n - 1) * own + (m - 1) * other) / (n + m - 2)
    return np.mean(difference > 2 * np.sqrt(own + other)), np.mean(difference > 2 * np.sqrt(pooled))


@pytest.mark.parametrize(
    ("n", "m", "correlation"),
    [(3, 10, 0), (3, 30, 0), (30, 3, 0), (2, 5, 0), (3, 3, 0.9), (3, 3, 0.5), (2, 2, 0.7), (5, 5, -0.5), (4, 4, -0.9)],
)
def test_rates_are_those_of_simulated_studies(n, m, correlation):
    separate, pooled = simulated(n, m, correlation)
    found, _ = simulated(n, m, correlation, effect=2.0)

    # Three standard errors of a simulated rate p are 3·√(p/200 000).
    for rate, seen in (
        (rates.separate_false_positives(n, m, correlation), separate),
        (rates.pooled_false_positives(n, m, correlation), pooled),
        (rates.separate_power(n, m, 2.0, correlation), found),
    ):
        assert rate == pytest.approx(seen, abs=max(3 * np.sqrt(rate / 200_000), 2e-5))


def test_rates_of_unequal_arms_are_not_those_of_the_smaller():
    assert rates.separate_false_positives(3, 10) == pytest.approx(0.0022, abs=0.0001)
    assert rates.separate_false_positives(3, 30) == pytest.approx(0.00036, abs=0.00002)
    assert rates.separate_power(3, 10) == pytest.approx(0.231, abs=0.001)
    assert rates.separate_power(3, 30) == rates.separate_power(30, 3) == pytest.approx(0.201, abs=0.001)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
@pytest.mark.parametrize("correlation", [1e-9, -1e-9])
def test_the_quadrature_agrees_with_the_closed_form_of_independent_equal_arms(n, correlation):
    for rate in (rates.separate_false_positives, rates.pooled_false_positives):
        assert rate(n, n, correlation) == pytest.approx(rate(n, n), abs=1e-6)
    assert rates.separate_power(n, n, 2.0, correlation) == pytest.approx(rates.separate_power(n, n), abs=1e-5)


def test_equal_arms_keep_their_known_rates():
    assert rates.separate_false_positives(3, 3) == pytest.approx(0.0257, abs=0.0001)
    assert rates.pooled_false_positives(3, 3) == pytest.approx(0.0705, abs=0.0002)
    assert rates.separate_power(3, 3) == pytest.approx(0.310, abs=0.001)


def test_shared_luck_makes_false_claims_rarer():
    assert rates.separate_false_positives(3, 3, 0.9) == pytest.approx(0.0017, abs=0.0001)
    assert rates.pooled_false_positives(3, 3, 0.9) == pytest.approx(0.0055, abs=0.0001)
    assert rates.separate_false_positives(3, 3, 1.0) == 0.0
    assert rates.separate_power(3, 3, 0.0, 0.9) == rates.separate_false_positives(3, 3, 0.9)


def test_correlation_follows_from_the_spread_of_the_differences():
    generator = np.random.default_rng(1)
    x = generator.normal(size=4000)
    y = 0.8 * x + 0.6 * generator.normal(size=4000)

    assert rates.correlation_of(x.std(), y.std(), (x - y).std()) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-3)
    assert rates.correlation_of(1.0, 1.0, 2.0) == -1.0
    assert rates.correlation_of(1.0, 1.0, 0.0) == 1.0
    assert rates.correlation_of(0.0, 0.0, 0.0) == 0.0


@pytest.mark.parametrize("arguments", [(1, 3), (3, 4, 0.5), (3, 3, 1.5)])
def test_rates_that_do_not_exist_are_refused(arguments):
    with pytest.raises(ValueError, match=r"seeds|correlat"):
        rates.separate_false_positives(*arguments)
    with pytest.raises(ValueError, match=r"seeds|correlat"):
        rates.pooled_false_positives(*arguments)
