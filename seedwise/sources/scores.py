"""The numbers that are compared, and those that come along."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import quantity
from seedwise.runs.direction import higher_is_better
from seedwise.sources.cells.numbers import NumberFormat, Numbers, advice, is_number, read_numbers
from seedwise.sources.columns import Columns, bare, shortened_name
from seedwise.sources.options import Options
from seedwise.sources.replicates import SETTINGS
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

_GROUPED, _WHOLE = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}"), re.compile(r"[1-9][0-9]{2}")
_MARKS = frozenset("c i p n correct incorrect right wrong partial pass passed fail failed".split())  # noqa: SIM905
"""How evaluations mark answers, in lower case; `C` and `I` are inspect_ai's."""


def numbers_of(table: Table, column: str, counted: NDArray[np.intp], options: Options, when: str) -> Numbers:
    """Read a column of numbers.

    Args:
        table: where it is.
        column: its name.
        counted: the rows whose number counts.
        options: how numbers are written.
        when: in which case a cell of it may be empty, for a message.

    Raises:
        UserError: a cell that counts cannot be read.
    """
    numbers = read_numbers(table.frame[column], column, options.numbers)
    strange = np.intersect1d(numbers.strange, counted) if len(numbers.strange) else numbers.strange
    if not len(strange):
        _refuse_grouped(table, column, counted, options)
        return numbers
    texts = table.text(column)
    row = int(strange[0])
    more = f" (and {quantity(len(strange) - 1, 'other cell')} of this column)" if len(strange) > 1 else ""
    cells = [texts[index] for index in strange]
    ways = [
        " ".join(options.spelled(name, mark) for name, mark in marks.items())
        for marks in advice(cells)
        if not (marks.keys() == {"thousands"} and options.numbers.decimal == marks["thousands"])
    ]
    if options.numbers != NumberFormat() and all(map(is_number, cells)):
        remedy = "other cells are written with another mark; correct one or the other"
    elif len(ways) == 2:
        remedy = f"if the mark stands before the fraction, add {ways[0]}; if it groups digits, {ways[1]}"
    elif ways:
        remedy = f"add {ways[0]} if that is how numbers are written here"
    elif {cell.lower() for cell in cells} <= _MARKS:
        remedy = "marks of answers: write 1 for what is right and 0 for what is wrong, in a column of numbers"
    elif texts[row].startswith(("[", "{")):
        remedy = "several values in one cell: write a row for each run, with its seed"
    elif texts[row].endswith("%"):
        remedy = "give every cell of the column the sign, or none"
    else:
        remedy = f"correct it, or leave the cell empty {when}"
    raise UserError(
        f"{table.place(row)}: {column} is {quote(shortened_name(texts[row]))}, not a number{more}; {remedy}"
    )


def _refuse_grouped(table: Table, column: str, counted: NDArray[np.intp], options: Options) -> None:
    """Refuse 950 beside 1.020, where the point groups digits, unless three-digit numbers never stand beside fractions.

    Raises:
        UserError: every number has a group of three digits after a point, or three digits and no point.
    """
    if options.numbers != NumberFormat() or pd.api.types.is_numeric_dtype(table.frame[column].dtype):
        return
    texts = [text for text in table.text(column).iloc[counted].unique().tolist() if text]
    grouped = [text for text in texts if _GROUPED.fullmatch(text)]
    if grouped and len(grouped) < len(texts) and all(_WHOLE.fullmatch(text) for text in set(texts) - set(grouped)):
        ways = f"{options.spelled('decimal', ',')} {options.spelled('thousands', '.')}"
        whole = next(text for text in texts if text not in grouped)
        raise UserError(
            f"{table.name}: {column} is {grouped[0]} in some rows and {whole} in others: if the point groups digits, "
            f"add {ways}; if it stands before the fraction, write {whole}.000"
        )


def other_metrics(table: Table, columns: Columns, options: Options) -> dict[str, Numbers]:
    """Read the columns of numbers that are metrics by their name."""
    found: dict[str, Numbers] = {}
    for column in table.columns:
        name = bare(column)
        ours = "final/" in column
        if column in columns.named or name in (*RESERVED, *options.metrics, *found) or not name:
            continue
        if ours or (name.lower() not in SETTINGS and higher_is_better(name) is not None):
            numbers = read_numbers(table.frame[column], column, options.numbers)
            if not len(numbers.strange) and not numbers.missing.all():
                found[name] = numbers
    return found
