"""How often chance makes gaps, spreads, correlations and ties: against simulation, and with rounded scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from seedwise.statistics.chance import (
    agreement_rate,
    gap_limit,
    negative_correlation_chance,
    resolution,
    spread_chance,
    tie_rate,
    widest_gap,
)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (rng().normal(0.9, 0.002, 9).round(3), 1e-3),
        (rng().integers(5000, 5200, 9) / 6000, 1 / 6000),
        (100 * rng().integers(5000, 5200, 9) / 6000, 1 / 60),
        ((rng().integers(5000, 5200, 9) / 6000).astype(np.float32), 1 / 6000),
        ((rng().integers(8900, 9100, 20) / 10_000).astype(np.float32), 1e-4),
        (rng().normal(0.3, 0.1, 20).round(6), 1e-6),
        ([120.0, 125.0, 131.0], 1.0),
        ([0.912, 0.912, 0.912], 1e-3),
        ([5413 / 6000] * 3, 1 / 6000),
        ([np.nan, 0.912, 0.913], 1e-3),
    ],
)
def test_the_step_of_recorded_scores(values, step):
    assert resolution(np.asarray(values, dtype=np.float64)) == pytest.approx(step, rel=1e-6)


@pytest.mark.parametrize("values", [rng().normal(0.9, 0.01, 9), [0.9127316480912, 0.9127316480912, 0.8879943761]])
def test_scores_in_full_precision_have_the_step_of_floats(values):
    assert resolution(np.asarray(values)) < 1e-15
    # Of two values in single precision, some N below 100 000 may be right by chance.
    assert 0 < resolution(np.asarray(values).astype(np.float32).astype(np.float64)) < 1e-4


def test_no_scores_have_no_step():
    assert resolution(np.array([])) == resolution(np.array([np.nan])) == resolution(np.zeros(3)) == 0.0


@pytest.mark.parametrize("n", [3, 4, 5, 9, 20, 23, 45])
@pytest.mark.parametrize("level", [0.05, 0.02, 0.002])
def test_normal_samples_exceed_the_gap_limit_at_its_level(n, level):
    ordered = np.sort(rng(n).normal(size=(100_000, n)), axis=1)
    share = np.diff(ordered, axis=1).max(axis=1) / np.ptp(ordered, axis=1)
    exceeding = int((share > gap_limit(n, level)).sum())

    assert exceeding / 1e5 == pytest.approx(level, rel=0.06, abs=4 * np.sqrt(level / 1e5))


def test_limits_of_gaps_never_reach_the_whole_range_and_never_fall_with_the_level():
    for n in (3, 4, 5, 12, 35, 100):
        limits = [gap_limit(n, 10.0**-power) for power in (1, 2, 3, 4, 5, 6, 7)]
        assert limits == sorted(limits)
        assert limits[-1] < 1


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("step", [1e-3, 4e-3])
def test_rounding_never_makes_a_study_look_stranger(n, step):
    true = rng(n).normal(0.9, 0.002, (400, 2, n))
    for (a, b), (x, y) in zip(true, (true / step).round() * step, strict=True):
        assert widest_gap(x, step)[2] <= widest_gap(a, 0.0)[2] + 1e-9
        stds = a.std(ddof=1), b.std(ddof=1)
        assert spread_chance((x.std(ddof=1), y.std(ddof=1)), (n, n), step) >= spread_chance(stds, (n, n), 0.0) - 1e-9
        if np.ptp(x) > 0 and np.ptp(y) > 0:
            assert negative_correlation_chance(x, y, step) >= negative_correlation_chance(a, b, 0.0) - 1e-9


def test_chances_of_unrounded_scores_are_those_of_scipy():
    a, b = rng().normal(size=(2, 8))
    b = b - 2 * a
    assert negative_correlation_chance(a, b, 0.0) == pytest.approx(stats.pearsonr(a, b, alternative="less").pvalue)
    ratio = a.var(ddof=1) / b.var(ddof=1)
    two_sided = 2 * min(stats.f.cdf(ratio, 7, 7), stats.f.sf(ratio, 7, 7))
    assert spread_chance((a.std(ddof=1), b.std(ddof=1)), (8, 8), 0.0) == pytest.approx(two_sided)


def test_scores_that_do_not_vary_are_not_correlated():
    assert negative_correlation_chance(np.full(5, 0.1), np.arange(5.0), 0.0) == 1.0


@pytest.mark.parametrize("coarse", [0.05, 0.5, 1.0, 2.0])
def test_rounded_normal_scores_tie_no_more_often_than_said(coarse):
    phases = rng().uniform(size=(1, 200_000))
    rounded = np.rint(rng(1).normal(size=(3, 200_000)) / coarse + phases)
    ties = float((rounded[0] == rounded[1]).mean())
    all_three = float((np.ptp(rounded, axis=0) == 0).mean())

    assert ties == pytest.approx(float(tie_rate(np.array(coarse), np.array(1.0))), rel=0.1) or coarse > 1
    assert ties <= 1.05 * float(tie_rate(np.array(coarse), np.array(1.0)))
    assert all_three <= 1.1 * agreement_rate(coarse, 1.0, 3) + 1e-4
