"""How much runs scatter from seed to seed, as far as runs show it: those of a study so far, or of an earlier study.

The Snakefile asks, before the first run, so this module imports nothing heavy.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seedwise.basics.words import quantity
from seedwise.config.study import Study
from seedwise.plan import Plan
from seedwise.registration.declared import declared_in
from seedwise.runs.record import RunRecord

Scores = Mapping[str, Mapping[int, float]]


@dataclass(frozen=True)
class Spread:
    """The standard deviation over seeds; of paired runs, that of their differences.

    Attributes:
        std: in units of the metric; 0 where all runs are equal, whatever their seeds.
        runs: how many show it.
        source: whose they are, in words.
    """

    std: float
    runs: int
    source: str


def spread_of(records: Iterable[RunRecord], plan: Plan) -> Spread | None:
    """Return the standard deviation within variants, pooled over them; None if no variant has two runs.

    If runs are paired by seed, it is that of the differences from the baseline.
    """
    scores = scores_of(records, plan)
    groups = (
        _differences(scores, plan.baseline) if plan.pairing == "seed" else [[*own.values()] for own in scores.values()]
    )
    groups = [group for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return None
    # Equal numbers have no spread at all, where rounding would leave some.
    squares = sum(_squares(group) for group in groups if len(set(group)) > 1)
    runs = sum(map(len, groups))
    return Spread(math.sqrt(squares / freedom), runs, f"{quantity(runs, 'run')} so far")


def earlier_spread(study: Study, results: Path) -> Spread | None:
    """Return the spread of the baseline in another finished study; None if there is none, or runs are paired.

    There, some variant has the settings of this study's baseline, and the same metric was compared. Of several, the one
    with most runs counts.
    """
    plan, digest = study.analysis, study.declared_settings.get(study.analysis.baseline)
    if plan.pairing == "seed" or digest is None:
        return None
    found = []
    for path in sorted(results.glob("*/summary.csv")):
        # A hint is not worth an error: what cannot be read is passed over.
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            declared = declared_in(path.parent) or {}
            same = [name for name, other in declared.get("settings", {}).items() if other == digest]
            if path.parent.name != study.study and declared["analysis"]["metric"] == plan.metric:
                with path.open(encoding="utf-8", newline="") as file:
                    rows = [row for row in csv.DictReader(file) if row["variant"] in same]
                found += [_of_baseline(float(row["std"]), int(row["n"]), path.parent.name) for row in rows]
    return max((one for one in found if one.std > 0), key=lambda one: one.runs, default=None)


def _of_baseline(std: float, runs: int, study: str) -> Spread:
    return Spread(std, runs, f"{quantity(runs, 'run')} with the baseline's settings in {study}")


def scores_of(records: Iterable[RunRecord], plan: Plan) -> Scores:
    """Return the metric of every finished run, by variant and seed."""
    scores: dict[str, dict[int, float]] = {}
    for record in records:
        value = record.metrics.get(plan.metric)
        if record.status == "finished" and value is not None:
            scores.setdefault(record.variant, {})[record.seed] = value
    return scores


def _differences(scores: Scores, baseline: str) -> list[list[float]]:
    reference = scores.get(baseline, {})
    return [
        [own[seed] - reference[seed] for seed in own if seed in reference]
        for name, own in scores.items()
        if name != baseline
    ]


def _squares(values: Sequence[float]) -> float:
    """Return the sum of squared deviations from the mean."""
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)
