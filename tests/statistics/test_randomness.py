"""Sources of variance: shares with intervals that cover, also when runs of one seed share a source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seedwise.statistics.intervals import DataError
from seedwise.statistics.randomness import contributions, variance_share

EVERYTHING = ("init", "order")


def runs(**scores):
    rows = [{"variant": v, "seed": i, "m": x} for v, values in scores.items() for i, x in enumerate(values)]
    return pd.DataFrame(rows)


def test_a_share_is_the_ratio_of_variances_with_its_f_interval():
    found = variance_share([1.0, 2.0, 3.0, 4.0], [0.0, 4.0, 8.0])
    assert found.share == pytest.approx((5 / 3) / 16)
    # The F test of equal variances is the interval turned round: at its ends, p is 5 %.
    for end, tail in ((found.low, stats.f.sf), (found.high, stats.f.cdf)):
        assert tail(found.share / end, 3, 2) == pytest.approx(0.025)


def test_the_published_example_of_a_variance_ratio():
    # NIST/SEMATECH e-Handbook 1.3.5.9, ceramic strength: two batches of 240 with standard deviations 65.54909 and
    # 61.85425, F = 1.123037, upper critical value 1.2894 at 5 %.
    scale = [(-1) ** i for i in range(240)]
    found = variance_share([65.54909 * x for x in scale], [61.85425 * x for x in scale])
    assert found.share == pytest.approx(1.123037, abs=1e-6)
    assert found.share / found.low == pytest.approx(1.2894, abs=1e-4)
    assert found.low < 1 < found.high


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_the_interval_covers_the_true_share_also_when_runs_share_a_source(shared):
    rng, n, covered = np.random.default_rng(0), 10, 0
    for _ in range(2000):
        source = rng.normal(0, np.sqrt(0.4), n)
        own = rng.normal(0, np.sqrt(0.4), n) if shared == 0 else source
        found = variance_share(own, source + rng.normal(0, np.sqrt(0.6), n))
        covered += found.low <= 0.4 <= found.high
    assert covered / 2000 >= 0.94


def test_a_source_without_effect_has_share_zero_and_no_interval():
    found = variance_share([0.5, 0.5, 0.5], [0.1, 0.2, 0.3])
    assert (found.share, found.low, found.high) == (0.0, None, None)
    assert variance_share([0.1, 0.2], [0.5, 0.5]) is None
    with pytest.raises(DataError):
        variance_share([0.1], [0.1, 0.2])


def test_rows_keep_their_order_and_compare_with_the_variant_in_which_all_varies():
    table = runs(init=[1.0, 2.0, 3.0], all=[1.0, 3.0, 5.0], none=[2.0, 2.0, 2.0])
    varied = {"init": ("init",), "all": ("order", "init"), "none": ()}
    init, everything, none = contributions(table, "m", varied, EVERYTHING)
    assert (init.variant, init.varied, init.n, init.std, init.reference) == ("init", "init", 3, 1.0, "all")
    assert init.share == pytest.approx(0.25)
    assert init.share_low < 0.25 < init.share_high
    assert (everything.share, everything.reference) == (None, "")
    assert everything.std_low < 2.0 < everything.std_high
    assert (none.varied, none.std, none.share) == ("", 0.0, 0.0)


def test_without_a_variant_in_which_all_varies_there_are_no_shares():
    rows = contributions(runs(a=[1.0, 2.0], b=[1.0, 3.0]), "m", {"a": ("init",), "b": ("order",)}, EVERYTHING)
    assert [(row.reference, row.share) for row in rows] == [("", None)] * 2
    assert rows[0].std == pytest.approx(0.5**0.5)


def test_a_run_without_a_value_leaves_its_variant_undefined():
    table = runs(all=[1.0, 2.0, np.nan], init=[1.0, 2.0, 3.0], one=[1.0])
    rows = contributions(table, "m", {"all": EVERYTHING, "init": ("init",), "one": ("order",)}, EVERYTHING)
    assert [row.std is None for row in rows] == [True, False, True]
    assert [row.share for row in rows] == [None] * 3
