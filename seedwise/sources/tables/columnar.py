"""Files whose cells have types: Parquet, Feather and SQLite."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import shortened
from seedwise.sources.tables.rows import BETWEEN, PIVOT
from seedwise.sources.tables.table import Table, as_text

EXTRA = "pip install 'seedwise[tables]'"


def read_parquet(content: bytes, name: str) -> Table:
    """Read a Parquet file."""
    with needing("pyarrow", "Parquet", name):
        return table_of_frame(pd.read_parquet(io.BytesIO(content)), name)


def read_feather(content: bytes, name: str) -> Table:
    """Read a Feather (Arrow IPC) file."""
    with needing("pyarrow", "Feather", name):
        return table_of_frame(pd.read_feather(io.BytesIO(content)), name)


def read_sqlite(content: bytes, name: str, wanted: str | None) -> Table:
    """Read a table or view of an SQLite database.

    Raises:
        UserError: it has several, and none was named; or it is MLflow's own database.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "copy.db")
        path.write_bytes(content)
        try:
            with contextlib.closing(sqlite3.connect(path)) as database:
                listed = database.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
                ).fetchall()
                names = [str(row[0]) for row in listed]
                if wanted is None and {"experiments", "runs", "latest_metrics"} <= set(names):
                    raise UserError(
                        f"{name}: the database of an MLflow server; write a study with runs: {{from: mlflow, "
                        f"experiment: …, uri: sqlite:///{name}}}"
                    )
                chosen = chosen_of(wanted, names, "table", name)
                quoted = chosen.replace('"', '""')
                cursor = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 -- one of the names in it, quoted
                columns = [str(column[0]) for column in cursor.description]
                rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise UserError(f"{name}: not a whole SQLite database ({error})") from None
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    frame = pd.DataFrame(
        {column: pd.Series(list(values), dtype="object") for column, values in zip(columns, cells, strict=True)}
    )
    return table_of_frame(frame, name)


def table_of_frame(frame: pd.DataFrame, name: str) -> Table:
    """Make a table of a data frame; an index with a name becomes a column, columns of several levels stay a pivot's.

    Raises:
        UserError: two columns have one name.
    """
    if any(level is not None for level in frame.index.names):
        frame = frame.reset_index()
    is_pivot = frame.columns.nlevels > 1
    between = BETWEEN if is_pivot else "."
    columns = [
        between.join(str(part) for part in c if str(part)) if isinstance(c, tuple) else str(c) for c in frame.columns
    ]
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise UserError(f"{name}: two columns are named {quote(twice)}; rename or delete one of them")
    named = {}
    for position, column in enumerate(columns):
        cells = frame.iloc[:, position].reset_index(drop=True)
        is_typed = pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)
        named[column] = cells if is_typed else as_text(cells)
    places = np.arange(1, len(frame) + 1, dtype=np.int64)
    layout = PIVOT + BETWEEN.join(str(level or "") for level in frame.columns.names) if is_pivot else ""
    return Table(name, pd.DataFrame(named), places, "row", layout=layout)


def chosen_of(wanted: str | None, names: list[str], what: str, name: str) -> str:
    """Return the sheet or table that is wanted, or the only one; raises UserError if several could be meant."""
    if wanted is not None:
        if wanted in names:
            return wanted
        raise UserError(f"{name}: no {what} {quote(wanted)}; found {shortened(names) or 'none'}")
    if not names:
        raise UserError(f"{name}: the file is empty")
    if len(names) > 1:
        way = f"--table {quote(names[0])} (sheet= in Python)"
        raise UserError(f"{name}: several {what}s ({shortened(names)}); name one with {way}")
    return names[0]


@contextlib.contextmanager
def needing(package: str, kind: str, name: str) -> Iterator[None]:
    """Say which package a format needs, and that a file of it is not whole."""
    try:
        yield
    except UserError:
        raise
    except ImportError:
        raise UserError(f"{name}: reading {kind} needs {package}: {EXTRA}") from None
    except Exception as error:  # each library raises errors of its own
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{name}: not a whole {kind} file ({said})") from None
