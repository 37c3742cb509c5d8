"""The CSV export of a chart of W&B: a column for each run, with what it was at least and at most beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity, shortened
from seedwise.sources.cells.numbers import read_numbers
from seedwise.sources.columns import STEPS
from seedwise.sources.layouts.layout import RUN_NAME, Layout
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

_BETWEEN = " - "
_EXTREMES = re.compile(r"(.*)__(MIN|MAX)", re.DOTALL)
_TIMES = re.compile(r"(relative time|wall time|runtime|_runtime|_timestamp)\b.*", re.IGNORECASE)
_GROUP = re.compile(r"([^:]+): ")


def _recognise(table: Table, _: Options) -> bool:
    columns = set(table.columns)
    extremes = [found for column in table.columns if (found := _EXTREMES.fullmatch(column))]
    if extremes:
        return all(found[1] in columns and _BETWEEN in found[1] for found in extremes)
    first, *others = table.columns or [""]
    return (
        (_counts_steps(first) or bool(_TIMES.fullmatch(first)))
        and bool(others)
        and all(_BETWEEN in column for column in others)
    )


def _counts_steps(axis: str) -> bool:
    return axis.lower().rpartition("/")[2] in STEPS  # the Trainer of Hugging Face has train/global_step


def _convert(table: Table, _: Options) -> Table:
    """Make a row for each run and step, with a column for each metric."""
    curves = [column for column in table.columns if _BETWEEN in column and not _EXTREMES.fullmatch(column)]
    _refuse_groups(table, curves)
    axes = [column for column in table.columns if _BETWEEN not in column]
    names = [column.rpartition(_BETWEEN)[::2] for column in curves]
    by_run: dict[str, dict[str, str]] = {}
    for column, (run, metric) in zip(curves, names, strict=True):
        by_run.setdefault(run, {})[metric] = column
    metrics = list(dict.fromkeys(metric for _, metric in names))
    is_step = bool(axes) and axes[0].lower() in STEPS
    pieces, places = [], []
    for run, columns in by_run.items():
        cells = {metric: table.text(columns[metric]) for metric in metrics if metric in columns}
        frame = pd.DataFrame(cells).reindex(columns=metrics, fill_value="")
        given = (frame != "").any(axis=1).to_numpy(copy=True)
        if not given.any():
            given[-1:] = True  # a run that never had a value is still a run
        rows = np.flatnonzero(given)
        frame = frame.iloc[rows].reset_index(drop=True)
        # The points of a run have other times than those of the next, so that only their order can be compared.
        is_time = not axes or bool(_TIMES.fullmatch(axes[0]))
        steps = pd.Series(range(len(rows)), dtype="str") if is_time else table.text(axes[0]).iloc[rows]
        frame.insert(0, RUN_NAME, run)
        frame.insert(1, axes[0] if is_step else "step", steps.reset_index(drop=True))
        pieces.append(frame)
        places.append(table.places[rows])
    long = pd.concat(pieces, ignore_index=True)
    notes = _notes(table, curves, axes)
    return replace(table, frame=long, places=np.concatenate(places)).noting(*notes)


def _refuse_groups(table: Table, curves: list[str]) -> None:
    keys = {found[1] if (found := _GROUP.match(column)) else "" for column in curves}
    if keys == {"Group"} or (len(keys) == 1 and keys != {""} and _averaged(table, curves)):
        raise UserError(
            f"{table.name}: a chart exported from W&B in which runs are grouped: its curves are means over runs, and "
            "the score of each run is needed. Switch grouping off and export again, or export the table of runs"
        )


def _averaged(table: Table, curves: list[str]) -> int:
    """Count the cells that are an average of several values."""
    count = 0
    for column in curves:
        pair = [f"{column}__MIN", f"{column}__MAX"]
        if all(name in table.columns for name in pair):
            least, most = (read_numbers(table.text(name), name) for name in pair)
            count += int((least.values < most.values).sum())  # noqa: PD011 - an array of ours
    return count


def _notes(table: Table, curves: list[str], axes: list[str]) -> list[str]:
    notes = []
    extremes = [column for column in table.columns if _EXTREMES.fullmatch(column)]
    if extremes:
        notes.append(f"{quantity(len(extremes), 'column')} left out: the least and most of each curve (__MIN, __MAX).")
    averaged = _averaged(table, curves)
    if averaged:
        notes.append(
            f"{quantity(averaged, 'cell')} of the chart {'is' if averaged == 1 else 'are'} an average of several steps "
            "(__MIN differs from __MAX); the table of runs has the exact values."
        )
    if axes[1:]:
        notes.append(f"Left out of the chart: {shortened(axes[1:])}.")
    return notes


CHART = Layout(
    "wandb-chart",
    "a chart exported from W&B",
    'columns named "RUN - METRIC", with __MIN and __MAX',
    _recognise,
    _convert,
    steps=True,
)
