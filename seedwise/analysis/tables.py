"""Reading the tables that a study writes: runs.csv, summary.csv, comparisons.csv, sources.csv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

NAMES = ("variant", "baseline", "reference")
"""Columns of names, which stay text: a variant may be called 16 or null."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a table; names are text whatever they look like, other empty cells are missing values."""
    columns = [str(column) for column in pd.read_csv(path, nrows=0).columns]
    return pd.read_csv(
        path,
        dtype={name: str for name in NAMES if name in columns},
        keep_default_na=False,
        na_values={column: ["", "nan", "NaN"] for column in columns if column not in NAMES},
    )
