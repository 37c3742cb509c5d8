"""How often the intervals of Hedges' g and of the probability of improvement contain the true value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import ndtr

from benchmarks.calibration.draws import Counts, Floats
from benchmarks.calibration.measure import generator
from benchmarks.calibration.promises import REAL, SIMULATED, Effort, Promise, measured, unmeasured
from benchmarks.calibration.runs import Pools
from seedwise.statistics.effect import hedges_g, improvement_interval

SIZES = ((3, 3), (5, 5), (10, 10), (20, 20), (3, 10), (5, 30))
EFFECTS = (0.0, 1.0, 2.0)
CONFIDENCES = (0.95, 0.99)
INTERVALS = {"hedges_g": "Hedges' g", "improvement": "probability of improvement"}


def covers(rule: str, a: Floats, b: Floats, confidence: float, truth: float) -> bool:
    """Return whether the interval of one study contains the truth."""
    found = hedges_g(a, b, confidence) if rule == "hedges_g" else improvement_interval(a, b, confidence)
    return found is not None and found.low <= truth <= found.high


def measure(
    noise: str, case: str, draw: Callable[[int, int, int, np.random.Generator], tuple[Floats, Floats]],
    truths: dict[str, float], sizes: tuple[int, int], effect: float, confidence: float, studies: int,
) -> list[Promise]:  # fmt: skip
    """Measure the coverage of each interval of the same studies.

    Args:
        noise: simulated or real.
        case: name of the noise.
        draw: draws so many studies with n and m runs.
        truths: the true value by interval.
        sizes: n and m.
        effect: true difference in standard deviations.
        confidence: of the intervals.
        studies: how many.
    """
    n, m = sizes
    rng = generator("coverage", noise, case, n, m, str(effect), str(confidence))
    variants, baselines = draw(studies, n, m, rng)
    rows = []
    for rule, truth in truths.items():
        rate = sum(covers(rule, a, b, confidence, truth) for a, b in zip(variants, baselines, strict=True)) / studies
        row = unmeasured("coverage", noise, rule, case, (1, n, m), studies, difference=effect, promised=confidence)
        rows.append(measured(row, rate))
    return rows


def normal_runs(effect: float, studies: int, n: int, m: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw normal runs with standard deviation 1."""
    return rng.normal(effect, 1, (studies, n)), rng.normal(0, 1, (studies, m))


def pool_runs(
    pool: Counts, effect: float, studies: int, n: int, m: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw both arms from one pool with replacement, so that the pool is the population, and shift the first."""
    a, b = rng.choice(pool, (studies, n)), rng.choice(pool, (studies, m))
    return a + effect * pool.std(), b.astype(np.float64)


def true_improvement(pool: Counts, effect: float) -> float:
    """Return how often a shifted run of the pool beats one of the pool; a tie counts one half."""
    gaps = np.subtract.outer(pool + effect * pool.std(), pool)
    return float(np.where(gaps == 0, 0.5, gaps > 0).mean())


def tasks(pools: Pools, effort: Effort) -> list[Callable[[], list[Promise]]]:
    """Return the measurements of normal noise at both confidences, and of the pools at 95 %."""
    found: list[Callable[[], list[Promise]]] = []
    for sizes in SIZES:
        for effect in EFFECTS:
            truths = {"hedges_g": effect, "improvement": float(ndtr(effect / np.sqrt(2)))}
            found += [
                partial(measure, SIMULATED, "normal", partial(normal_runs, effect), truths, sizes, effect, confidence,
                        effort.intervals)
                for confidence in CONFIDENCES
            ]  # fmt: skip
            for name, pool in (("baseline", pools.baseline), ("variant", pools.variant)):
                truths = {"hedges_g": effect, "improvement": true_improvement(pool, effect)}
                draw = partial(pool_runs, pool, effect)
                found.append(partial(measure, REAL, name, draw, truths, sizes, effect, 0.95, effort.intervals // 2))
    return found
