"""Main effects and two-way interactions of a factorial study, as contrasts of the cells' means.

Each contrast Σ cᵢ·mᵢ has the standard error √(Σ cᵢ²·sᵢ²/nᵢ) and degrees of freedom after Welch (1947) and
Satterthwaite (1946), so the cells may have different variances. With equal variances and balanced cells the estimates
are those of a linear model with effect coding. Runs that share a seed can be paired; the contrast is then formed seed
by seed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.plan import Plan
from seedwise.statistics.arm import Arm
from seedwise.statistics.multiple import holm
from seedwise.statistics.runs import arms
from seedwise.statistics.ttest import TTest, paired, spread

Cell = tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """A row of effects.csv; numbers are None if a cell has fewer than two runs, or if nothing varies.

    Attributes:
        kind: `main` compares a level with the first level of its factor, averaged over all other factors; `interaction`
            is the change of that difference from the first level of a second factor to another, averaged over the rest.
        factors: one or two factors, joined by ";".
        levels: their levels, joined likewise.
        references: their first levels, joined likewise.
        estimate: in units of the metric; positive is better, or, for an interaction, better together.
        ci_low: with `ci_high` the interval of this effect alone.
        p_holm: adjusted for all effects of the study.
    """

    kind: Literal["main", "interaction"]
    factors: str
    levels: str
    references: str
    estimate: float | None
    standard_error: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_holm: float | None


def factorial_effects(
    runs: pd.DataFrame, plan: Plan, factors: Mapping[str, Sequence[str]], cells: Mapping[str, Cell]
) -> list[Effect]:
    """All main effects and two-way interactions, with Holm's correction over them.

    Args:
        runs: one row per run; columns as in `seedwise.statistics.runs.arms`.
        plan: metric, direction, confidence and pairing; `variance: pooled` has no effect here.
        factors: the levels of each factor; the first is the reference.
        cells: the level of each factor, by variant; every combination must be there.

    Raises:
        DataError: as `arms`.
    """
    found = dict(zip(cells.values(), arms(runs, plan.metric, list(cells)), strict=True))
    effects = []
    for kind, chosen in _questions(factors):
        weights = _weights(factors, chosen)
        test = _test({cell: found[cell] for cell in weights}, weights, plan)
        low, high = test.interval(plan.confidence) if test else (None, None)
        effects.append(
            Effect(
                kind=kind,
                factors=";".join(chosen),
                levels=";".join(chosen.values()),
                references=";".join(factors[factor][0] for factor in chosen),
                estimate=test.difference if test else None,
                standard_error=test.standard_error if test else None,
                df=test.df if test else None,
                ci_low=low,
                ci_high=high,
                p_value=test.p_value if test else None,
                p_holm=None,
            )
        )
    adjusted = holm([effect.p_value for effect in effects])
    return [replace(effect, p_holm=p) for effect, p in zip(effects, adjusted, strict=True)]


def _questions(
    factors: Mapping[str, Sequence[str]],
) -> Iterator[tuple[Literal["main", "interaction"], dict[str, str]]]:
    """Every level but the first of each factor, then every pair of such levels of two factors."""
    for factor, levels in factors.items():
        for level in levels[1:]:
            yield "main", {factor: level}
    for first, second in itertools.combinations(factors, 2):
        for pair in itertools.product(factors[first][1:], factors[second][1:]):
            yield "interaction", dict(zip((first, second), pair, strict=True))


def _weights(factors: Mapping[str, Sequence[str]], chosen: Mapping[str, str]) -> dict[Cell, float]:
    """The contrast: ±1 over the chosen factors' level and first level, averaged over all other factors."""
    signs = [
        {chosen[factor]: 1.0, levels[0]: -1.0} if factor in chosen else dict.fromkeys(levels, 1.0 / len(levels))
        for factor, levels in factors.items()
    ]
    return {
        cell: float(np.prod([sign[level] for sign, level in zip(signs, cell, strict=True)]))
        for cell in itertools.product(*signs)
    }


def _test(found: Mapping[Cell, Arm], weights: Mapping[Cell, float], plan: Plan) -> TTest | None:
    if not all(arm.complete and len(arm.scores) >= 2 for arm in found.values()):
        return None
    direction = 1.0 if plan.higher_is_better else -1.0
    signed = [(direction * weight, found[cell]) for cell, weight in weights.items()]
    return _by_seed(signed) if plan.pairing == "seed" else _welch(signed)


def _welch(signed: Sequence[tuple[float, Arm]]) -> TTest | None:
    parts = np.array([(weight * spread(arm.scores)) ** 2 / len(arm.scores) for weight, arm in signed])
    total = float(parts.sum())
    if total <= 0:
        return None
    shares = parts / total
    df = 1.0 / float((shares**2 / np.array([len(arm.scores) - 1 for _, arm in signed])).sum())
    return TTest(sum(weight * float(arm.scores.mean()) for weight, arm in signed), total**0.5, df)


def _by_seed(signed: Sequence[tuple[float, Arm]]) -> TTest | None:
    tables = [dict(zip(arm.seeds, arm.recorded, strict=True)) for _, arm in signed]
    common = [seed for seed in signed[0][1].seeds if all(seed in table for table in tables)]

    def total(sign: int) -> NDArray[np.float64]:
        return np.array(
            [
                sum(
                    abs(weight) * table[seed]
                    for (weight, _), table in zip(signed, tables, strict=True)
                    if weight * sign > 0
                )
                for seed in common
            ]
        )

    return paired(total(1), total(-1)) if len(common) >= 2 else None
