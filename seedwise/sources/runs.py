"""From a table of any kind to one row per run: what is ambiguous is refused, what is left out is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.sources.asked import asked_by, spelled_roles
from seedwise.sources.cells.numbers import Numbers
from seedwise.sources.columns import Columns, find_columns
from seedwise.sources.conditions import meeting
from seedwise.sources.duplicates import one_each
from seedwise.sources.endings import with_outcomes, with_states
from seedwise.sources.history import EMPTY, take_rows
from seedwise.sources.identities import identified, refuse_datasets
from seedwise.sources.numbered import lost_or_repeated, named_by_seed, numbered, refuse_no_runs
from seedwise.sources.options import Options
from seedwise.sources.plausible import refuse_summary_variants, refuse_units, said_marks
from seedwise.sources.replicates import refuse_mixed
from seedwise.sources.scores import numbers_of, other_metrics
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

VARIANT, SEED, STATUS, REASON, RUN, DATASET = RESERVED
_ANSWERS = 30  # rows of a variant from which 0 and 1 look like answers


@dataclass(frozen=True)
class RunTable:
    """Runs, one row each.

    Attributes:
        runs: variant, seed, the metrics by the names that the user gave, status (finished, diverged or failed), reason,
            source_run (what the source calls it), and dataset if one was named.
        notes: sentences about whatever was left out, assumed or recognised.
        found: how many rows or runs the source lists.
    """

    runs: pd.DataFrame
    notes: tuple[str, ...]
    found: int


def read_runs(table: Table, options: Options, declared: Sequence[str] = ()) -> RunTable:
    """Make one row per run of a table.

    Metrics that nobody named come along if their name says which way is better, or if our trackers recorded them.

    Args:
        table: whose rows are runs, or steps of runs.
        options: what the user says about it.
        declared: the variants of a study; rows of others, or without a variant or seed, are listed and left out. If
            none are declared, every row must have both.

    Raises:
        UserError: the table lacks a column, holds what cannot be read, pools several experiments, or has two runs of
            one variant and seed and nothing says which counts.
    """
    found = len(table.frame)
    if not found:
        raise UserError(f"{table.name}: only a header, no runs below it")
    if table.evaluation is not None and options.sample != "runs":
        way = options.spelled("sample", "examples")
        raise UserError(f"{table.name}: {table.layout}, whose rows are answers, not runs; add {way}")
    table = meeting(numbered(table, options), options)
    columns = find_columns(table, options)
    refuse_no_runs(table, columns, options)
    runs, notes = identified(table, columns, options, declared)
    runs, more = with_states(table, runs, columns, options)
    notes += more
    rows = runs["_row"].to_numpy()
    for name, column in zip(options.metrics, columns.metrics, strict=True):
        numbers = _numbers(table, column, runs, options)
        runs[name], runs[EMPTY + name] = numbers.at(rows)
        if name != options.metrics[0]:  # later an empty cell is NaN, so that a result that is NaN must not be
            runs.loc[~runs[EMPTY + name] & runs[name].isna(), name] = np.inf
        notes += numbers.notes
    others = other_metrics(table, columns, options)
    for name, numbers in others.items():
        runs[name], runs[EMPTY + name] = numbers.at(rows)
    if columns.dataset:
        runs[DATASET] = table.text(columns.dataset).to_numpy()[rows]
        refuse_datasets(table, runs, columns.dataset, options)
    cell = [VARIANT, SEED, *([DATASET] if columns.dataset else [])]
    own = ["_id"] if "_id" in runs else []
    runs, more = take_rows(table, runs, [*cell, *own], [*options.metrics, *others], columns, options)
    notes += more
    _refuse_answers(table, runs, columns, options)
    refuse_mixed(table, runs, columns, options)
    runs, more = with_outcomes(table, runs, options.metrics[0])
    notes += [*more, *lost_or_repeated(runs, options)]
    runs, more = one_each(table, runs, cell, columns, options)
    notes += more
    notes += named_by_seed(runs, columns)
    for name in options.metrics:
        counted = runs.loc[runs[STATUS] == "finished"]
        refuse_units(table, name, counted[name].to_numpy(), options)
        notes += said_marks(name, counted[name].to_numpy(), counted[DATASET] if columns.dataset else None)
    refuse_summary_variants(table, runs, cell, options.metrics[0], options)
    runs[SEED] = _of_one_kind(runs[SEED])
    given = [name for name in others if runs[name].notna().any()]
    kept = [VARIANT, SEED, STATUS, REASON, *cell[2:], *options.metrics, *given, RUN]
    return RunTable(runs[kept].reset_index(drop=True), tuple(dict.fromkeys([*table.notes, *notes])), found)


def _numbers(table: Table, column: str, runs: pd.DataFrame, options: Options) -> Numbers:
    counted = runs.loc[runs[STATUS] == "finished", "_row"].to_numpy()
    return numbers_of(table, column, counted, options, "if the run has no result")


def _refuse_answers(table: Table, runs: pd.DataFrame, columns: Columns, options: Options) -> None:
    """Refuse to take the answers of an evaluation, each right or wrong, for runs."""
    if options.sample == "runs":
        return
    metric = options.metrics[0]
    values = runs.loc[runs[STATUS] == "finished", metric]
    count = int(runs[VARIANT].value_counts().max())
    if count >= _ANSWERS and values.isin([0, 1]).all():
        raise UserError(
            f"{table.name}: {metric} is 0 or 1 in all of up to {count} rows of a variant: are they answers to "
            f"questions? Then add {_as_answers(table, runs, columns, options)}, so that the verdict is about new "
            f"questions; else {options.spelled('sample', 'runs')}"
        )


def _of_one_kind(seeds: pd.Series) -> list[int] | list[str]:
    """Return seeds that can be compared: whole numbers if all are, else text."""
    values = seeds.tolist()
    return values if all(isinstance(seed, int) for seed in values) else [str(seed) for seed in values]


def _as_answers(table: Table, runs: pd.DataFrame, columns: Columns, options: Options) -> str:
    seen = table.where(np.isin(np.arange(len(table.frame)), runs["_row"]))
    found, repeat = asked_by(seen, runs.sort_values("_row")[VARIANT], {*columns.variant, *columns.metrics})
    example = spelled_roles(options, found or ("COLUMN" if options.number_runs else str(columns.seed)), repeat)
    return f"runs.sample: examples and {example}" if options.spelling == "keys" else example
