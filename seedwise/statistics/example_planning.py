"""How many examples, repeats or seeds an evaluation needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from seedwise.statistics.example_levels import Parts
from seedwise.statistics.examples import FEWEST_EXAMPLES
from seedwise.statistics.planning import POWER, t_thresholds
from seedwise.statistics.ttest import TTest

MAX_EXAMPLES = 1_000_000
"""The largest number of examples that is ever named: a difference that needs as many is out of reach."""
MAX_REPEATS = 1_000


@dataclass(frozen=True)
class Outlook:
    """What these examples can show, and how many would show more; None means "not defined", or "no number would".

    Attributes:
        detectable_difference: true difference that is detected with 80 % power, and the smallest margin within which
            equal variants are shown to be non-inferior with that power.
        examples_needed: to detect the margin (without one, the observed difference) with 80 % power.
        examples_for_equivalence: with which equal variants are shown to be equivalent with 80 % power.
        repeats_factor: by how much more repeats or seeds would do for that on these examples; None if no number would.
        exhausted_error: the standard error of the difference that would remain with any number of repeats or seeds.
    """

    detectable_difference: float
    examples_needed: int | None
    examples_for_equivalence: int | None
    repeats_factor: float | None
    exhausted_error: float | None


def outlook(
    test: TTest,
    examples: int,
    alpha: float,
    family: int,
    margin: float | None,
    parts: Parts | None,
    *,
    equivalence: bool = True,
) -> Outlook:
    """What these examples can detect, and how many examples or repeats would detect the margin.

    Args:
        test: of the difference.
        examples: how many there are.
        alpha: family-wise level; Holm's first step tests at alpha / family, which is surely enough.
        family: number of comparisons.
        margin: smallest difference that matters; None asks for the observed difference.
        parts: variances, where there are repeats or seeds.
        equivalence: whether a verdict can be EQUIVALENT, given a margin.
    """
    level = alpha / family
    target = abs(test.difference) if margin is None else margin
    needed = None
    if target > 0:
        needed = _examples(test, examples, lambda error, df: _shift(df, level) * error <= target)
    equivalent = None
    if margin is not None and equivalence:

        def shown(error: float, df: float) -> bool:
            claims = t_thresholds(df, level)
            limit = np.array([margin / error])
            return float(t_thresholds(df, 2 * alpha).equivalence_power(limit, claims)[0]) >= POWER

        equivalent = _examples(test, examples, shown)
    factor, rest = (None, None) if parts is None else _more_repeats(parts, test.df, level, target)
    return Outlook(_shift(test.df, level) * test.standard_error, needed, equivalent, factor, rest)


def _more_repeats(parts: Parts, df: float, level: float, target: float) -> tuple[float | None, float]:
    """By how much more repeats are enough, and the standard error that would remain with any number of them."""
    rest = math.sqrt(parts.example)
    room = (target / _shift(df, level)) ** 2 - parts.example
    factor = max(parts.residual / room, 1.0) if room > 0 else math.inf
    return (factor if factor <= MAX_REPEATS else None), rest


def seeds_for_both(parts: Parts, seeds: int, df: float, level: float, target: float) -> int | None:
    """Seeds of each variant that detect a difference for retrained models on new examples; None if no number does.

    At least 2, without which there is no variance between seeds.

    Args:
        parts: variances with the seeds that there are.
        seeds: of each variant.
        df: degrees of freedom with these.
        level: two-sided level of the test.
        target: true difference.
    """

    def enough(factor: float) -> bool:
        error = math.sqrt(parts.example + (parts.seed + parts.residual) / factor)
        return _shift(max((df + 2) * factor - 2, 1.0), level) * error <= target  # each variant has one fewer than seeds

    low, high = 2, MAX_REPEATS
    if not enough(high / seeds):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle / seeds) else (middle + 1, high)
    return low


def _shift(df: float, level: float) -> float:
    """True difference, in standard errors, that is detected with 80 % power."""
    return float(t_thresholds(df, level).shift(POWER)[0])


def _examples(test: TTest, examples: int, enough: Callable[[float, float], bool]) -> int:
    """The smallest number of examples that is enough, in clusters like these; `MAX_EXAMPLES` stands for more."""
    fewest = min(FEWEST_EXAMPLES, examples)

    def reached(logarithm: float) -> float:
        factor = math.exp(logarithm) / examples
        df = max((test.df + 1) * factor - 1, 1.0)
        return 1.0 if enough(test.standard_error / math.sqrt(factor), df) else -1.0

    low, high = math.log(fewest), math.log(MAX_EXAMPLES)
    if reached(low) > 0:
        return fewest
    if reached(high) < 0:
        return MAX_EXAMPLES
    found = brentq(reached, low, high, xtol=1e-4, rtol=1e-10)
    return min(math.ceil(math.exp(found) * (1 + 1e-4)), MAX_EXAMPLES)
