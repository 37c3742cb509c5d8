"""From a wide table to a long one, with a row for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from seedwise.basics.words import quantity
from seedwise.sources.tables.table import Table


def long(
    table: Table,
    keys: Sequence[str],
    cells: Mapping[tuple[str, ...], Mapping[str, str]],
    kept: Sequence[str],
    notes: Sequence[str],
) -> Table:
    """Put the cells of a wide table below one another.

    Args:
        table: the wide one.
        keys: names of the new columns that say whose cells they are.
        cells: for the values of these the columns of their cells by metric.
        kept: columns that every row keeps.
        notes: what to add to the table's.
    """
    metrics = list(dict.fromkeys(metric for columns in cells.values() for metric in columns))
    pieces = []
    for values, columns in cells.items():
        frame = table.frame[list(kept)].astype("object")
        for key, value in zip(keys, values, strict=True):
            frame[key] = value
        for metric in metrics:
            frame[metric] = table.text(columns[metric]).to_numpy() if metric in columns else ""
        pieces.append(frame)
    found = pd.concat(pieces, ignore_index=True)
    # In the order of the rows of the wide table, as a reader would write them down.
    order = np.argsort(np.tile(np.arange(len(table.frame)), len(cells)), kind="stable")
    places = np.tile(table.places, len(cells))[order]
    found = found.iloc[order].reset_index(drop=True)
    empty = int((found[metrics] == "").all(axis=1).sum())
    if empty:
        notes = [
            *notes,
            f"{quantity(empty, 'cell')} {'is' if empty == 1 else 'are'} empty: a run that has no result. If there "
            "never was such a run, write a row for each run instead.",
        ]
    return replace(table, frame=found, places=places).noting(*notes)
