"""Which of several runs of one variant and seed counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.words import enumerate_words
from seedwise.sources.cells.dates import read_dates
from seedwise.sources.cells.numbers import is_number
from seedwise.sources.columns import Columns
from seedwise.sources.notes import labels, note
from seedwise.sources.options import Options
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

VARIANT, SEED, STATUS, _, RUN, DATASET = RESERVED


def one_each(
    table: Table, runs: pd.DataFrame, cell: Sequence[str], columns: Columns, options: Options
) -> tuple[pd.DataFrame, list[str]]:
    """Choose one of several runs of a variant and seed; one without a result counts only where none has a result."""
    repeated = runs.duplicated(list(cell), keep=False)
    if not repeated.any():
        return runs, []
    dates = _dates(table, columns)
    metric, rule = options.metrics[0], options.duplicates or "latest"
    replaced: dict[str, list[str]] = {}
    dropped: list[int] = []
    for _, group in runs[repeated].groupby(list(cell), sort=False):
        results = group[group[STATUS] != "failed"]
        if len(results) > 1:
            chosen = _counting(table, results, dates, columns, options)
        else:
            chosen = int((results if len(results) else group).index[-1])
        others = group.index[group.index != chosen]
        dropped += [int(index) for index in others]
        for index in others:
            (label,) = labels(runs.loc[[index]])
            text = f"without a result, in whose place {runs[RUN][chosen]} counts"
            if index in results.index:
                text = f"replaced by {runs[RUN][chosen]} with {_result(runs, chosen, metric)} ({rule} counts)"
                label += f" with {_result(runs, int(index), metric)}"
            replaced.setdefault(text, []).append(label)
    notes = [note(named, what) for what, named in replaced.items()]
    return runs.drop(index=dropped).reset_index(drop=True), notes


def _result(runs: pd.DataFrame, index: int, metric: str) -> str:
    value, status = runs[metric][index], runs[STATUS][index]
    return f"{metric} {value:.6g}" if status == "finished" else str(status)


def _dates(table: Table, columns: Columns) -> list[float] | None:
    return read_dates(table.text(columns.created).tolist()) if columns.created else None


def _counting(
    table: Table, results: pd.DataFrame, dates: list[float] | None, columns: Columns, options: Options
) -> int:
    """Return the index of the run that counts among several with a result."""
    rows = results["_row"].to_numpy()
    if options.duplicates in ("first-row", "last-row"):
        return int(results.index[0 if options.duplicates == "first-row" else -1])
    row = results.iloc[0]
    what = f"{table.name}, {table.lines(rows)}: {row[VARIANT]} has seed {row[SEED]} {_times(len(rows))}"
    written = list(dict.fromkeys(table.text(str(columns.seed)).iloc[rows]))
    what += f" ({enumerate_words(written)} are one seed)" if len(written) > 1 else ""
    what += f" on {row[DATASET]}" if DATASET in results else ""
    if options.duplicates == "error":
        raise UserError(f"{what}; one run must not count twice: delete all but one, or say which counts")
    when = [dates[index] for index in rows] if dates else []
    if len(set(when)) == len(rows):
        order = np.argsort(when)
        return int(results.index[order[-1 if options.duplicates in (None, "latest") else 0]])
    why = f"{columns.created} does not say which is newer" if columns.created else "no column says when they were made"
    raise UserError(
        f"{what}, and {why}. Say which counts: "
        f"{options.spelled('duplicates', 'first-row')} if the newest stands first, "
        f"as W&B and MLflow export, {options.spelled('duplicates', 'last-row')}, or "
        f"{options.spelled('created', _dated(table, columns) or 'COLUMN')} with their dates"
    )


def _dated(table: Table, columns: Columns) -> str | None:
    """Return a column that nobody named and that holds dates, for a message."""
    for column in table.columns:
        texts = table.text(column)
        if column not in columns.named and not texts.map(is_number).all() and read_dates(texts.tolist()) is not None:
            return column
    return None


def _times(count: int) -> str:
    return {2: "twice", 3: "three times"}.get(count, f"{count} times")
