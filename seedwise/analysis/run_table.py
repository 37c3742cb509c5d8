"""The analysis of a table of runs, made by a study or by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.plan import Plan
from seedwise.runs.table import metric_columns
from seedwise.statistics.analysis import Analysis, analyse
from seedwise.statistics.intervals import DataError


@contextmanager
def data_from(place: str) -> Iterator[None]:
    """Turn a DataError into a UserError that says where the data are."""
    try:
        yield
    except DataError as error:
        raise UserError(f"{place}: {error}") from error


def analyse_runs(
    place: str,
    runs: pd.DataFrame,
    plan: Plan,
    variants: Sequence[str] | None = None,
    *,
    n_test: int | None = None,
    alpha: float | None = None,
) -> Analysis:
    """Analyse the runs of the table `place`; the other arguments are those of `seedwise.statistics.analyse`.

    Raises:
        UserError: the table lacks a column or a variant, or holds what cannot be analysed.
    """
    with data_from(place):
        return analyse(runs, plan, variants, n_test=n_test, other_metrics=other_metrics(runs, plan.metric), alpha=alpha)


def other_metrics(runs: pd.DataFrame, metric: str) -> list[str]:
    """Return the metrics other than the compared one: numeric columns that are not fixed ones."""
    columns = metric_columns(str(column) for column in runs.columns)
    return [column for column in columns if column != metric and _holds_numbers(runs[column])]


def _holds_numbers(column: pd.Series) -> bool:
    """Whether all cells that are not empty are numbers, stored as such or, in a table made by hand, as text."""
    given = column[column.notna() & (column.astype(str).str.strip() != "")]
    return len(given) > 0 and bool(pd.to_numeric(given, errors="coerce").notna().all())
