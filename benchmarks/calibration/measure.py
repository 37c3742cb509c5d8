"""Rates of claims and of coverage, each with two uncertainties.

`mc_se` comes from drawing finitely many studies and can be made as small as one likes. `pool_se` comes from the pool:
with other runs in it the rate would be another. It is the bootstrap's (Efron & Tibshirani 1993, chapter 6): the pool
is resampled, the rate measured again, and the Monte Carlo variance of those rates taken off their variance.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from benchmarks.calibration.draws import Counts, Floats, OnePool, Source, Studies, TwoPools, positions, stretch
from benchmarks.calibration.rules import ALPHA, apply_family_rules, apply_rules
from seedwise.statistics import bootstrap_cis

SIZES = (3, 5, 10)
INTERVALS = {
    "percentile": "percentile bootstrap",
    "basic": "basic bootstrap",
    "bca": "BCa bootstrap",
    "t": "Student t",
}
Rates = dict[str, float]


@dataclass(frozen=True)
class Effort:
    """How many studies are drawn: from the pools, and from each of the resampled pools."""

    studies: int = 20_000
    pools: int = 60
    studies_per_pool: int = 300


@dataclass(frozen=True)
class Measured:
    """One rate: `quantity` false_claims, power or coverage, of a rule or an interval, in a setting."""

    quantity: str
    setting: str
    rule: str
    n: int
    studies: int
    rate: float
    mc_se: float
    pool_se: float | None


def false_claim_rates(studies: Studies) -> Rates:
    """Share of the studies in which a rule claims any difference."""
    rates = {rule: float((signs != 0).mean()) for rule, signs in apply_rules(studies).items()}
    for rule, (variant, copy) in apply_family_rules(studies).items():
        rates[rule] = float(((variant != 0) | (copy != 0)).mean())
    return rates


def powers(studies: Studies, direction: int) -> Rates:
    """Share of the studies in which a rule claims the difference that is there, in its direction."""
    signs = apply_rules(studies) | {"holm_welch": apply_family_rules(studies)["holm_welch"][0]}
    return {rule: float((sign == direction).mean()) for rule, sign in signs.items()}


def coverages(pool: Counts, n: int, studies: int, rng: np.random.Generator) -> Rates:
    """Share of the samples of n runs whose interval contains the pool's mean."""
    scores = pool[positions(len(pool), n, studies, rng)]
    return _covering(scores, pool.mean() - stretch(scores, pool))


def normal_coverages(pool: Counts, n: int, studies: int, rng: np.random.Generator) -> Rates:
    """The same for normal scores with the pool's mean and standard deviation, rounded to counts."""
    scores = np.rint(rng.normal(pool.mean(), pool.std(ddof=1), (studies, n))).astype(np.int64)
    return _covering(scores, np.full(studies, pool.mean()))


def _covering(scores: Counts, truth: Floats) -> Rates:
    limits = {method: bootstrap_cis(scores, 1 - ALPHA, method) for method in ("percentile", "basic", "bca")}
    n = scores.shape[1]
    half_width = stdtrit(n - 1, 1 - ALPHA / 2) / np.sqrt(n) * scores.std(axis=1, ddof=1)
    limits["t"] = scores.mean(axis=1) - half_width, scores.mean(axis=1) + half_width
    return {name: float(((low <= truth) & (truth <= high)).mean()) for name, (low, high) in limits.items()}


def measure_claims(
    quantity: str, setting: str, source: Source, n: int, effort: Effort, direction: int = 0
) -> list[Measured]:
    """False claims (`direction` 0) or power of every rule in studies of n seeds from `source`."""

    def rates(where: Source, studies: int, rng: np.random.Generator) -> Rates:
        drawn = where.draw(n, studies, rng)
        return powers(drawn, direction) if direction else false_claim_rates(drawn)

    rng = generator(quantity, setting, n)
    pools = (source.resampled(rng) for _ in range(effort.pools)) if isinstance(source, OnePool | TwoPools) else iter(())
    return _measure(quantity, setting, n, effort, lambda studies: rates(source, studies, rng),
                    (rates(pool, effort.studies_per_pool, rng) for pool in pools))  # fmt: skip


def measure_coverage(setting: str, pool: Counts, n: int, effort: Effort) -> list[Measured]:
    """Coverage of every interval of n runs from the pool."""
    rng = generator("coverage", setting, n)
    again = (
        coverages(rng.choice(pool, len(pool)), n, effort.studies_per_pool, rng) for _ in range(effort.pools)
    )  # fmt: skip
    return _measure("coverage", setting, n, effort, lambda studies: coverages(pool, n, studies, rng), again)


def measure_normal_coverage(setting: str, pool: Counts, n: int, effort: Effort) -> list[Measured]:
    """Coverage under normal noise of the pool's size."""
    rng = generator("coverage", setting, n)
    return _measure("coverage", setting, n, effort, lambda studies: normal_coverages(pool, n, studies, rng), iter(()))


def generator(*keys: str | int) -> np.random.Generator:
    """Random numbers that depend on what is measured, not on what was measured before."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, keys)).encode()))


def _measure(
    quantity: str, setting: str, n: int, effort: Effort,
    rates: Callable[[int], Rates], again: Iterator[Rates],
) -> list[Measured]:  # fmt: skip
    found, repeated = rates(effort.studies), list(again)
    return [
        Measured(
            quantity, setting, rule, n, effort.studies, rate, float(np.sqrt(rate * (1 - rate) / effort.studies)),
            pool_standard_error([repeat[rule] for repeat in repeated], effort.studies_per_pool) if repeated else None,
        )
        for rule, rate in found.items()
    ]  # fmt: skip


def pool_standard_error(rates: list[float], studies: int) -> float:
    """Standard deviation of the rates of resampled pools beyond what drawing so few studies explains."""
    x = np.array(rates)
    return float(np.sqrt(max(0.0, x.var(ddof=1) - (x * (1 - x)).mean() / studies)))
