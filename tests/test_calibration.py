from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.calibrate import tasks
from benchmarks.calibration.document import render
from benchmarks.calibration.draws import NormalNoise, OnePool, TwoPools
from benchmarks.calibration.measure import (
    SIZES,
    Effort,
    coverages,
    false_claim_rates,
    measure_claims,
    measure_normal_coverage,
    pool_standard_error,
    powers,
)
from benchmarks.calibration.rules import ALPHA, apply_family_rules, apply_rules
from benchmarks.calibration.runs import describe, read_pools
from seedwise.statistics import bootstrap_ci, compare, holm, t_interval

DOCS = Path(__file__).parent.parent / "docs"
NORMAL = NormalNoise((8300.0, 8300.0), (80.0, 80.0))


def rng():
    return np.random.default_rng(20)


def normal_pool(size, mean=8300, std=80, seed=3):
    return np.rint(np.random.default_rng(seed).normal(mean, std, size)).astype(np.int64)


@pytest.fixture(scope="module")
def runs():
    return pd.read_csv(DOCS / "calibration" / "runs.csv")


@pytest.fixture(scope="module")
def measured():
    return pd.read_csv(DOCS / "calibration" / "measured.csv")


@pytest.fixture(scope="module")
def promises():
    return pd.read_csv(DOCS / "calibration" / "promises.csv")


@pytest.mark.parametrize("n", SIZES)
def test_rules_claim_what_the_library_claims(n):
    pool = normal_pool(60)
    studies = TwoPools(pool[:30] + 70, pool[30:], aligned=True, same_seeds=True).draw(n, 12, rng())
    claims, family = apply_rules(studies), apply_family_rules(studies)
    for i, (variant, baseline, copy) in enumerate(zip(*studies.arms, strict=True)):
        one, paired = compare(variant, baseline), compare(variant, baseline, pairing="seed")
        sign = int(np.sign(one.difference))
        assert claims["welch"][i] == sign * (one.p_value < ALPHA)
        assert claims["paired_t"][i] == sign * (paired.p_value < ALPHA)
        assert claims["permutation"][i] == sign * (one.permutation_p < ALPHA)
        assert claims["rule_separate"][i] == sign * one.rule_separate
        assert claims["rule_pooled"][i] == sign * one.rule_pooled
        adjusted = holm([one.p_value, compare(copy, baseline).p_value])
        assert [bool(signs[i]) for signs in family["holm_welch"]] == [p < ALPHA for p in adjusted]
        t, t0 = t_interval(variant), t_interval(baseline)
        assert claims["t_overlap"][i] == (t.low > t0.high) - (t.high < t0.low)
        boot, boot0 = bootstrap_ci(studies.variant[i]), bootstrap_ci(studies.baseline[i])
        gap = studies.variant_shift[i] - studies.baseline_shift[i]
        apart = float(boot.low + gap - boot0.high), float(boot0.low - boot.high - gap)
        assert claims["percentile_overlap"][i] == int(apart[0] > 0) - int(apart[1] > 0)


@pytest.mark.parametrize("n", SIZES)
def test_percentile_interval_of_the_difference_is_the_librarys(n):
    studies = NormalNoise((8330.0, 8300.0), (40.0, 40.0)).draw(n, 40, rng())
    signs = apply_rules(studies)["percentile_difference"]
    limits = [compare(a, b) for a, b in zip(studies.variant, studies.baseline, strict=True)]
    assert signs.tolist() == [(x.bootstrap_low > 0) - (x.bootstrap_high < 0) for x in limits]
    # A shift by whole counts is the same as other counts.
    shifted = replace(studies, variant=studies.variant - 35, variant_shift=np.full(40, 35.0))
    assert apply_rules(shifted)["percentile_difference"].tolist() == signs.tolist()
    assert 0 < np.count_nonzero(signs) < 40


def test_a_touching_percentile_interval_does_not_exclude_zero():
    studies = NORMAL.draw(3, 1, rng())
    touching = replace(studies, variant=np.array([[10, 12, 14]]), baseline=np.array([[8, 9, 10]]))
    assert apply_rules(touching)["percentile_difference"].tolist() == [1]
    assert apply_rules(touching)["percentile_overlap"].tolist() == [0]


@pytest.mark.slow
def test_normal_noise_gives_the_specified_false_claim_rates_and_power():
    claims = {n: false_claim_rates(NORMAL.draw(n, 8000 if n == 3 else 1500, rng())) for n in (3, 5)}
    expected = {"percentile_difference": 0.195, "welch": 0.033, "rule_separate": 0.026, "rule_pooled": 0.070}
    for rule, rate in expected.items():
        assert claims[3][rule] == pytest.approx(rate, abs=4 * np.sqrt(rate / 8000)), rule
    assert claims[3]["permutation"] == 0
    assert claims[3]["pooled_t"] == pytest.approx(0.05, abs=0.008)
    assert claims[5]["permutation"] == pytest.approx(0.0476, abs=0.022)  # 12 of 252 splits are as extreme
    assert claims[5]["welch"] == pytest.approx(0.045, abs=0.02)
    assert claims[5]["holm_welch"] < claims[5]["welch_family"]
    two = NormalNoise((8460.0, 8300.0), (80.0, 80.0))
    assert powers(two.draw(3, 3000, rng()), 1)["rule_separate"] == pytest.approx(0.31, abs=0.035)
    assert powers(two.draw(5, 800, rng()), 1)["rule_separate"] == pytest.approx(0.22, abs=0.06)


@pytest.mark.slow
def test_normal_noise_gives_the_specified_coverage():
    measured = {n: measure_normal_coverage("normal", normal_pool(80), n, Effort(6000, 0, 0)) for n in (3, 5)}
    found = {n: {row.rule: row.rate for row in rows} for n, rows in measured.items()}
    assert found[3]["percentile"] == pytest.approx(0.75, abs=0.02)
    assert found[5]["percentile"] == pytest.approx(0.84, abs=0.02)
    assert found[3]["bca"] == pytest.approx(0.72, abs=0.02)
    assert found[5]["bca"] == pytest.approx(0.85, abs=0.02)
    assert found[3]["t"] == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("kind", ["one pool", "recentred"])
def test_studies_drawn_from_pools_give_the_rates_of_fresh_runs(kind):
    """Without the correction, two pools would give 2.4 % instead of 5 % at n = 10 of 40."""
    rates = []
    for seed in range(40):
        pool = normal_pool(80, seed=seed)
        population = (
            OnePool(pool) if kind == "one pool" else TwoPools(pool[:40], pool[40:], False, False, recentred=True)
        )
        drawn = population.draw(10, 250, np.random.default_rng(seed))
        a, b, _ = drawn.arms
        t = (a.mean(axis=1) - b.mean(axis=1)) / np.sqrt((a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / 10)
        rates.append(np.mean(np.abs(t) > 2.1009))
    assert np.mean(rates) == pytest.approx(0.05, abs=0.009)


def test_coverage_in_pools_is_that_of_fresh_runs():
    found = [coverages(normal_pool(80, seed=seed), 5, 200, np.random.default_rng(seed)) for seed in range(30)]
    assert np.mean([rates["t"] for rates in found]) == pytest.approx(0.95, abs=0.012)
    assert np.mean([rates["percentile"] for rates in found]) == pytest.approx(0.839, abs=0.02)


def test_no_run_occurs_twice_in_a_study():
    studies = OnePool(np.arange(80)).draw(10, 50, rng())
    together = np.concatenate([studies.variant, studies.baseline, studies.copy], axis=1)
    assert all(len(set(row)) == 30 for row in together.tolist())
    same = TwoPools(np.arange(80), np.arange(80), aligned=True, same_seeds=True).draw(5, 50, rng())
    assert (same.variant == same.baseline).all()
    assert not (same.copy == same.baseline).any()


def test_identical_runs_are_no_evidence():
    studies = OnePool(np.full(12, 8300)).draw(3, 4, rng())
    assert set(false_claim_rates(studies).values()) == {0.0}


def test_uncertainty_of_the_pool():
    spread = np.random.default_rng(0).normal(0.3, 0.08, 400)
    counts = np.random.default_rng(1).binomial(200, np.clip(spread, 0, 1))
    assert pool_standard_error(list(counts / 200), 200) == pytest.approx(0.08, rel=0.15)
    assert pool_standard_error([0.0] * 10, 100) == 0.0
    pool = normal_pool(40)
    pools = TwoPools(pool + 80, pool[::-1], aligned=False, same_seeds=False)
    found = measure_claims("power", "test", pools, 3, Effort(400, 8, 100), direction=1)
    welch = next(row for row in found if row.rule == "welch")
    assert welch.pool_se > welch.mc_se > 0


def test_pools_are_read_by_seed_and_described():
    variants, seeds = ["b", "baseline", "baseline", "b", "baseline", "b"], [1, 1, 0, 0, 2, 2]
    scores = [0.83, 0.8201, 0.82, 0.81, 0.8, 0.8]
    table = pd.DataFrame({"variant": variants, "seed": seeds, "status": "finished", "test_accuracy": scores})
    pools = read_pools(table)
    assert pools.name == "b"
    assert pools.variant.tolist() == [8100, 8300, 8000]
    assert pools.baseline.tolist() == [8200, 8201, 8000]
    with pytest.raises(ValueError, match="finished runs"):
        read_pools(table.assign(status="diverged"))
    with pytest.raises(ValueError, match="same seeds"):
        read_pools(table[:-1])
    noise = describe(normal_pool(4000))
    assert noise.std == pytest.approx(0.8, rel=0.05)
    assert abs(noise.skewness) < 3 * noise.skewness_se
    assert noise.skewness_se == pytest.approx(np.sqrt(6 / 4000), rel=0.01)
    assert noise.kurtosis_se == pytest.approx(np.sqrt(24 / 4000), rel=0.01)


def test_the_committed_document_is_that_of_the_committed_data(runs, measured, promises):
    assert (DOCS / "calibration.md").read_text(encoding="utf-8") == render(runs, measured, promises)


@pytest.mark.slow
def test_the_committed_rates_are_those_of_the_committed_runs(runs, measured):
    pools = read_pools(runs)
    assert len(pools.baseline) >= 80
    recorded = measured.set_index(["quantity", "setting", "rule", "n"])
    checked = 0
    for task in tasks(pools, Effort(400, 0, 0), sizes=(3, 5)):
        for row in task():
            before = recorded.loc[(row.quantity, row.setting, row.rule, row.n)]
            allowed = 5 * np.sqrt(before["rate"] * (1 - before["rate"]) / 400) + 0.006
            assert row.rate == pytest.approx(before["rate"], abs=allowed), row
            checked += 1
    assert checked == 2 * (5 * 11 + 3 * 10 + 3 * 4)
    assert len(recorded) == 3 * (5 * 11 + 3 * 10 + 3 * 4)


def test_the_document_s_conclusions_follow_from_the_rates(measured):
    rates = measured.set_index(["quantity", "setting", "rule", "n"])["rate"]
    false = rates["false_claims"]["one_pool"]
    assert false["percentile_difference", 3] > 0.15
    assert false["percentile_difference", 10] > 0.06
    assert all(false["welch", n] < 0.06 for n in SIZES)
    assert false["welch_family", 10] > 0.07 > 0.06 > false["holm_welch", 10]
    assert false["percentile_overlap", 3] > 0.05 > false["percentile_overlap", 10]
    assert false["t_overlap", 3] < 0.01
    power, paired = rates["power"]["effect_other_seeds"], rates["power"]["effect"]
    assert power["rule_pooled", 3] > power["rule_pooled", 5] > power["rule_pooled", 10]
    assert power["welch", 3] < power["welch", 5] < power["welch", 10]
    assert power["permutation", 5] == pytest.approx(power["welch", 5], abs=0.05)
    assert all(paired["paired_t", n] > paired["welch", n] + 0.03 for n in (5, 10))
    assert power["paired_t", 10] < power["welch", 10]
    recentred = rates["false_claims"]["effect_recentred"]
    assert all(recentred["welch", n] < 0.04 < recentred["paired_t", n] < 0.07 for n in (5, 10))
    assert max(power["welch", 3], paired["paired_t", 3]) < 0.5
    for pool in ("baseline", "variant"):
        covered = rates["coverage"][pool]
        assert max(covered[name, 3] for name in ("percentile", "basic", "bca")) < 0.8 < 0.92 < covered["t", 3]
