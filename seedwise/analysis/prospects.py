"""What the seeds of a study will find, in one line that is said before they cost anything.

The Snakefile says it, and importing scipy would take longer than all else that it does. So the power of a t test comes
from the normal approximation of the noncentral t distribution (Abramowitz & Stegun 26.7.10), and Welch's test of n
against n runs, whose degrees of freedom vary, is taken to have 2n − 3. `seedwise.analysis.forecast`, which `seedwise
check` asks, computes the same exactly: at 95 % confidence and up to 5 comparisons they agree within 5 %.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from seedwise.analysis.spread import Spread, earlier_spread, spread_of
from seedwise.basics.words import quantity
from seedwise.config.study import Run, Study
from seedwise.plan import Plan
from seedwise.runs.record import RecordError, RunRecord, read_record

ENOUGH = 200
"""Runs that show well enough how much runs scatter; a large study need not read all of its records for it."""
_FEWEST = 3
"""Runs that a verdict needs, `seedwise.statistics.verdict.FEWEST_SEEDS`."""
_Z = 0.8416212335729143
"""Normal quantile of the power, 80 %."""


def prospects_of(study: Study, folder: Path, runs: Iterable[Run]) -> str:
    """Say what the seeds of a study will find; empty where its runs are not made, or nothing is compared.

    Args:
        study: about to be run.
        folder: of its results.
        runs: that are there already; they show how much runs scatter, or else an earlier study does.
    """
    if study.source is not None:
        return ""
    records = itertools.islice(_records(study, folder, runs), ENOUGH)
    known = spread_of(records, study.analysis) or earlier_spread(study, folder.parent)
    return prospects(study.analysis, len(study.variants), len(study.seeds), known)


def _records(study: Study, folder: Path, runs: Iterable[Run]) -> Iterator[RunRecord]:
    for run in runs:
        try:
            yield read_record(study.record_path(run.variant, run.seed, folder.parent))
        except RecordError:
            continue


def prospects(plan: Plan, variants: int, seeds: int, known: Spread | None) -> str:
    """Say what so many seeds will find; empty where nothing is compared.

    Args:
        plan: how the runs will be compared.
        variants: how many there are, with the baseline.
        seeds: how many runs each of them will have.
        known: how much runs scatter, if that is known.
    """
    if variants < 2:
        return ""
    each = f"{quantity(seeds, 'seed')} per variant"
    if seeds < _FEWEST:
        return f"{each} will give no verdict, which needs at least {_FEWEST}"
    units = rough_units(plan, variants, seeds)
    if known and known.std > 0:
        size = f"{roughly(units * known.std)} of {plan.metric}"
        basis = f"80 % power, by the spread of {known.source}"
    else:
        spread = "the differences of paired runs" if plan.pairing == "seed" else "runs"
        size, basis = f"{units:.1f} standard deviations of {spread}", "80 % power"
    if plan.non_inferiority_margin is not None:
        own = f"; the margin is {plan.margin:g}"
        return f"{each} will show non-inferiority only for margins above about {size} ({basis}{own})"
    return f"{each} will find only differences above about {size} ({basis})"


def rough_units(plan: Plan, variants: int, seeds: int) -> float:
    """Return the true difference that is detected with 80 % power, in standard deviations of runs (or of differences).

    It is that at the level of all looks together, which the last look nearly has.
    """
    comparisons = variants - 1
    level = plan.alpha / comparisons
    if plan.pairing == "seed":
        return _shift(level, seeds - 1) / math.sqrt(seeds)
    # Dunnett's test has the pooled degrees of freedom, and claims a little more than Bonferroni's correction does.
    df = variants * (seeds - 1) if plan.variance == "pooled" else 2 * seeds - 3
    return _shift(level, df) * math.sqrt(2 / seeds)


def roughly(number: float) -> str:
    """Write two significant digits, and 460 rather than 4.6e+02."""
    return f"{float(f'{number:.2g}'):g}"


def _shift(level: float, df: int) -> float:
    """Return the true difference in standard errors that a two-sided t test detects with 80 % power."""
    limit = _t_quantile(level, df)
    return limit * (1 - 1 / (4 * df)) + _Z * math.sqrt(1 + limit**2 / (2 * df))


def _t_quantile(level: float, df: int) -> float:
    """Return what |t| exceeds with probability `level`, by bisection."""
    low, high = 0.0, 1.0
    while _beyond(high, df) > level:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, df) > level else (low, middle)
    return high


def _beyond(limit: float, df: int) -> float:
    """Return P(|t| > limit), which is a finite series for whole degrees of freedom (Abramowitz & Stegun 26.7.3, 4)."""
    angle = math.atan(limit / math.sqrt(df))
    square, odd = math.cos(angle) ** 2, df % 2
    term = total = math.cos(angle) if odd else 1.0
    for step in range(2 + odd, df - 1, 2):
        term *= (step - 1) / step * square
        total += term
    if odd:
        return 1 - 2 / math.pi * (angle + math.sin(angle) * (total if df > 1 else 0.0))
    return 1 - math.sin(angle) * total
