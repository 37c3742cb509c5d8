"""Tables without seeds, where the user says that each row is a run of its own: runs are numbered in their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.sources.columns import STEPS, Columns, find, simple, simple_step
from seedwise.sources.identities import IDS, NAMES
from seedwise.sources.notes import labels, note
from seedwise.sources.options import Options
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

SEED, STATUS = RESERVED[1:3]


def numbered(table: Table, options: Options) -> Table:
    """Number the runs of a table, if the user asks for that; no number occurs in two variants, so that nothing pairs.

    Raises:
        UserError: the table has seeds, or its rows are steps.
    """
    if not options.number_runs:
        return table
    said = options.switched("number-runs")
    found = [column for column in find(table.columns, SEED) if (table.text(column) != "").any()]
    there = [options.seed] if options.seed else found
    if there:
        raise UserError(
            f"{table.name}: {said} is for a table without seeds, and {plain(there[0])} is its column of seeds; leave "
            "one of them out"
        )
    if table.steps:
        raise UserError(f"{table.name}: {table.layout}, whose rows are steps, not runs: {said} cannot number its runs")
    frame = table.frame.copy(deep=False)
    frame[SEED] = pd.Series(range(1, len(frame) + 1), dtype="str")
    return replace(table, frame=frame).noting(
        "The table has no seeds: each row counts as a run, and runs are numbered in the order of the table. Whether "
        "two of them had one seed, or one repeats another, cannot be seen, and nothing pairs them."
    )


def refuse_no_runs(table: Table, columns: Columns, options: Options) -> None:
    """Refuse rows that are steps of a run, or copies of another row; without seeds nothing else would notice.

    Raises:
        UserError: it names them.
    """
    if not options.number_runs:
        return
    named = [column for column in table.columns if column.strip().lower() in NAMES and column not in columns.named]
    for column in named:
        texts = table.text(column)
        again = (texts.duplicated(keep=False) & (texts != "")).to_numpy()
        if column.strip().lower() not in IDS:  # a name can be given twice, to runs that differ
            again = again & table.frame.drop(columns=SEED).astype("str").duplicated(keep=False).to_numpy()
        if again.any():
            text = texts[int(again.argmax())]
            rows = np.flatnonzero((texts == text).to_numpy() & again)
            raise UserError(
                f"{table.name}, {table.lines(rows)}: the run {plain(text)} is there {len(rows)} times, and without "
                "seeds each row would count as a run; leave one row for each run"
            )
    if any(table.text(column).is_unique for column in named):
        return  # a row for each run, whatever its last step
    variants = [table.text(column) for column in columns.variant]
    for column in table.columns:
        if simple_step(column) not in STEPS or {column, simple(column)} & {*columns.named, *options.ignore}:
            continue
        if table.text(column).groupby(variants).nunique().max() > 1:
            raise UserError(
                f"{table.name}: {plain(column)} varies within a variant: are the rows steps of runs? Then a column "
                f"must say which run a row is of: {options.spelled('seed', 'COLUMN')} instead of "
                f"{options.switched('number-runs')}. If "
                f"each row is a run, add {options.spelled('ignore', column)}"
            )


def named_by_seed(runs: pd.DataFrame, columns: Columns) -> list[str]:
    """Say that the names of runs were taken for seeds, where no two runs share one."""
    if str(columns.seed).strip().lower() not in NAMES or not runs[SEED].is_unique:
        return []
    return [
        f"The names of runs ({plain(str(columns.seed))}) were taken for seeds: whether two of them had one seed, or "
        "one repeats another, cannot be seen, and nothing pairs them."
    ]


def lost_or_repeated(runs: pd.DataFrame, options: Options) -> list[str]:
    """Say which runs count as lost although they may have been repeated, which their seeds would have said."""
    lost = runs[runs[STATUS] == "failed"] if options.number_runs else runs[:0]
    if lost.empty:
        return []
    way = options.spelled("where", f"{SEED}!={lost[SEED].iloc[0]}")
    return [f"{note(labels(lost), 'without a result counted as lost')} If one was run again, leave it out with {way}."]
