"""Which rows of a table the user wants: the conditions of `--where`."""

from __future__ import annotations

import re

import numpy as np

from seedwise.basics.errors import UserError
from seedwise.basics.unicode_forms import as_written
from seedwise.basics.words import quantity, shortened
from seedwise.sources.cells.numbers import is_number
from seedwise.sources.columns import find, missing, shortened_name
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table


def meeting(table: Table, options: Options) -> Table:
    """Return the rows that meet the user's conditions."""
    for condition in options.where:
        matched = re.fullmatch(r"(.*?)(!?=)(.*)", condition, re.DOTALL)
        spelled = options.spelled("where", condition)
        if matched is None:
            raise UserError(f"{spelled}: write COLUMN=VALUE or COLUMN!=VALUE")
        name, relation, value = (part.strip() for part in matched.groups())
        found = find(table.columns, name)
        if not found and (name.endswith(("<", ">")) or value.startswith("=")):
            raise UserError(f"{spelled}: only COLUMN=VALUE and COLUMN!=VALUE are known; filter the table otherwise")
        if value.startswith("=") and value not in set(table.text(found[0]) if found else ()):
            value = value.lstrip("= ")
        if len(found) != 1:
            raise UserError(f"{spelled}: {missing(name, table.columns)}")
        texts = table.text(found[0])
        value = as_written(value, texts.unique())
        equal = (texts == value).to_numpy(copy=True)
        if is_number(value):
            number = float(value)
            equal |= np.array([is_number(text) and float(text) == number for text in texts], dtype=bool)
        chosen = equal if relation == "=" else ~equal
        if not chosen.any():
            seen = shortened([shortened_name(text) for text in texts.unique()], 6)
            raise UserError(f"{spelled}: no row meets it; {found[0]} is {seen}")
        if not chosen.all():
            left = int((~chosen).sum())
            rows = f"{quantity(left, 'row')} that {'does' if left == 1 else 'do'} not meet {condition}"
            table = table.where(chosen).noting(f"{rows} left out, as asked.")
    return table
