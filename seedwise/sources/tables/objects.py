"""JSON and JSON lines: an object for each row, or a list for each column."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.basics.unique_keys import KeyTwiceError, load_json
from seedwise.runs.direction import higher_is_better
from seedwise.sources.tables.table import Table

Row = Mapping[str, Any]
NESTED, SCORE = "nested", "score"
"""Layout of a JSON object of scores by variant and seed, and the column in which it leaves scores without a name."""
_SEED = re.compile(r"(?:seed[-_ ]?)?[0-9]+", re.IGNORECASE)
_ROLES = frozenset({"variant", "seed", "step", "epoch", "index"})


def read_json(text: str, name: str) -> Table:
    """Read a JSON file, or one with a JSON object in each line.

    Nested keys are joined by dots. A list of objects is a table; so is an object of lists (a list per column), an
    object with `columns` and `data`, as pandas writes it, and an object in which one key holds the list of objects.

    Raises:
        UserError: it is no JSON, has no such list, or an object has one key twice.
    """
    bare = text.strip()
    if not bare:
        raise UserError(f"{name}: the file is empty")
    try:
        read, unit = _load(bare, name), "row"
    except json.JSONDecodeError as whole:
        if "\n" not in bare or whole.pos == 0:
            raise UserError(f"{name}, line {whole.lineno}: not JSON ({whole.msg})") from None
        return _of_lines(text, name)
    nested = _nested(read)
    if nested is not None:
        return replace(table_of_objects(nested, range(1, len(nested) + 1), name, unit), layout=NESTED)
    rows = find_rows(read, name)
    return table_of_objects(rows, range(1, len(rows) + 1), name, unit)


def read_json_lines(text: str, name: str) -> Table:
    """Read JSON lines, also a file with only one line."""
    return _of_lines(text, name)


def _of_lines(text: str, name: str) -> Table:
    rows, places = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _load(line, name)
        except json.JSONDecodeError as error:
            raise UserError(f"{name}, line {number}: not JSON ({error.msg}); was the file cut off?") from None
        if not isinstance(row, dict):
            raise UserError(f"{name}, line {number}: found {type(row).__name__}, not an object in each line")
        rows.append(row)
        places.append(number)
    return table_of_objects(rows, places, name, "line")


def _load(text: str, name: str) -> Any:
    try:
        return load_json(text)
    except KeyTwiceError as error:
        raise UserError(f"{name}: {error}") from None
    except RecursionError:
        raise UserError(f"{name}: nested too deeply to be a table") from None


def _nested(read: Any) -> list[Row] | None:
    """Return a row for each run of `{variant: {seed: score}}` or `{variant: {seed: {metric: score}}}`, if it is that.

    The seeds may also be the outer keys.
    What pandas writes, `{column: {index: cell}}`, has the same form; its outer keys are names of metrics or roles.
    """
    if (
        not isinstance(read, dict)
        or len(read) < 2
        or not all(isinstance(runs, dict) and runs for runs in read.values())
    ):
        return None
    if any(map(_has_role, read)):
        return None
    cells = [(variant, seed, cell) for variant, runs in read.items() for seed, cell in runs.items()]
    if all(map(_is_seed, read)) and not any(_is_seed(key) or _has_role(key) for _, key, _ in cells):
        cells = [(variant, seed, cell) for seed, variant, cell in cells]
    if not all(_is_seed(seed) for _, seed, _ in cells):
        return None
    if all(isinstance(cell, dict) for *_, cell in cells):
        return [{"variant": variant, "seed": seed, **cell} for variant, seed, cell in cells]
    if all(cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool)) for *_, cell in cells):
        return [{"variant": variant, "seed": seed, SCORE: cell} for variant, seed, cell in cells]
    return None


def _is_seed(key: str) -> bool:
    return _SEED.fullmatch(key.strip()) is not None


def _has_role(key: str) -> bool:
    return key.strip().lower() in _ROLES or higher_is_better(key) is not None


def find_rows(read: Any, name: str) -> list[Row]:
    """Return the objects of a JSON text that are its rows.

    Raises:
        UserError: there are none, or several lists could be meant.
    """
    if isinstance(read, list):
        if not all(isinstance(row, dict) for row in read):
            raise UserError(f"{name}: a list of something else than objects; a table has an object for each row")
        return read
    if not isinstance(read, dict):
        raise UserError(f"{name}: not a table; a table in JSON is a list with an object for each row")
    columns, data = read.get("columns"), read.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        header = [".".join(map(str, column)) if isinstance(column, list) else str(column) for column in columns]
        if any(len(row) != len(header) for row in data):
            raise UserError(f"{name}: a row of `data` has not as many cells as there are `columns`")
        return [dict(zip(header, row, strict=True)) for row in data]
    lists = {key: value for key, value in read.items() if isinstance(value, list)}
    tables = [key for key, value in lists.items() if value and all(isinstance(row, dict) for row in value)]
    if len(tables) == 1:
        return lists[tables[0]]
    if tables:
        raise UserError(
            f"{name}: {', '.join(tables)} are lists of objects; save the one that is the table by itself, or all rows "
            "in one list, each with its variant"
        )
    if read and all(isinstance(value, dict) for value in read.values()):
        return _by_column(read)
    if lists and len(lists) == len(read) and len({len(value) for value in lists.values()}) == 1:
        return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
    if any(not isinstance(value, (list, Mapping)) for value in read.values()):
        return [read]  # one run: what it was, what it reached, and perhaps lists of what happened on the way
    raise UserError(f"{name}: not a table; a table in JSON is a list with an object for each row")


def _by_column(read: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Turn what pandas writes by default, `{column: {index: cell}}`, into rows; `{name: row}` gets a column `name`."""
    keys = [list(value) for value in read.values()]
    if all(key == keys[0] for key in keys) and keys[0] == [str(index) for index in range(len(keys[0]))] and keys[0]:
        return [{column: cells[index] for column, cells in read.items()} for index in keys[0]]
    return [{"name": key, **value} for key, value in read.items()]


def table_of_objects(rows: Sequence[Row], places: Iterable[int], name: str, unit: str) -> Table:
    """Make a table of objects; a key that an object lacks is empty there."""
    flattened = [dict(flat(row)) for row in rows]
    columns = dict.fromkeys(key for row in flattened for key in row)
    frame = pd.DataFrame(
        {column: pd.Series([_cell(row.get(column)) for row in flattened], dtype="str") for column in columns}
    )
    return Table(name, frame, np.fromiter(places, dtype=np.int64), unit)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, (bool, int, float)) else json.dumps(value, ensure_ascii=False)
