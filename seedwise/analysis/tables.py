"""The tables of a study: runs.csv, summary.csv, comparisons.csv, sources.csv and effects.csv."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seedwise.basics.files import write_text
from seedwise.statistics.analysis import format_table

NAMES = ("variant", "baseline", "reference")
"""Columns of names, which stay text: a variant may be called 16 or null."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a table. Names stay text, whatever they look like; other empty cells are missing values."""
    columns = [str(column) for column in pd.read_csv(path, nrows=0).columns]
    return pd.read_csv(
        path,
        dtype={name: str for name in NAMES if name in columns},
        keep_default_na=False,
        na_values={column: ["", "nan", "NaN"] for column in columns if column not in NAMES},
    )


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write each table to <folder>/<name>.csv."""
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", format_table(table))
