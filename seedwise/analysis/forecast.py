"""What the seeds of a study can detect, before there are results to compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from seedwise.analysis.spread import scores_of, spread_of
from seedwise.plan import Plan
from seedwise.runs.record import RunRecord
from seedwise.statistics.multiple import dunnett
from seedwise.statistics.planning import Floats, Pair, detectable_by_seeds
from seedwise.statistics.spending import last_level
from seedwise.statistics.verdict import FEWEST_SEEDS


def detectable(plan: Plan, variants: int, seeds: int) -> float | None:
    """Return the smallest true difference that the test of a plan detects with 80 % power; None with too few seeds.

    It is in units of the standard deviation over seeds; if runs are paired by seed, of that of the differences.

    Args:
        plan: how the runs will be compared.
        variants: how many there are, with the baseline.
        seeds: how many runs each of them has.
    """
    if variants < 2 or seeds < FEWEST_SEEDS:
        return None
    runs = _stand_in(1.0, seeds)
    pair = (runs, np.zeros(seeds) if plan.pairing == "seed" else runs)
    return _planned(plan, [pair] * (variants - 1), seeds)[0]


def detectable_from(records: Iterable[RunRecord], plan: Plan, variants: Sequence[str], seeds: int) -> dict[str, float]:
    """Return the true difference of each variant that `seeds` runs detect with 80 % power, by the runs so far.

    Every variant has the spread of its own runs, as in the report; one without two runs has that of all of them. Empty
    if no runs have a spread.
    """
    records = list(records)
    known = spread_of(records, plan)
    if known is None or seeds < FEWEST_SEEDS:
        return {}
    scores = scores_of(records, plan)
    reference = scores.get(plan.baseline, {})
    unknown, others = _stand_in(known.std, seeds), [name for name in variants if name != plan.baseline]
    pairs = []
    for own in (scores.get(name, {}) for name in others):
        if plan.pairing == "seed":
            both = np.array([[own[seed], reference[seed]] for seed in own if seed in reference]).reshape(-1, 2)
            pairs.append((both[:, 0], both[:, 1]) if len(both) > 1 else (unknown, np.zeros(seeds)))
        else:
            arms = (np.array([*arm.values()]) for arm in (own, reference))
            first, second = (arm if len(arm) > 1 else unknown for arm in arms)
            pairs.append((first, second))
    found = zip(others, _planned(plan, pairs, seeds), strict=True)
    return {name: difference for name, difference in found if difference is not None}


def _stand_in(std: float, n: int) -> Floats:
    """Return runs with this standard deviation, which is all that matters, for those that are not there yet."""
    runs = np.linspace(-1.0, 1.0, n)
    return np.asarray(runs * std / runs.std(ddof=1))


def _planned(plan: Plan, pairs: Sequence[Pair], seeds: int) -> list[float | None]:
    """Return what the test that decides, at the last look if there are looks, detects with so many runs per variant."""
    alpha = last_level(plan) or plan.alpha
    pooled = dunnett([own for own, _ in pairs], pairs[0][1], 1 - alpha) if plan.variance == "pooled" else None
    found = detectable_by_seeds(pairs, [seeds], alpha, paired=plan.pairing == "seed", dunnett=pooled)
    return [None if curve is None else float(curve[0]) for curve in found]
