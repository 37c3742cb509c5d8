"""The section on what each factor of a factorial study does, and whether factors interact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from seedwise.basics.words import enumerate_words
from seedwise.plan import Plan
from seedwise.report.rows import is_missing
from seedwise.report.text.format import escape, interval, markdown_table, p_cell, p_value, percent, signed
from seedwise.report.text.sentences import basis, metric_words

TEXT: Mapping[str, type] = {"factors": str, "levels": str, "references": str}
"""Columns of effects.csv that are text even where they look like numbers."""


@dataclass(frozen=True)
class FactorialSection:
    """Sentences, a Markdown table, a note and the caption of the figure."""

    sentences: Sequence[str]
    table: str
    note: str
    caption: str


@dataclass(frozen=True)
class _Effect:
    factors: list[str]
    levels: list[str]
    references: list[str]
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None


def factorial_section(effects: pd.DataFrame, plan: Plan, exploratory: bool) -> FactorialSection:
    """Tell effects.csv; `plan` has the level that decides."""
    rows = [_read(row) for _, row in effects.iterrows()]
    factors = list(dict.fromkeys(row.factors[0] for row in rows if len(row.factors) == 1))
    confidence = percent(plan.confidence)
    test = (
        "Each effect is formed seed by seed and tested by a paired t test."
        if plan.pairing == "seed"
        else "The combinations may scatter differently (Welch's degrees of freedom)."
    )
    note = (
        f"Main effects are averaged over the levels of all other factors. Each {confidence} CI holds for one effect; "
        f"Holm's p is corrected for all {len(rows)} effects. Where two factors interact, a main effect is an average "
        f"of different effects: read the combinations. {test}"
    )
    caption = (
        f"Mean {metric_words(plan)} of each combination, averaged over factors that a panel does not show. Error bars: "
        "± one standard error of the mean. Lines that are not parallel suggest an interaction; the table tests it."
    )
    sentences = [_sentence(row, factors, plan, exploratory) for row in rows]
    return FactorialSection(sentences, _table(rows, confidence), note, caption)


def _read(row: pd.Series) -> _Effect:
    def value(key: str) -> float | None:
        return None if is_missing(row[key]) else float(str(row[key]))

    factors, levels, references = (str(row[key]).split(";") for key in ("factors", "levels", "references"))
    numbers = (value(key) for key in ("estimate", "ci_low", "ci_high", "p_holm"))
    return _Effect(factors, levels, references, *numbers)


def _sentence(row: _Effect, factors: Sequence[str], plan: Plan, exploratory: bool) -> str:
    names = [f"**{escape(factor)}**" for factor in row.factors]
    own, base = [[escape(level) for level in levels] for levels in (row.levels, row.references)]
    if len(names) == 1:
        subject = f"{names[0]}, {own[0]} instead of {base[0]}"
        others = [escape(factor) for factor in factors if factor not in row.factors]
        over = f", averaged over {enumerate_words(others)}" if others else ""
    else:
        subject = (
            f"{names[0]} × {names[1]}, {own[0]} instead of {base[0]}, where {names[1]} is {own[1]} and not {base[1]}"
        )
        over = ""
    if row.estimate is None or row.p is None:
        return f"{subject}: undefined, for the noise of a combination cannot be estimated."
    shown = (
        f"(Δ = {signed(row.estimate)}, {percent(plan.confidence)} CI {interval(row.low, row.high)}, "
        f"Holm p {p_value(row.p)}){over}"
    )
    if len(names) == 1:
        found = "better" if row.estimate > 0 else "worse"
        supported, unsupported = f"is {found} {basis(exploratory)}", "the data do not support a difference"
    else:
        found = "more" if row.estimate > 0 else "less"
        supported = f"gains {found} there {basis(exploratory)}: they interact"
        unsupported = "the data do not support an interaction"
    return f"{subject}: {supported if row.p < plan.alpha else unsupported} {shown}."


def _table(rows: Sequence[_Effect], confidence: str) -> str:
    cells = [
        [
            escape(" × ".join(row.factors)),
            escape(", ".join(f"{a} − {b}" for a, b in zip(row.levels, row.references, strict=True))),
            signed(row.estimate),
            interval(row.low, row.high),
            p_cell(row.p),
        ]
        for row in rows
    ]
    return markdown_table(["Effect", "Levels", "Estimate", f"{confidence} CI", "Holm p"], cells, numeric=(2, 4))
