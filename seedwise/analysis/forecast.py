"""What the seeds of a study can detect, before there are results to compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from seedwise.plan import Plan
from seedwise.runs.record import RunRecord
from seedwise.statistics.multiple import dunnett
from seedwise.statistics.planning import plan_seeds


def detectable(plan: Plan, variants: int, seeds: int) -> float | None:
    """Return the smallest true difference that the test of a plan detects with 80 % power; None with too few seeds.

    It is in units of the standard deviation over seeds; if runs are paired by seed, of that of the differences.

    Args:
        plan: how the runs will be compared.
        variants: how many there are, with the baseline.
        seeds: how many runs each of them has.
    """
    others = variants - 1
    if others < 1 or seeds < 2:
        return None
    # Only the spread matters: runs with a standard deviation of 1 stand for those that are not there yet.
    runs = np.linspace(-1.0, 1.0, seeds)
    runs /= runs.std(ddof=1)
    paired = plan.pairing == "seed"
    alpha = 1 - plan.confidence
    pooled = dunnett([runs] * others, runs, plan.confidence) if plan.variance == "pooled" else None
    pairs = [(runs, np.zeros(seeds) if paired else runs)] * others
    return plan_seeds(pairs, alpha, paired=paired, dunnett=pooled)[0].detectable_difference


def spread_of(records: Iterable[RunRecord], plan: Plan) -> tuple[float, int] | None:
    """Return the standard deviation over seeds within variants, and the number of runs that show it; None without two.

    If runs are paired by seed, it is that of the differences from the baseline.
    """
    scores: dict[str, dict[int, float]] = {}
    for record in records:
        value = record.metrics.get(plan.metric)
        if record.status == "finished" and value is not None:
            scores.setdefault(record.variant, {})[record.seed] = value
    groups = (
        _differences(scores, plan.baseline) if plan.pairing == "seed" else [[*own.values()] for own in scores.values()]
    )
    groups = [group for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return None
    # Equal numbers have no spread at all, where rounding would leave some.
    squares = sum((len(group) - 1) * float(np.var(group, ddof=1)) for group in groups if len(set(group)) > 1)
    return math.sqrt(squares / freedom), sum(map(len, groups))


def _differences(scores: Mapping[str, Mapping[int, float]], baseline: str) -> list[Sequence[float]]:
    reference = scores.get(baseline, {})
    return [
        [own[seed] - reference[seed] for seed in own if seed in reference]
        for name, own in scores.items()
        if name != baseline
    ]
