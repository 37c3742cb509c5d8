"""What the reports promise, as rows: each promise beside the rate that was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.calibration.draws import Counts
from benchmarks.calibration.measure import pool_standard_error

SIMULATED, REAL = "simulated", "real"


@dataclass(frozen=True)
class Effort:
    """The number of studies that are simulated, drawn from the real runs, and drawn from each resampled pool."""

    simulated: int = 20_000
    drawn: int = 10_000
    pools: int = 40
    drawn_per_pool: int = 300
    intervals: int = 2_500
    """Studies for which intervals are computed one by one."""
    reports: int = 150
    """Studies in which warnings are looked for."""


@dataclass(frozen=True)
class Promise:
    """A rate that was promised, None if nothing was, and the one that was measured.

    Attributes:
        quantity: power, seeds, equivalence, observed_spread, lost, coverage or warnings.
        noise: simulated (normal) or real (drawn from the committed runs).
        rule: what decides, or which interval or warning it is.
        case: what else describes the studies.
        comparisons: size of the family.
        n: runs of each variant.
        n_baseline: runs of the baseline.
        difference: true difference in standard deviations of one run of the baseline (paired: of one difference); the
            margin, where equivalence is measured.
        studies: how many were drawn.
        promised: the rate that is promised.
        rate: the rate that was measured.
        mc_se: its error from drawing finitely many studies.
        pool_se: its error from the choice of the real runs.
    """

    quantity: str
    noise: str
    rule: str
    case: str
    comparisons: int
    n: int
    n_baseline: int
    difference: float
    studies: int
    promised: float | None
    rate: float
    mc_se: float
    pool_se: float | None = None


def measured(row: Promise, rate: float) -> Promise:
    """Return the row with this rate and its Monte Carlo error."""
    return replace(row, rate=rate, mc_se=float(np.sqrt(rate * (1 - rate) / row.studies)))


def unmeasured(
    quantity: str, noise: str, rule: str, case: str, sizes: tuple[int, int, int], studies: int,
    *, difference: float = 0.0, promised: float | None = None,
) -> Promise:  # fmt: skip
    """Return a row without a rate; `sizes` are comparisons, runs of each variant and runs of the baseline."""
    return Promise(quantity, noise, rule, case, *sizes, difference, studies, promised, np.nan, np.nan)


def from_pool(
    row: Promise,
    pools: Sequence[Counts],
    rate: Callable[[Sequence[Counts], int, np.random.Generator], float],
    effort: Effort,
    rng: np.random.Generator,
) -> Promise:
    """Return the row with the rate in studies drawn from pools of real runs, and with both of its errors.

    Args:
        row: what is measured.
        pools: one, or several whose entries belong together.
        rate: measures the rate in so many studies from such pools.
        effort: how many studies and resampled pools.
        rng: of everything drawn.
    """
    found = measured(row, rate(pools, row.studies, rng))
    again = []
    for _ in range(effort.pools):
        chosen = rng.integers(len(pools[0]), size=len(pools[0]))
        again.append(rate([pool[chosen] for pool in pools], effort.drawn_per_pool, rng))
    return replace(found, pool_se=pool_standard_error(again, effort.drawn_per_pool) if again else None)
