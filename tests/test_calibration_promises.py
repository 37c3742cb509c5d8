"""The decisions that docs/calibration.md simulates are those of the library, and its numbers those of the runs."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.calibrate import promise_tasks
from benchmarks.calibration import alarms, effects, lost, power
from benchmarks.calibration.document import PROMISE_KEY
from benchmarks.calibration.promises import Effort
from benchmarks.calibration.runs import read_pools
from seedwise.statistics.analysis import compare_all
from seedwise.statistics.arm import Arm
from seedwise.statistics.decision import contests, decide_all
from seedwise.statistics.multiple import dunnett
from tests.plans import accuracy_plan

DOCS = Path(__file__).parent.parent / "docs"
STUDIES = 25
LITTLE = Effort(simulated=400, drawn=400, pools=0, drawn_per_pool=0, intervals=100, reports=15)


def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def runs():
    return pd.read_csv(DOCS / "calibration" / "runs.csv")


@pytest.fixture(scope="module")
def promises():
    return pd.read_csv(DOCS / "calibration" / "promises.csv")


def arm(name, scores):
    return Arm(name, tuple(range(len(scores))), np.asarray(scores, dtype=np.float64), 0, 0)


def verdicts(variants, baseline, **declared):
    """Return the library's verdicts, shape (studies, k)."""
    plan, found = accuracy_plan("base", **declared), []
    for arms, base in zip(variants, baseline, strict=True):
        compared = contests([arm(f"v{i}", scores) for i, scores in enumerate(arms)], arm("base", base), plan)
        found.append([str(decision.verdict) for decision in decide_all(compared, plan).decisions])
    return np.array(found)


@pytest.mark.parametrize("rule", ["welch", "paired", "dunnett"])
@pytest.mark.parametrize(("k", "n", "m"), [(1, 3, 3), (5, 3, 10), (20, 5, 5), (5, 10, 4)])
def test_families_are_decided_as_the_library_decides_them(rule, k, n, m):
    m = n if rule == "paired" else m
    generator = rng()
    variants = generator.normal(0, 1, (STUDIES, k, n)) + generator.normal(0, 2, (STUDIES, k, 1))
    baseline = generator.normal(0, 1, (STUDIES, m))
    families = (
        power.summarised_pairs(variants - baseline[:, None, :])
        if rule == "paired"
        else power.summarised(variants, baseline)
    )
    declared = {"paired": {"pairing": "seed"}, "dunnett": {"variance": "pooled"}}.get(rule, {})
    expected = verdicts(variants, baseline, margin=2.5, **declared)

    claimed = power.CLAIMS[rule](families)
    assert (claimed == np.isin(expected, ["BETTER", "WORSE"])).all()
    assert (power.better(families, rule) == (expected[:, 0] == "BETTER")).all()
    if rule != "dunnett":
        assert (power.equivalences(families, 2.5) == (expected == "EQUIVALENT")).all()
    assert 0 < claimed.sum() < claimed.size


@pytest.mark.parametrize("n", lost.SIZES)
def test_studies_that_lost_runs_are_judged_as_the_library_judges_them(n):
    generator = rng()
    better_or_worse = np.resize([[0.235], [0.165]], (40, 1))
    scores, baseline = generator.normal(better_or_worse, 0.02, (40, n)), generator.normal(0.2, 0.02, (40, n))
    gone = generator.random((40, n)) < 0.35
    found = lost.verdicts(scores, gone, baseline)
    signs = {"BETTER": 1, "WORSE": -1}
    seen = set()
    for i in range(40):
        table = pd.DataFrame(
            {
                "variant": ["b"] * n + ["base"] * n,
                "seed": [*range(n)] * 2,
                "status": np.where([*gone[i], *[False] * n], "failed", "finished"),
                "test_accuracy": np.where([*gone[i], *[False] * n], np.nan, [*scores[i], *baseline[i]]),
            }
        )
        row = compare_all(table, accuracy_plan("base")).iloc[0]
        assert found.finished[i] == signs.get(row["verdict"], 0)
        others = [row["verdict_if_worst"], row["verdict_if_mean"]]
        if gone[i].any():
            assert [found.if_worst[i], found.if_mean[i]] == [signs.get(other, 0) for other in others]
        if gone[i].any() and found.finished[i]:
            settled = all(other == row["verdict"] for other in others)
            assert (found.settled[i] != 0) == settled
            seen.add(settled)
    assert seen == {True, False}


def test_runs_are_lost_as_described():
    scores = np.arange(100_000.0).reshape(-1, 10)
    assert lost.losses(scores, "any", 0.3, 0.0, rng()).mean() == pytest.approx(0.3, abs=0.01)
    assert (lost.losses(scores, "lowest", 0.3, 30_000.0, rng()) == (scores < 30_000)).all()


def test_moments_of_normal_studies_are_those_of_runs():
    drawn = power.normal_families((3, 4, 6), 2.0, 1.5, 40_000, rng(), std_others=1.0)
    assert drawn.means.mean(axis=0) == pytest.approx([1.5, 0, 0], abs=0.03)
    assert drawn.means.std(axis=0) == pytest.approx([1, 0.5, 0.5], rel=0.02)
    assert drawn.variances.mean(axis=0) == pytest.approx([4, 1, 1], rel=0.03)
    assert drawn.baseline_means.std() == pytest.approx(1 / np.sqrt(6), rel=0.02)
    pairs = power.normal_pairs(2, 50, 0.5, 2_000, rng())
    assert pairs.variances.mean() == pytest.approx(1, rel=0.02)
    assert np.corrcoef(pairs.means.T)[0, 1] == pytest.approx(power.CORRELATION, abs=0.06)


def test_the_margin_is_the_smallest_for_which_the_seeds_are_enough():
    margin = power.enough_margin("paired", 5, 1)
    seeds = [power.promise("paired", (1, 5, 5), 1, 1, margin=x).seeds_for_equivalence for x in (margin, 0.998 * margin)]
    assert seeds == [5, 6]
    joint = dunnett([power.with_spread(3, 1.0)], power.with_spread(3, 1.0))
    assert joint.variance == pytest.approx(1.0)


def test_the_true_probability_of_improvement_counts_ties_as_half():
    assert effects.true_improvement(np.array([1, 2]), 0.0) == 0.5
    assert effects.true_improvement(np.array([1, 3]), 1.0) == pytest.approx((3 + 0) / 4)
    assert effects.true_improvement(np.array([0, 2]), 2.0) == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def chosen(runs):
    """A few of the measurements."""
    pools = read_pools(runs)
    both, one = [pools.variant, pools.baseline], [pools.baseline]
    yield from (partial(power.simulated_power, "welch", sizes, 3, LITTLE) for sizes in ((1, 3, 3), (20, 3, 30)))
    yield partial(power.simulated_power, "paired", (5, 5, 5), 1, LITTLE)
    yield partial(power.simulated_power, "dunnett", (5, 3, 10), 1, LITTLE)
    yield partial(power.simulated_power, "dunnett", (20, 10, 10), 3, LITTLE, std_others=1.0)
    yield partial(power.simulated_seeds, 5, 1.0, 3, LITTLE)
    yield partial(power.simulated_equivalence, "paired", 1, 3, 1, LITTLE)
    yield partial(power.real_power, "welch", (5, 3, 10), "baseline", one, LITTLE)
    yield partial(power.real_power, "paired", (1, 5, 5), "variant and baseline", both, LITTLE)
    yield partial(power.real_equivalence, 5, "variant", pools.variant, LITTLE)
    yield partial(alarms.simulated, "not rounded, paired", 5, 3, LITTLE)
    yield from lost.tasks(pools, LITTLE)
    yield from effects.tasks(pools, LITTLE)[::9]
    yield alarms.tasks(runs, LITTLE)[-1]


def test_the_committed_rates_are_those_of_the_committed_runs(runs, promises):
    key = list(PROMISE_KEY[:-2])
    recorded = promises.set_index(key).sort_index()
    checked = 0
    for task in chosen(runs):
        for row in task():
            before = recorded.loc[[tuple(getattr(row, name) for name in key)]]
            near = before[np.isclose(before["difference"], row.difference, rtol=1e-3)]
            near = near[near["promised"].isna() | np.isclose(near["promised"], row.promised or 0.0)]
            assert len(near) == 1, row
            rate = near["rate"].iloc[0]
            assert row.rate == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / row.studies) + 0.012), row
            checked += 1
    assert checked > 80


def test_the_observed_spread_hardly_fixes_the_power(promises):
    found = {row.case: row.rate for row in power.observed_spreads(3, LITTLE)}
    recorded = promises[(promises["quantity"] == "observed_spread") & (promises["n"] == 3)].set_index("case")["rate"]
    assert found["below 0.5"] == pytest.approx(recorded["below 0.5"], abs=0.25)
    assert found["quantile 0.1"] < 0.6 < 0.9 < found["quantile 0.9"]


def test_every_measurement_is_recorded(runs, promises):
    found = promise_tasks(runs, LITTLE)
    rows = {"simulated_seeds": 2, "observed_spreads": 4, "measure_lost": 3, "measure": 2}
    rows |= {"simulated": len(alarms.CODES), "real": len(alarms.CODES)}
    assert len(promises) == sum(rows.get(task.func.__name__, 1) for task in found)
    assert not promises.duplicated(list(PROMISE_KEY)).any()


def test_what_the_document_says_about_promises_follows_from_the_rates(promises):
    by = promises.set_index(["quantity", "noise"]).sort_index()
    detected = by.loc[("power", "simulated")]
    assert (detected["rate"] - 0.8).abs().max() < 0.02
    assert (by.loc[("power", "real")]["rate"] - 0.8).abs().max() < 0.05
    seeds = by.loc[("seeds", "simulated")]
    enough = seeds["case"].str.endswith("needed")
    assert seeds["rate"][enough].min() > 0.79
    assert seeds["rate"][~enough].max() < 0.81
    equivalent = by.loc[("equivalence", "simulated")]
    assert equivalent["rate"].min() > 0.785
    lost_runs = by.loc[("lost", "real")]
    equal = lost_runs[lost_runs["case"].str.startswith("equal")]
    assert equal["rate"][equal["rule"] == "settled"].max() < 0.05
    assert equal["rate"][(equal["rule"] == "finished") & equal["case"].str.contains("any")].max() < 0.055
    assert equal["rate"][(equal["rule"] == "finished") & (equal["n"] == 10)].max() > 0.15
    covered = promises[promises["quantity"] == "coverage"]
    g = covered[covered["rule"] == "hedges_g"]
    assert (g["rate"] - g["promised"])[g["noise"] == "simulated"].abs().max() < 0.02
    assert 0.88 < g["rate"][g["case"] == "variant"].min() < 0.93
    improvement = covered[covered["rule"] == "improvement"]
    assert (improvement["rate"] - improvement["promised"]).min() > 0
    alarmed = (
        promises[(promises["quantity"] == "warnings") & (promises["rule"] == "any")].groupby("case")["rate"].mean()
    )
    assert alarmed[list(alarms.KINDS)].max() < 0.05 < alarmed["variant"]
