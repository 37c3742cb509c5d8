"""Which columns of the runs' histories are drawn: any that are numbers, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

MOST_PANELS = 2
TIME = "seconds"


def step_column(history: pd.DataFrame) -> str:
    """The column that numbers the steps of a history: the first."""
    return str(history.columns[0])


def curve_columns(histories: Iterable[pd.DataFrame], first: Sequence[str] = ()) -> list[str]:
    """Return the columns that can be drawn, those in `first` first: all numbers but the step and the time it took."""
    found = dict.fromkeys(
        str(name)
        for history in histories
        for name in history.columns[1:]
        if name != TIME and is_numeric_dtype(history[name]) and not is_bool_dtype(history[name])
    )
    return [*(name for name in first if name in found), *(name for name in found if name not in first)]


def panel_columns(histories: Iterable[pd.DataFrame], wanted: Sequence[str]) -> list[str]:
    """Return at most two columns for a figure: those of `wanted` that there are, or else the first that there is."""
    columns = curve_columns(histories, wanted)
    return [name for name in columns if name in wanted][:MOST_PANELS] or columns[:1]
