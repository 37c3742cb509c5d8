"""How each run ended: what its source says, and whether it has a result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.sources.cells.states import GRAVEST, STATES, State, meaning
from seedwise.sources.columns import Columns, find, shortened_name, simple
from seedwise.sources.history import EMPTY
from seedwise.sources.notes import labels, note
from seedwise.sources.options import Options
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

STATUS, REASON = RESERVED[2:4]


def with_states(table: Table, runs: pd.DataFrame, columns: Columns, options: Options) -> tuple[pd.DataFrame, list[str]]:
    """Add how each run ended, and leave out those that have not."""
    rows = runs["_row"].to_numpy()
    ranks = np.full(len(rows), len(GRAVEST) - 1)
    words = np.full(len(rows), "", dtype=object)
    for column in columns.status:
        codes, texts = pd.factorize(table.text(column).iloc[rows])
        read = _states(table, rows[np.unique(codes, return_index=True)[1]], column, list(texts), options)
        rank = np.array([GRAVEST.index(state) for state in read])[codes]
        graver = rank < ranks
        ranks[graver], words[graver] = rank[graver], np.asarray(texts, dtype=object)[codes[graver]]
    states = np.array(GRAVEST, dtype=object)[ranks]
    given = find(table.columns, REASON)
    if len(given) == 1:
        reasons = table.text(given[0]).iloc[rows].to_numpy()
        words = np.where(reasons != "", reasons, words)
    runs = runs.copy()
    tidy = {word: " ".join(word.split()) for word in set(words)}
    runs[STATUS], runs[REASON] = states, [tidy[word] for word in words]
    runs.loc[runs[STATUS] == "finished", REASON] = ""
    running = runs[STATUS] == "running"
    if not running.any():
        return runs, []
    if running.all():
        raise UserError(f"{table.name}: no run has ended yet, as {columns.status[0]} says")
    return runs[~running].reset_index(drop=True), [note(labels(runs[running]), "not counted: still running")]


def _states(table: Table, rows: NDArray[np.intp], column: str, texts: Sequence[str], options: Options) -> list[State]:
    """Return what each different word of a column means; `rows` are the first with each of them."""
    known: dict[str, State | None] = {text: meaning(text, options.states, simple(column)) for text in set(texts)}
    if "" in known and known[""] is None:
        # Without any other word for it, an empty cell is the word for a run that ended well.
        known[""] = None if "finished" in known.values() else "finished"
    for row, text in zip(rows, texts, strict=True):
        if known[text] is None:
            pair = options.spelled("state", f"{text}={'finished' if not text else 'failed'}")
            says = (
                f"{column} is {quote(shortened_name(text))}, which does not say how the run ended"
                if text
                else (f"{column} is empty, where others say how their run ended")
            )
            raise UserError(
                f"{table.place(row)}: {says}. Known words mean {', '.join(STATES)}; say what this one means with "
                f"{pair}, or {options.spelled('ignore', column)} if the column is about something else"
            )
    return [state for text in texts if (state := known[text]) is not None]


def with_outcomes(table: Table, runs: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, list[str]]:
    """Count a run without a finite value of the metric that decides as lost."""
    notes = []
    values = runs[metric].to_numpy(dtype=np.float64)
    ended = (runs[STATUS] == "finished").to_numpy()
    absent = ended & runs[EMPTY + metric].to_numpy()
    infinite = ended & ~absent & ~np.isfinite(values)
    runs = runs.copy()
    for row in runs["_row"][absent]:
        if int(table.places[row]) in table.short:
            raise UserError(
                f"{table.place(row)}: fewer cells than the header has, and so no {metric}; was the file cut off? "
                "Complete the row, or delete it"
            )
    if absent.any():
        notes.append(note(labels(runs[absent]), f"counted as failed: no {metric}"))
        runs.loc[absent, STATUS], runs.loc[absent, REASON] = "failed", f"has no {metric}"
    if infinite.any():
        notes.append(note(labels(runs[infinite]), f"counted as diverged: its {metric} is not finite"))
        runs.loc[infinite, REASON] = [f"{metric} is {value:g}" for value in values[infinite]]
        runs.loc[infinite, STATUS], runs.loc[infinite, metric] = "diverged", np.nan
    return runs, notes
