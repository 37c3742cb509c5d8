"""Rates of claims and of coverage, each with two standard errors.

`mc_se` is the Monte Carlo error of a finite number of drawn studies and can be made arbitrarily small. `pool_se` is the
error of the pool: with other runs in it, the rate would differ. It is estimated by the bootstrap (Efron & Tibshirani
1993, chapter 6): the pool is resampled, the rate is measured again, and the Monte Carlo variance of these rates is
subtracted from their variance.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from benchmarks.calibration.draws import Counts, Floats, OnePool, Population, Studies, TwoPools, positions, stretch
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
    """The number of studies drawn from the pools, of resampled pools, and of studies drawn from each of these."""

    studies: int = 20_000
    pools: int = 60
    studies_per_pool: int = 300


@dataclass(frozen=True)
class Measured:
    """One rate of a rule or an interval in a setting; `quantity` is false_claims, power or coverage."""

    quantity: str
    setting: str
    rule: str
    n: int
    studies: int
    rate: float
    mc_se: float
    pool_se: float | None


def false_claim_rates(studies: Studies) -> Rates:
    """Return the share of studies in which each rule claims any difference."""
    rates = {rule: float((signs != 0).mean()) for rule, signs in apply_rules(studies).items()}
    for rule, (variant, copy) in apply_family_rules(studies).items():
        rates[rule] = float(((variant != 0) | (copy != 0)).mean())
    return rates


def powers(studies: Studies, direction: int) -> Rates:
    """Return the share of studies in which each rule claims the true difference in its direction."""
    signs = apply_rules(studies) | {"holm_welch": apply_family_rules(studies)["holm_welch"][0]}
    return {rule: float((sign == direction).mean()) for rule, sign in signs.items()}


def coverages(pool: Counts, n: int, studies: int, rng: np.random.Generator) -> Rates:
    """Return the share of samples of n runs for which each interval contains the pool's mean."""
    scores = pool[positions(len(pool), n, studies, rng)]
    return _covering(scores, pool.mean() - stretch(scores, pool))


def normal_coverages(pool: Counts, n: int, studies: int, rng: np.random.Generator) -> Rates:
    """Return the same for normal scores with the pool's mean and standard deviation, rounded to counts."""
    scores = np.rint(rng.normal(pool.mean(), pool.std(ddof=1), (studies, n))).astype(np.int64)
    return _covering(scores, np.full(studies, pool.mean()))


def _covering(scores: Counts, truth: Floats) -> Rates:
    limits = {method: bootstrap_cis(scores, 1 - ALPHA, method) for method in ("percentile", "basic", "bca")}
    n = scores.shape[1]
    half_width = stdtrit(n - 1, 1 - ALPHA / 2) / np.sqrt(n) * scores.std(axis=1, ddof=1)
    limits["t"] = scores.mean(axis=1) - half_width, scores.mean(axis=1) + half_width
    return {name: float(((low <= truth) & (truth <= high)).mean()) for name, (low, high) in limits.items()}


def measure_claims(
    quantity: str, setting: str, population: Population, n: int, effort: Effort, direction: int = 0
) -> list[Measured]:
    """Measure the false claims (`direction` 0) or the power of every rule in studies of n seeds from a population."""

    def rates(where: Population, studies: int, rng: np.random.Generator) -> Rates:
        drawn = where.draw(n, studies, rng)
        return powers(drawn, direction) if direction else false_claim_rates(drawn)

    rng = generator(quantity, setting, n)
    pools = (
        (population.resampled(rng) for _ in range(effort.pools))
        if isinstance(population, OnePool | TwoPools)
        else iter(())
    )
    return _measure(quantity, setting, n, effort, lambda studies: rates(population, studies, rng),
                    (rates(pool, effort.studies_per_pool, rng) for pool in pools))  # fmt: skip


def measure_coverage(setting: str, pool: Counts, n: int, effort: Effort) -> list[Measured]:
    """Measure the coverage of every interval for n runs from the pool."""
    rng = generator("coverage", setting, n)
    again = (
        coverages(rng.choice(pool, len(pool)), n, effort.studies_per_pool, rng) for _ in range(effort.pools)
    )  # fmt: skip
    return _measure("coverage", setting, n, effort, lambda studies: coverages(pool, n, studies, rng), again)


def measure_normal_coverage(setting: str, pool: Counts, n: int, effort: Effort) -> list[Measured]:
    """Measure the coverage of every interval for normal noise of the pool's size."""
    rng = generator("coverage", setting, n)
    return _measure("coverage", setting, n, effort, lambda studies: normal_coverages(pool, n, studies, rng), iter(()))


def generator(*keys: str | int) -> np.random.Generator:
    """Return a generator that depends on what is measured, not on what was measured before."""
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
    """Return the standard deviation of the rates of resampled pools, without their Monte Carlo variance."""
    x = np.array(rates)
    return float(np.sqrt(max(0.0, x.var(ddof=1) - (x * (1 - x)).mean() / studies)))
