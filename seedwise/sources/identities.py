"""Which variant, seed and dataset each row is of, and what the source calls it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, quote
from seedwise.basics.unicode_forms import as_written
from seedwise.basics.words import shortened
from seedwise.sources.cells.numbers import MISSING, is_number
from seedwise.sources.cells.seeds import read_seeds, through_float
from seedwise.sources.columns import Columns, bare, without_seeds
from seedwise.sources.notes import labels, note
from seedwise.sources.options import Options
from seedwise.sources.plausible import refuse_summary_rows
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

VARIANT, SEED, *_, RUN, DATASET = RESERVED
NAMES = ("source_run", "run id", "run_id", "id", "trial_id", "run_name", "tags.mlflow.runname", "name", "run")
"""Columns with the name of a run, in lower case; the first that a table has counts."""
IDS = ("source_run", "run id", "run_id", "id", "trial_id")
"""Those that tell two runs of one variant and seed apart."""


_SETTING = re.compile(r"(?<==)[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?(?![^\s,;)])")
"""A number that a setting has in a name, as in `resnet (lr=0.10)`."""


def identified(
    table: Table, columns: Columns, options: Options, declared: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the variant, seed and name of each row that counts, and notes about the others."""
    variants = variants_of(table, columns.variant, options)
    if declared:
        variants = variants.replace({name: as_written(name, declared) for name in variants.unique()})
    texts = _ungrouped(table, str(columns.seed), options)
    rounded = through_float(texts).to_numpy()
    if rounded.any():
        row = int(rounded.argmax())
        raise UserError(
            f"{table.place(row)}: the seed {texts[row]} was rounded when it was stored as a float, so that two seeds "
            "can have become one; store seeds as whole numbers or as text"
        )
    refuse_summary_rows(table, texts, bare(str(columns.seed)), options)
    runs = pd.DataFrame({VARIANT: variants, SEED: read_seeds(texts), RUN: _names(table, columns)})
    identity = _column(table, IDS, columns)
    if identity is not None:
        runs["_id"] = table.text(identity)
    runs["_row"] = np.arange(len(runs))
    named = (runs[VARIANT] != "") & runs[SEED].notna()
    named &= ~texts.str.lower().isin([*MISSING, "nan"])
    notes = []
    if not named.all():
        if not declared:
            raise UserError(_unnamed(table, runs, named, columns, options))
        notes.append(note(runs[RUN][~named], "not counted: the source does not say its variant or seed"))
    if declared:
        strange = named & ~runs[VARIANT].isin(list(declared))
        if strange.any():
            notes.append(note(labels(runs[strange]), "not counted: its variant is not in the config"))
        named &= ~strange
        if not named.any():
            there = shortened(sorted(set(runs[VARIANT][strange])), 12) or "none"
            raise UserError(f"variants: {table.name} has no run of any declared variant; variants found: {there}")
    else:
        refuse_alike(table, runs[VARIANT], options)
    return runs[named].reset_index(drop=True), notes


def _ungrouped(table: Table, column: str, options: Options) -> pd.Series:
    """Return the seeds as text, without marks between groups of digits if the user says that there are some."""
    texts = table.text(column)
    grouped = texts.str.fullmatch(r"[1-9][0-9]{0,2}([,' ][0-9]{3})+")
    if not grouped.any():
        return texts
    mark = options.numbers.thousands
    if mark:
        return texts.where(~grouped, texts.str.replace(mark, "", regex=False))
    if texts.str.fullmatch(r"[0-9]+").any():
        row = int(grouped.to_numpy().argmax())
        found = next(sign for sign in ",' " if sign in texts[row])
        raise UserError(
            f"{table.place(row)}: the seed is {quote(texts[row])}, others are written without a mark; if it groups "
            f"digits, add {options.spelled('thousands', found)}"
        )
    return texts


def variants_of(table: Table, columns: Sequence[str], options: Options) -> pd.Series:
    """Return the variant of each row, by the name that the user gives it; empty where the table has none."""
    first = table.text(columns[0])
    whole = first
    if len(columns) > 1:
        names = [bare(column) for column in columns[1:]]
        texts = zip(first, *(table.text(column) for column in columns[1:]), strict=True)
        whole = pd.Series([_finer(text, dict(zip(names, more, strict=True))) for text, *more in texts], dtype="str")
    if options.rename:
        there = list(whole.unique())
        rename = {as_written(old, there): new for old, new in options.rename.items()}
        for old in rename:
            if old not in there:
                guess = nearest(old, there)
                hint = f"; did you mean {quote(guess)}?" if guess else f"; variants: {shortened(there, 8)}"
                raise UserError(f"{options.spelled('map', f'{old}={rename[old]}')}: no such variant{hint}")
        whole = whole.replace(rename)
    return whole


def _finer(variant: str, settings: Mapping[str, str]) -> str:
    """Name a variant that several columns make, without those that are empty: `resnet (lr=0.1, width=2)`."""
    given = ", ".join(f"{name}={text}" for name, text in settings.items() if text)
    return f"{variant} ({given})" if variant and given else variant


def _column(table: Table, names: Sequence[str], columns: Columns) -> str | None:
    taken = columns.named
    by_name = {column.strip().lower(): column for column in reversed(table.columns) if column not in taken}
    return next((by_name[name] for name in names if name in by_name), None)


def _names(table: Table, columns: Columns) -> pd.Series:
    """Return what the source calls each row."""
    places = f"{table.unit} " + pd.Series(table.places).astype("str")
    column = _column(table, NAMES, columns)
    if column is None:
        return places
    names = table.text(column)
    return names.where(names != "", places)


def _unnamed(table: Table, runs: pd.DataFrame, named: pd.Series, columns: Columns, options: Options) -> str:
    rows = np.flatnonzero(~named)
    without = VARIANT if (runs[VARIANT].iloc[rows] == "").any() else SEED
    if without == SEED and len(rows) == len(runs):
        return f"{table.name}: no run has a seed (the column {columns.seed} is empty); {without_seeds(options)}"
    where = table.place(int(rows[0])) if len(rows) == 1 else f"{table.name}, {table.lines(rows)}"
    merged = ", also where cells were merged" if len(rows) > 1 and 0 not in rows else ""
    return f"{where}: the run has no {without}; fill it in{merged}, or delete the row if it is no run"


def refuse_judges(table: Table, judges: pd.Series, column: str) -> None:
    """Refuse judges whose names look the same, because they would count as several; raises UserError."""
    seen: dict[str, str] = {}
    for judge in judges.unique():
        other = seen.setdefault(_looks(judge), judge)
        if other != judge:
            raise UserError(f"{table.name}: the judges {_distinctly(other, judge)}; write one name in all of {column}")


def refuse_alike(table: Table, variants: pd.Series, options: Options) -> None:
    """Refuse variants whose names differ in capitals or blanks only; raises UserError with the way on."""
    seen: dict[str, str] = {}
    for variant in variants.unique():
        other = seen.setdefault(_looks(str(variant)), variant)
        if other != variant and variant not in options.rename.values() and other not in options.rename.values():
            old, new = (other, variant) if variant.isascii() and not other.isascii() else (variant, other)
            if "=" in new:  # which OLD=NEW cannot say
                raise UserError(
                    f"{table.name}: the variants {_distinctly(other, variant)}; if they are one, write one name in all "
                    f"rows; else give one of them another name, as with {options.spelled('map', f'{old}=NEW')}"
                )
            raise UserError(
                f"{table.name}: the variants {_distinctly(other, variant)}; if they are one, add "
                f"{options.spelled('map', f'{old}={new}')}; else give one of them another name in the same way"
            )


def _looks(name: str) -> str:
    """Return what names that a reader takes for one have in common."""
    text = unicodedata.normalize("NFKC", name)
    marks = ["-" if unicodedata.category(mark) == "Pd" else mark for mark in text if unicodedata.category(mark) != "Cf"]
    text = " ".join("".join(marks).casefold().split())
    return repr(float(text)) if is_number(text) else _SETTING.sub(lambda found: repr(float(found[0])), text)


def _distinctly(one: str, other: str) -> str:
    """Write two names that look the same so that a reader sees how they differ."""
    if " ".join(one.casefold().split()) == " ".join(other.casefold().split()):
        return f"{quote(one)} and {quote(other)} differ only in capitals or blanks"
    if is_number(one) and is_number(other):
        return f"{quote(one)} and {quote(other)} are one number"
    if one.isascii() and other.isascii():
        return f"{quote(one)} and {quote(other)} differ only in how a number is written"
    return f"{one!a} and {other!a} look the same"


def refuse_datasets(table: Table, runs: pd.DataFrame, column: str, options: Options) -> None:
    """Refuse rows without a dataset, and datasets that look the same; raises UserError."""
    without = runs["_row"][runs[DATASET] == ""]
    if len(without):
        way = options.spelled("where", f"{bare(column)}!=")
        raise UserError(
            f"{table.name}, {table.lines(without)}: {column} is empty; fill it in, or leave such rows out with {way}"
        )
    seen: dict[str, str] = {}
    for name in runs[DATASET].unique():
        other = seen.setdefault(_looks(name), name)
        if other != name:
            raise UserError(
                f"{table.name}: the datasets {_distinctly(other, name)}; write one name in all rows, or "
                f"leave one out with {options.spelled('where', f'{bare(column)}!={name}')}"
            )
