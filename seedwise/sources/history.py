"""A row for each step of a run: which of them counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import quantity, shortened
from seedwise.sources.cells.numbers import advice, read_numbers
from seedwise.sources.columns import STEPS, Columns, bare, find, listing, missing, simple_step
from seedwise.sources.options import Options
from seedwise.sources.replicates import refuse_several
from seedwise.sources.tables.table import Table
from seedwise.sources.taking import Take

EMPTY = "empty:"
"""Begins the name of the column that says whether a run has no value of a metric."""


def take_rows(
    table: Table, runs: pd.DataFrame, cell: Sequence[str], metrics: Sequence[str], columns: Columns, options: Options
) -> tuple[pd.DataFrame, list[str]]:
    """Leave one row for each run of a table with a row per step.

    Args:
        table: where the column of steps is.
        runs: a row for each row of the table, with its number as `_row`, and whether a metric is empty.
        cell: the columns that identify a run.
        metrics: the compared ones; the first decides which row is the best.
        columns: those that have a role.
        options: which row counts.

    Returns:
        The rows that count, in the order of the table, and notes. All rows if they are runs already.

    Raises:
        UserError: the best row is wanted, and nothing says what is better; or the rows of a run may be several runs.
    """
    run = runs.groupby(list(cell), sort=False).ngroup()  # grouping by a number is many times faster
    sizes = run.value_counts()
    step = _step(table)
    # Most runs have a history, or none has: a single run that was repeated is a duplicate.
    if step is None and options.take is not None:
        raise UserError(
            f"{options.spelled('take', _spelled(options.take))}: {table.name} has no column that counts steps "
            f"(such as step or epoch), so that there is nothing to take from; leave it out. {listing(table.columns)}"
        )
    if step is None:
        return runs, []
    if not table.steps and 2 * int((sizes > 1).sum()) <= len(sizes):
        return runs, _of_lengths(table, runs, step, cell, options)
    steps = _read_steps(table, runs, step, metrics[0], options)
    ordered = runs.assign(_run=run, _step=steps).iloc[np.lexsort((runs["_row"], steps, run))]
    spans = ordered.groupby("_run", sort=False)["_step"].agg(["min", "max"])
    if not (spans["min"] < spans["max"]).any():
        return runs, _early(ordered.groupby("_run", sort=False).tail(1).set_index("_run"), spans["max"], step, cell)
    take = options.take or Take()
    refuse_several(table, ordered, columns, options)
    _refuse_restarts(table, ordered, step, metrics[0])
    ordered["_by"] = _judged(table, ordered, metrics[0], take)
    chosen = ordered.groupby("_run", sort=False).tail(1).set_index("_run")
    for metric in metrics:
        given = ordered[~ordered[EMPTY + metric]]
        values = _values(given, metric, take, options)
        chosen[metric] = values.reindex(chosen.index)
        chosen[EMPTY + metric] = ~chosen.index.isin(values.index)
    taken = chosen.reset_index().sort_values("_row")[[*runs.columns]].reset_index(drop=True)
    said = "" if options.take else f" ({options.spelled('take', 'best')} and others say otherwise)"
    notes = [f"{table.name} has a row for each {bare(step)}: {_words(take)} counts for each run{said}."]
    if take.kind == "mean-last":
        sizes_given = ordered[~ordered[EMPTY + metrics[0]]].groupby("_run", sort=False).size().tolist()
        few = sum(size < take.count for size in sizes_given)
        if few:
            notes.append(f"{quantity(few, 'run')} had fewer than {take.count} values: the mean of all of them counts.")
    notes += _repeated(ordered, step, metrics[0])
    notes += _early(chosen, spans["max"], step, cell)
    return taken, notes


def _early(chosen: pd.DataFrame, ends: pd.Series, step: str, cell: Sequence[str]) -> list[str]:
    """Say which runs ended before others; `chosen` has a row for each run, by its number."""
    early = ends[ends < ends.max()]
    if not len(early):
        return []
    labels = [" seed ".join(map(str, row)) for row in chosen.loc[early.index, list(cell[:2])].itertuples(index=False)]
    return [
        f"{quantity(len(early), 'run')} ended before {bare(step)} {ends.max():g}, where others did: "
        f"{shortened(labels)}. If they were cut off, their last value is no result: give them a status."
    ]


def _of_lengths(table: Table, runs: pd.DataFrame, step: str, cell: Sequence[str], options: Options) -> list[str]:
    """Say which runs of a table with a row each are shorter, where lengths repeat as those of experiments do."""
    ends, _ = read_numbers(table.frame[step], step, options.numbers).at(runs["_row"].to_numpy())
    if not np.isfinite(ends).all() or 2 * np.unique(ends).size > len(ends):
        return []
    return _early(runs, pd.Series(ends, index=runs.index), step, cell)


def _repeated(ordered: pd.DataFrame, step: str, metric: str) -> list[str]:
    """Say that runs have a step several times, with results that differ, as after they were resumed."""
    given = ordered[~ordered[EMPTY + metric]]
    given = given[given.duplicated(["_run", "_step"], keep=False)]
    counts = given.groupby(["_run", "_step"], sort=False)[metric].nunique(dropna=False)
    runs = int(counts[counts > 1].index.get_level_values("_run").nunique())
    if not runs:
        return []
    return [
        f"{quantity(runs, 'run')} {'has' if runs == 1 else 'have'} a {bare(step)} several times, with different "
        f"{metric}, as if resumed: of these the row that stands last counts."
    ]


def _step(table: Table) -> str | None:
    named = {simple_step(column): column for column in reversed(table.columns)}
    return next((named[name] for name in STEPS if name in named), None)


def _refuse_restarts(table: Table, ordered: pd.DataFrame, step: str, metric: str) -> None:
    """Refuse a run that began again and did not get as far, because its last step is of the abandoned attempt."""
    given = ordered[~ordered[EMPTY + metric]]
    twice = given.duplicated(["_run", "_step"], keep=False)
    if not twice.any():
        return
    for _, rows in given[given["_run"].isin(given["_run"][twice])].groupby("_run", sort=False):
        steps, order = rows["_step"].to_numpy(), rows["_row"].to_numpy()
        again = rows.duplicated("_step", keep=False).to_numpy()
        newest, furthest = float(steps[order.argmax()]), float(steps.max())
        # In a file that is sorted by step each step stands twice in a row, and the last of the file is the last step.
        if newest < furthest and again.sum() > 2 and (np.diff(order) < 0).any():
            first = rows.iloc[int(again.argmax())]
            raise UserError(
                f"{table.name}: {first['variant']} seed {first['seed']} has {bare(step)} {first['_step']:g} twice, "
                f"and its last row is of {bare(step)} {newest:g}, not {furthest:g}: was it started again? Leave out "
                "the rows of the attempt that does not count, or add a column run_id that tells the two apart, and "
                "created with their dates"
            )


def _read_steps(table: Table, runs: pd.DataFrame, step: str, metric: str, options: Options) -> NDArray[np.float64]:
    """Return the step of each row; a row with a result must have one, or nothing says where it belongs."""
    rows = runs["_row"].to_numpy()
    numbers = read_numbers(table.frame[step], step, options.numbers)
    steps, _ = numbers.at(rows)
    unknown = np.flatnonzero(~np.isfinite(steps) & ~runs[EMPTY + metric].to_numpy())
    if len(unknown) and np.isfinite(steps).any():
        row = int(rows[unknown[0]])
        text = table.text(step)[row]
        way = options.spelled("where", f"{step}!={text}")
        if text and (ways := [marks for marks in advice([text]) if "thousands" in marks]):
            way = " ".join(options.spelled(key, mark) for key, mark in ways[0].items())
        raise UserError(
            f"{table.place(row)}: {step} is {quote(text) if text else 'empty'}, so that nothing says where in its run "
            f"the row belongs (and {quantity(len(unknown) - 1, 'other row')}); correct it, or add {way}"
        )
    return steps


def _judged(table: Table, ordered: pd.DataFrame, metric: str, take: Take) -> pd.Series:
    """Return what the best row is chosen by."""
    if take.by is None:
        return ordered[metric]
    found = find(table.columns, take.by)
    if len(found) != 1:
        raise UserError(f"{table.name}: {missing(take.by, table.columns)}")
    values, _ = read_numbers(table.text(found[0]), found[0]).at(ordered["_row"].to_numpy())
    return pd.Series(values, index=ordered.index)


def _values(given: pd.DataFrame, metric: str, take: Take, options: Options) -> pd.Series:
    groups = given.groupby("_run", sort=False)
    if take.kind in ("last", "first"):
        ends = groups.tail(1) if take.kind == "last" else groups.head(1)
        return ends.set_index("_run")[metric]
    if take.kind == "mean-last":
        return groups[metric].apply(lambda values: values.tail(take.count).mean(skipna=False))
    higher = options.higher_is_better
    if take.by is not None:
        from seedwise.runs.direction import higher_is_better

        higher = higher_is_better(take.by)
    if higher is None:
        raise UserError(
            f"{options.spelled('take', 'best')}: the name {take.by or metric} does not say which way is better; take "
            "the best of a column that does, or the last value"
        )
    judged = given[given["_by"].notna()].groupby("_run", sort=False)["_by"]
    if judged.ngroups < given["_run"].nunique():
        raise UserError(
            f"{options.spelled('take', f'best:{take.by}')}: a run has no row with both {take.by} and {metric}; choose "
            "by a column that is measured together with it"
        )
    best: pd.Series = judged.idxmax() if higher else judged.idxmin()
    return pd.Series(given[metric].reindex(best.to_numpy()).to_numpy(), index=best.index)


def _spelled(take: Take) -> str:
    return take.kind + (f":{take.by}" if take.by else f":{take.count}" if take.kind == "mean-last" else "")


def _words(take: Take) -> str:
    if take.kind == "best":
        return f"the value where {take.by} is best" if take.by else "the best value, which flatters a noisy run,"
    return {"mean-last": f"the mean of the last {take.count} values"}.get(take.kind, f"the {take.kind} value")
