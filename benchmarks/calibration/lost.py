"""How often a difference is claimed where runs of one variant were lost, and how often such a claim is called settled.

A claim is settled if it stays the same with each lost run at the worst value of the study and at the mean of its own
variant. `tests/test_calibration.py` compares the verdicts with those of `seedwise.statistics.compare_all`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.calibration.draws import Counts, Floats, positions, stretch
from benchmarks.calibration.measure import generator, pool_standard_error
from benchmarks.calibration.promises import REAL, Effort, Promise, measured, unmeasured
from benchmarks.calibration.rules import ALPHA, Signs
from benchmarks.calibration.runs import Pools
from seedwise.statistics.verdict import FEWEST_SEEDS

Flags = NDArray[np.bool_]

SIZES = (5, 10)
RATES = (0.1, 0.3)
LOSSES = {"any": "at random", "lowest": "the lowest scores"}
OUTCOMES = {
    "complete": "a difference is claimed if no run is lost",
    "finished": "by the finished runs alone",
    "settled": "of these, settled",
}


@dataclass(frozen=True)
class Verdicts:
    """Signs of the claims, 1 for BETTER and -1 for WORSE; shape (studies,)."""

    finished: Signs
    if_worst: Signs
    if_mean: Signs

    @property
    def settled(self) -> Signs:
        """Return the claims that do not hang on the lost runs."""
        same = (self.finished == self.if_worst) & (self.finished == self.if_mean)
        return np.where(same, self.finished, 0).astype(np.int8)


def verdicts(variant: Floats, lost: Flags, baseline: Floats) -> Verdicts:
    """Judge each study, in which some runs of the variant are lost and larger is better; shapes (studies, n)."""
    count = (~lost).sum(axis=1)
    mean = np.where(lost, 0.0, variant).sum(axis=1) / np.maximum(count, 1)
    worst = np.minimum(np.where(lost, np.inf, variant).min(axis=1), baseline.min(axis=1))
    every = np.zeros_like(lost)
    none_left = count == 0
    found = [welch_signs(variant, lost, baseline)]
    for filling in (worst, mean):
        filled = np.where(lost, filling[:, None], variant)
        found.append(np.where(none_left, 0, welch_signs(filled, every, baseline)).astype(np.int8))
    return Verdicts(*found)


def welch_signs(variant: Floats, lost: Flags, baseline: Floats) -> Signs:
    """Return the claims of Welch's test, which needs three runs left."""
    kept = ~lost
    n, m = kept.sum(axis=1), baseline.shape[1]
    enough = n >= FEWEST_SEEDS
    size = np.where(enough, n, 2)
    mean = np.where(kept, variant, 0.0).sum(axis=1) / size
    own = (np.where(kept, variant - mean[:, None], 0.0) ** 2).sum(axis=1) / (size - 1) / size
    other = baseline.var(axis=1, ddof=1) / m
    total = own + other
    share = np.divide(own, total, out=np.full_like(total, 0.5), where=total > 0)
    df = 1 / (share**2 / (size - 1) + (1 - share) ** 2 / (m - 1))
    difference = mean - baseline.mean(axis=1)
    claimed = enough & (total > 0) & (np.abs(difference) > stdtrit(df, 1 - ALPHA / 2) * np.sqrt(total))
    return (np.sign(difference) * claimed).astype(np.int8)


def losses(scores: Floats, kind: str, rate: float, low: float, rng: np.random.Generator) -> Flags:
    """Return which runs are lost: each with probability `rate`, or those that score less than `low`."""
    return np.asarray(scores < low if kind == "lowest" else rng.random(scores.shape) < rate)


def outcome_rates(
    variant: Counts, baseline: Counts, n: int, kind: str, rate: float, studies: int, rng: np.random.Generator,
) -> dict[str, float]:  # fmt: skip
    """Return the share of studies with each of the `OUTCOMES`; of different variants, with the true difference.

    Args:
        variant: the pool that the variant's runs come from; if it is the baseline's, no run occurs twice in a study.
        baseline: the pool of the baseline's runs.
        n: runs of each arm before any is lost.
        kind: of loss.
        rate: probability that a run of the variant is lost.
        studies: how many.
        rng: of everything drawn.
    """
    # Of tied scores, any may be the lowest: noise of less than a count breaks ties.
    own, other = variant + rng.uniform(0, 0.5, len(variant)), baseline.astype(np.float64)
    low = float(np.quantile(own, rate))
    chosen = positions(len(baseline), 2 * n, studies, rng)
    scores, reference = own[chosen[:, :n]], other[chosen[:, n:]]
    lost = losses(scores, kind, rate, low, rng)
    if variant is not baseline:
        scores = scores + stretch(scores, own)[:, None]
        reference = reference + stretch(reference, other)[:, None]
    found = verdicts(scores, lost, reference)
    complete = welch_signs(scores, np.zeros_like(lost), reference)
    signs = {"complete": complete, "finished": found.finished, "settled": found.settled}
    if variant is baseline:
        return {name: float((sign != 0).mean()) for name, sign in signs.items()}
    direction = np.sign(variant.mean() - baseline.mean())
    return {name: float((sign == direction).mean()) for name, sign in signs.items()}


def measure_lost(
    setting: str, variant: Counts, baseline: Counts, n: int, kind: str, rate: float, effort: Effort
) -> list[Promise]:
    """Measure how often a difference is claimed, and claimed and settled, where runs of the variant are lost."""
    rng = generator("lost", setting, n, kind, str(rate))
    rates = outcome_rates(variant, baseline, n, kind, rate, effort.drawn, rng)
    again = []
    for _ in range(effort.pools):
        own, other = (rng.integers(len(pool), size=len(pool)) for pool in (variant, baseline))
        resampled = baseline[other]
        from_variant = resampled if variant is baseline else variant[own]
        again.append(outcome_rates(from_variant, resampled, n, kind, rate, effort.drawn_per_pool, rng))
    rows = []
    for outcome, found in rates.items():
        row = unmeasured("lost", REAL, outcome, f"{setting}, {kind} {rate:g}", (1, n, n), effort.drawn)
        error = pool_standard_error([one[outcome] for one in again], effort.drawn_per_pool) if again else None
        rows.append(replace(measured(row, found), pool_se=error))
    return rows


def tasks(pools: Pools, effort: Effort) -> list[Callable[[], list[Promise]]]:
    """Return the measurements with two equal variants, and with a real difference."""
    settings: dict[str, Sequence[Counts]] = {
        "equal": (pools.baseline, pools.baseline),
        "different": (pools.variant, pools.baseline),
    }
    return [
        partial(measure_lost, setting, variant, baseline, n, kind, rate, effort)
        for setting, (variant, baseline) in settings.items()
        for n in SIZES
        for kind in LOSSES
        for rate in RATES
    ]
