"""How often a report of a study in which nothing is wrong has a warning that chance can cause.

Studies of normal noise are those of `benchmarks.false_alarms`; the others are drawn from the real runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.calibration.draws import positions
from benchmarks.calibration.measure import generator
from benchmarks.calibration.promises import REAL, SIMULATED, Effort, Promise, measured, unmeasured
from benchmarks.calibration.runs import BASELINE, TEST_IMAGES
from benchmarks.false_alarms import rates as simulated_rates
from seedwise.plan import Plan
from seedwise.statistics.warnings import FALSE_ALARMS, find_warnings

ANY = "any"
CODES = (*FALSE_ALARMS, ANY)
PROMISED = {**FALSE_ALARMS, ANY: sum(FALSE_ALARMS.values())}
METRIC, OTHER_METRIC = "test_accuracy", "test_loss"
# Arms with so many seeds each.
SIMULATED_STUDIES = tuple((arms, n) for arms in (2, 5, 21) for n in (3, 10))
REAL_STUDIES = ((2, 3), (2, 10), (5, 3), (5, 10))
PAIRED_SEEDS = (3, 5, 10)
KINDS = {
    "counts, and a loss": {"rounding": "counts / 10000, single precision", "loss": True, "pairing": "none"},
    "not rounded": {"rounding": "full", "loss": False, "pairing": "none"},
    "not rounded, paired": {"rounding": "full", "loss": False, "pairing": "seed"},
}


def _rows(noise: str, case: str, arms: int, seeds: int, found: dict[str, float], studies: int) -> list[Promise]:
    sizes = arms - 1, seeds, seeds
    return [
        measured(unmeasured("warnings", noise, code, case, sizes, studies, promised=PROMISED[code]), found[code])
        for code in CODES
    ]


def simulated(case: str, arms: int, seeds: int, effort: Effort) -> list[Promise]:
    """Measure the rates in studies of normal noise."""
    rng = generator("warnings", case, arms, seeds)
    found = simulated_rates(rng, effort.reports, arms=arms, seeds=seeds, **KINDS[case])
    return _rows(SIMULATED, case, arms, seeds, found, effort.reports)


def real(case: str, pools: list[pd.DataFrame], arms: int, seeds: int, effort: Effort) -> list[Promise]:
    """Measure the rates in studies of real runs.

    Args:
        case: what is drawn.
        pools: the runs of one variant, from which all arms are drawn, no run twice; or those of two variants in the
            order of their seeds, which are then paired.
        arms: number of arms.
        seeds: runs of each.
        effort: how many studies.
    """
    rng = generator("warnings", REAL, case, arms, seeds)
    plan = Plan(metric=METRIC, higher_is_better=True, baseline="v0", pairing="none" if len(pools) == 1 else "seed")
    counts: Counter[str] = Counter()
    of_each = arms * seeds if len(pools) == 1 else seeds
    for chosen in positions(len(pools[0]), of_each, effort.reports, rng):
        runs = pd.concat([pool.iloc[chosen] for pool in pools], ignore_index=True)
        # All runs of a pool have different seeds; those of a study are renamed so that its arms have the same ones.
        runs["variant"] = np.repeat([f"v{index}" for index in range(arms)], seeds)
        runs["seed"] = np.tile(np.arange(seeds), arms)
        found = find_warnings(runs, plan, TEST_IMAGES, other_metrics=[OTHER_METRIC], known_columns=None)
        codes = {warning.code for warning in found} & set(FALSE_ALARMS)
        counts.update(codes | ({ANY} if codes else set()))
    return _rows(REAL, case, arms, seeds, {code: counts[code] / effort.reports for code in CODES}, effort.reports)


def tasks(runs: pd.DataFrame, effort: Effort) -> list[Callable[[], list[Promise]]]:
    """Return all measurements of warnings."""
    ordered = runs.sort_values("seed")
    baseline = ordered[ordered["variant"] == BASELINE].reset_index(drop=True)
    variant = ordered[ordered["variant"] != BASELINE].reset_index(drop=True)
    found = [partial(simulated, case, arms, n, effort) for case in KINDS for arms, n in SIMULATED_STUDIES]
    for name, pool in (("baseline", baseline), ("variant", variant)):
        found += [partial(real, name, [pool], arms, n, effort) for arms, n in REAL_STUDIES]
    return [*found, *(partial(real, "paired", [baseline, variant], 2, n, effort) for n in PAIRED_SEEDS)]
