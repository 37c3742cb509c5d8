"""Pivot tables: a header of several rows, one for each level, as pandas writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.words import shortened
from seedwise.sources.columns import find
from seedwise.sources.layouts.layout import Layout
from seedwise.sources.layouts.long import long
from seedwise.sources.layouts.means import refuse_statistics
from seedwise.sources.options import Options
from seedwise.sources.tables.rows import BETWEEN, PIVOT
from seedwise.sources.tables.table import Table


def _is_pivot(table: Table, _: Options) -> bool:
    return table.layout.startswith(PIVOT)


def _from_pivot(table: Table, options: Options) -> Table:
    """Make a row for each run, of the cells below the levels of the header."""
    levels = table.layout.removeprefix(PIVOT).split(BETWEEN)
    split = {column: tuple(column.split(BETWEEN)) for column in table.columns}
    # Of an index that pandas made a column, the lower levels are empty.
    plain = {column: parts[0] for column, parts in split.items() if not any(parts[1:])}
    cells = {column: parts for column, parts in split.items() if column not in plain}
    for values in zip(*cells.values(), strict=True):
        refuse_statistics(table, list(dict.fromkeys(values)))
    table = replace(table, frame=table.frame.rename(columns=plain), layout="")
    kept, wanted = list(plain.values()), options.metrics
    in_header = [place for place, values in enumerate(zip(*cells.values(), strict=True)) if _has_all(values, wanted)]
    by_row = [column for column in kept if _has_all(table.text(column).unique().tolist(), wanted)]
    if in_header:
        level = in_header[0]
    elif by_row:
        return _of_rows(table, by_row[0], _named(table, levels, kept), cells)
    elif "" in levels:
        level = levels.index("")
    elif len(wanted) == 1:
        names = _named(table, levels, kept)
        of_all = {parts: {wanted[0]: column} for column, parts in cells.items()}
        return long(table, names, of_all, kept, [f"Its cells are {wanted[0]}: no level of the header names metrics."])
    else:
        raise UserError(f"{table.name}: no level of its header has the metrics {', '.join(wanted)}")
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for column, parts in cells.items():
        found.setdefault((*parts[:level], *parts[level + 1 :]), {})[parts[level]] = column
    names = _named(table, [*levels[:level], *levels[level + 1 :]], kept)
    return long(table, names, found, kept, [])


def _of_rows(table: Table, column: str, names: Sequence[str], cells: dict[str, tuple[str, ...]]) -> Table:
    """Make a row for each column of cells, where each row is of one metric, as in a table that was transposed."""
    metrics = table.text(column)
    if metrics.duplicated().any():
        raise UserError(
            f"{table.name}: {column} names the metric of each row, and some have several rows; save a row for each run"
        )
    rows = [[*parts, *table.text(own)] for own, parts in cells.items()]
    frame = pd.DataFrame(rows, columns=[*names, *metrics], dtype="str")
    places = pd.RangeIndex(1, len(frame) + 1).to_numpy(dtype="int64")
    return replace(table, frame=frame, places=places, unit="column")


def _has_all(values: Sequence[str], metrics: Sequence[str]) -> bool:
    return all(find(list(values), metric) for metric in metrics)


def _named(table: Table, levels: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Name the level that has no name by what is lacking.

    Raises:
        UserError: several have none.
    """
    lacking = [name for name in ("variant", "seed") if not find([*levels, *kept], name)]
    if levels.count("") > 1 or ("" in levels and not lacking):
        raise UserError(
            f"{table.name}: a pivot table, of whose header several rows have no name "
            f"({shortened([level or 'nothing' for level in levels])}); name them before you save it, in pandas: "
            "frame.columns.names = ['metric', 'variant', 'seed']"
        )
    return [level or lacking[0] for level in levels]


PIVOTED = Layout(
    "pivot",
    "a pivot table with a header of several rows",
    "a header of several rows, as pandas writes it",
    _is_pivot,
    _from_pivot,
)
