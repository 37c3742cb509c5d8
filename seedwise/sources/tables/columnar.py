"""Files whose cells have types: Parquet, Feather, Excel and SQLite."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import shortened
from seedwise.sources.tables.delimited import BETWEEN, PIVOT, table_of_rows
from seedwise.sources.tables.table import Table, as_text

EXTRA = "pip install 'seedwise[tables]'"


def read_parquet(content: bytes, name: str) -> Table:
    """Read a Parquet file."""
    with _needing("pyarrow", "Parquet", name):
        return table_of_frame(pd.read_parquet(io.BytesIO(content)), name)


def read_feather(content: bytes, name: str) -> Table:
    """Read a Feather (Arrow IPC) file."""
    with _needing("pyarrow", "Feather", name):
        return table_of_frame(pd.read_feather(io.BytesIO(content)), name)


def read_excel(content: bytes, name: str, sheet: str | None) -> Table:
    """Read a sheet of an Excel file; formulas count with the values that Excel saved.

    Raises:
        UserError: it has several sheets with cells, and none was named.
    """
    with _needing("openpyxl", "Excel", name):
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {str(title): book[title] for title in book.sheetnames if hasattr(book[title], "iter_rows")}
        filled = [title for title, found in sheets.items() if any(any(row) for row in _values(found))]
        chosen = _chosen(sheet, filled, "sheet", name)
        _refuse_unsaved(sheets[chosen], openpyxl.load_workbook(io.BytesIO(content), read_only=True)[chosen], name)
        rows = (
            (number, ["" if cell is None else _excel_cell(cell) for cell in row] if any(map(_is_given, row)) else [])
            for number, row in enumerate(_values(sheets[chosen]), start=1)
        )
        return _in_rows(table_of_rows(rows, name))


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:
    yield from sheet.iter_rows(values_only=True)


def _refuse_unsaved(values: Any, written: Any, name: str) -> None:
    """Refuse formulas that no program has computed yet, whose cells would otherwise be empty."""
    for row, (seen, cells) in enumerate(zip(_values(values), _values(written), strict=False), start=1):
        for value, cell in zip(seen, cells, strict=False):
            if value is None and isinstance(cell, str) and cell.startswith("="):
                raise UserError(
                    f"{name}, row {row}: the formula {quote(cell[:40])} was never computed; open the file in a "
                    "spreadsheet program and save it, or write values"
                )


def _is_given(cell: object) -> bool:
    return cell is not None


def _excel_cell(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value).strip()


def _in_rows(table: Table) -> Table:
    return Table(table.name, table.frame, table.places, "row", table.notes, table.layout)


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
                chosen = _chosen(wanted, names, "table", name)
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
    """Make a table of a data frame; an index with a name becomes a column, columns of two levels stay a pivot's.

    Raises:
        UserError: two columns have one name.
    """
    if any(level is not None for level in frame.index.names):
        frame = frame.reset_index()
    is_pivot = frame.columns.nlevels == 2
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
    layout = f"{PIVOT}{frame.columns.names[-1] or ''}" if is_pivot else ""
    return Table(name, pd.DataFrame(named), places, "row", layout=layout)


def _chosen(wanted: str | None, names: list[str], what: str, name: str) -> str:
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
def _needing(package: str, kind: str, name: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except ImportError:
        raise UserError(f"{name}: reading {kind} needs {package}: {EXTRA}") from None
    except Exception as error:  # each library raises errors of its own
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{name}: not a whole {kind} file ({said})") from None
