"""The section on what each factor of a factorial study does, and whether factors interact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from seedwise.basics.words import enumerate_words
from seedwise.report.rows import is_missing
from seedwise.report.text.format import escape, markdown_table, p_cell, p_value, percent
from seedwise.report.wording import Wording

TEXT: Mapping[str, type] = {"factors": str, "levels": str, "references": str}
"""Columns of effects.csv that are text even where they look like numbers."""


@dataclass(frozen=True)
class FactorialSection:
    """Sentences, a Markdown table and a note."""

    sentences: Sequence[str]
    table: str
    note: str


@dataclass(frozen=True)
class _Effect:
    factors: list[str]
    levels: list[str]
    references: list[str]
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None


def factorial_section(effects: pd.DataFrame, wording: Wording) -> FactorialSection:
    """Put effects.csv into words."""
    rows = [_read(row) for _, row in effects.iterrows()]
    factors = list(dict.fromkeys(row.factors[0] for row in rows if len(row.factors) == 1))
    confidence = percent(wording.deciding.confidence)
    test = (
        "Each effect is formed seed by seed and tested by a paired t test."
        if wording.plan.pairing == "seed"
        else "The combinations may scatter differently (Welch's degrees of freedom)."
    )
    note = (
        f"Main effects are averaged over the levels of all other factors. Each {confidence} CI holds for one effect; "
        f"Holm's p is corrected for all {len(rows)} effects. Where two factors interact, a main effect is an average "
        f"of different effects: read the combinations. {test}"
    )
    return FactorialSection([_sentence(row, factors, wording) for row in rows], _table(rows, wording), note)


def _read(row: pd.Series) -> _Effect:
    def value(key: str) -> float | None:
        return None if is_missing(row[key]) else float(str(row[key]))

    factors, levels, references = (str(row[key]).split(";") for key in ("factors", "levels", "references"))
    numbers = (value(key) for key in ("estimate", "ci_low", "ci_high", "p_holm"))
    return _Effect(factors, levels, references, *numbers)


def _sentence(row: _Effect, factors: Sequence[str], wording: Wording) -> str:
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
        return f"{subject}: undefined, because the noise of a combination cannot be estimated."
    shown = (
        f"(Δ = {wording.digits.signed(row.estimate)}, {percent(wording.deciding.confidence)} CI "
        f"{wording.digits.interval(row.low, row.high)}, Holm p {p_value(row.p)}){over}"
    )
    if len(names) == 1:
        found = "better" if row.estimate > 0 else "worse"
        supported, unsupported = f"is {found}{wording.basis}", "the data do not support a difference"
    else:
        found = "more" if row.estimate > 0 else "less"
        supported = f"gains {found} there{wording.basis}: they interact"
        unsupported = "the data do not support an interaction"
    return f"{subject}: {supported if row.p < wording.deciding.alpha else unsupported} {shown}."


def _table(rows: Sequence[_Effect], wording: Wording) -> str:
    cells = [
        [
            escape(" × ".join(row.factors)),
            escape(", ".join(f"{a} − {b}" for a, b in zip(row.levels, row.references, strict=True))),
            wording.digits.signed(row.estimate),
            wording.digits.interval(row.low, row.high),
            p_cell(row.p),
        ]
        for row in rows
    ]
    confidence = percent(wording.deciding.confidence)
    return markdown_table(["Effect", "Levels", "Estimate", f"{confidence} CI", "Holm p"], cells, numeric=(2, 4))
