"""Tables of `wandb.Api().runs`: a cell holds the whole summary of a run, another its whole config."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.sources.layouts.layout import Layout
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

_COLUMNS = ("summary", "config")
_LONGEST = 200  # characters of a text that is worth a column


def _columns(table: Table) -> dict[str, str]:
    return {column.strip().lower(): column for column in table.columns if column.strip().lower() in _COLUMNS}


def _recognise(table: Table, _: Options) -> bool:
    found = _columns(table)
    if len(found) < len(_COLUMNS):
        return False
    cells = [table.text(column) for column in found.values()]
    given = [text for column in cells for text in column[column != ""].head(3)]
    return bool(given) and all(text.startswith("{") for text in given)


def _convert(table: Table, _: Options) -> Table:
    """Give each key of a summary and a config a column, with their name before it."""
    found = _columns(table)
    rows: list[dict[str, str]] = [{} for _ in range(len(table.frame))]
    for prefix in _COLUMNS:
        for row, text in enumerate(table.text(found[prefix])):
            read = _mapping(text)
            if read is None:
                raise UserError(
                    f"{table.place(row)}: {found[prefix]} is no dictionary of Python or JSON; was the cell cut off?"
                )
            for key, value in flat(_without_internals(read)):
                cell = _cell(value)
                if len(cell) <= _LONGEST:
                    rows[row][f"{prefix}.{key}"] = cell
    columns = dict.fromkeys(column for row in rows for column in row)
    kept = table.frame[[column for column in table.frame.columns if column not in found.values()]]
    cells = {column: pd.Series([row.get(column, "") for row in rows], dtype="str") for column in columns}
    return replace(table, frame=pd.concat([kept, pd.DataFrame(cells, index=kept.index)], axis=1))


def _mapping(text: str) -> Mapping[str, Any] | None:
    """Read a dictionary that Python or JSON wrote; None if it is neither."""
    if not text:
        return {}
    try:
        read = json.loads(text)
    except ValueError:
        try:
            read = _value(ast.parse(text, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return {str(key): value for key, value in read.items()} if isinstance(read, dict) else None


def _value(node: ast.expr) -> Any:
    """Return what an expression of Python stands for, which `ast.literal_eval` refuses where it has a nan."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Dict):
        return {
            str(_value(key)): _value(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        }
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [_value(part) for part in node.elts]
    if isinstance(node, ast.Name) and node.id in ("nan", "inf", "NaN", "Infinity", "null", "true", "false"):
        return {"null": None, "true": True, "false": False}.get(node.id, node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand)
        return -value if isinstance(value, (int, float)) else f"-{value}"
    return ast.unparse(node)  # array(…), datetime(…) and the like are text


def _without_internals(read: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what W&B keeps for itself, and take values out of the form in which its files have them."""
    found = {}
    for key, value in read.items():
        if key == "_wandb" or (isinstance(value, Mapping) and "_type" in value):
            continue
        if isinstance(value, Mapping) and set(value) <= {"value", "desc"} and "value" in value:
            found[key] = value["value"]
        else:
            found[key] = value
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return repr(value) if isinstance(value, (bool, int, float)) else json.dumps(value, default=str)


DUMP = Layout(
    "wandb-api",
    "a table of wandb.Api().runs, with summary and config as dictionaries",
    "columns summary and config that hold dictionaries",
    _recognise,
    _convert,
)
