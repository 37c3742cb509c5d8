"""What a log of an evaluation is, and what the readers of its kinds share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.basics.unique_keys import KeyTwiceError, load_json
from seedwise.sources.columns import missing
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Evaluation, Table

_HEAD = 64 * 1024
_LONGEST = 64 * 1024**2  # bytes of the first line
_LOOKS = 20  # answers in which keys are looked up, to name them in a message
_GROUP = 100  # characters of a text that may be the name of a group
_SHORT = 24  # hexadecimal digits that tell contents apart


@dataclass(frozen=True)
class LogFile:
    """A file that may be a log, unpacked.

    Attributes:
        stream: its content; its position means nothing.
        name: what it is called in messages.
        path: where it is; empty for standard input.
    """

    stream: BinaryIO
    name: str
    path: Path

    def head(self) -> bytes:
        """Return the beginning."""
        self.stream.seek(0)
        return self.stream.read(_HEAD)

    def first_line(self) -> bytes:
        """Return the first line, unless it is endless."""
        self.stream.seek(0)
        return self.stream.readline(_LONGEST)

    def content(self) -> bytes:
        """Return all of it."""
        self.stream.seek(0)
        return self.stream.read()

    def json(self) -> Any:
        """Return what it holds as JSON.

        Raises:
            UserError: it is no JSON.
        """
        try:
            return load_json(self.content())
        except KeyTwiceError as error:
            raise UserError(f"{self.name}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise UserError(f"{self.name}: not whole JSON ({error}); was the file cut off?") from None

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Return the number and the object of each line.

        Raises:
            UserError: a line is no JSON object.
        """
        self.stream.seek(0)
        for number, line in enumerate(self.stream, start=1):
            if line.isspace():
                continue
            try:
                row = load_json(line)
            except KeyTwiceError as error:
                raise UserError(f"{self.name}, line {number}: {error}") from None
            except (ValueError, RecursionError):
                raise UserError(
                    f"{self.name}, line {number}: not JSON; was the file cut off? Run that evaluation again, or delete "
                    "the line: its answer then counts as missing"
                ) from None
            if not isinstance(row, dict):
                raise UserError(f"{self.name}, line {number}: found {type(row).__name__}, not an object in each line")
            yield number, row


@dataclass(frozen=True)
class Log:
    """One kind of log.

    Attributes:
        name: for `--layout`.
        phrase: completes "X was read as …".
        signs: what it is recognised by, for the message where it was named and does not fit.
        recognise: whether a file is one.
        read: makes one row per answer.
    """

    name: str
    phrase: str
    signs: str
    recognise: Callable[[LogFile], bool]
    read: Callable[[LogFile, Options], Table]


def first_object(file: LogFile) -> Mapping[str, Any]:
    """Return the object in the first line; empty if there is none."""
    if not file.head().lstrip().startswith(b"{"):
        return {}
    try:
        found = json.loads(file.first_line())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def roles(options: Options) -> list[str]:
    """Return the columns to which the user gives a role, apart from the scores."""
    single = (options.seed, options.dataset, options.example, options.cluster, options.repeat, options.judge)
    parts = [part for name in options.variant for part in (name, *name.split(","))]
    return list(dict.fromkeys(name for name in (*single, options.digest, *parts) if name))


def wanted(options: Options) -> list[str]:
    """Return all columns that the user names, apart from the scores."""
    return list(dict.fromkeys([*roles(options), *options.ignore, *options.where_columns]))


class Inner:
    """Cells of objects inside an answer, such as the document.

    Kept are those that the user names, and what may be the group of an example, called as in `doc.passage`: short texts
    and whole numbers that every answer has, and of which there are fewer than answers.
    """

    def __init__(self, options: Options, prefixes: Sequence[str], own: Sequence[str]) -> None:
        """Prepare.

        Args:
            options: which name columns.
            prefixes: what can stand before their names: `doc` for `doc.passage`.
            own: columns that the log has anyway.
        """
        self._names = [name for name in wanted(options) if name not in own]
        self._prefixes = prefixes
        self._there: dict[str, None] = {}
        self._looks = _LOOKS
        self.columns: dict[str, list[Any]] = {name: [] for name in self._names}
        self._groups: dict[tuple[str, str], list[Any]] | None = None

    def add(self, objects: Mapping[str, Any]) -> None:
        """Take the cells of one answer from its objects, by their prefixes."""
        for name, cells in self.columns.items():
            cells.append(self._find(name, objects))
        if self._groups is None:
            paths = [(prefix, key) for prefix, found in objects.items() for key, _ in flat(found or {})]
            named = {*self._names}
            self._groups = {path: [] for path in paths if not named & {path[1], ".".join(path)}}
        for prefix, key in list(self._groups):
            value = _inside(objects.get(prefix), key)
            if isinstance(value, int) or (isinstance(value, str) and 0 < len(value) <= _GROUP):
                self._groups[prefix, key].append(value)
            else:
                del self._groups[prefix, key]
        if self._names and self._looks:
            self._looks -= 1
            for found in objects.values():
                self._there |= dict.fromkeys(key for key, _ in flat(found or {}))

    def _find(self, name: str, objects: Mapping[str, Any]) -> Any:
        for prefix in self._prefixes:
            found = objects.get(prefix)
            for key in dict.fromkeys((name.removeprefix(f"{prefix}."), name)):
                value = _inside(found, key)
                if value is not None:
                    return value if isinstance(value, (str, int, float)) else json.dumps(value, sort_keys=True)
        return None

    def frame(self, table_name: str, own: Sequence[str]) -> dict[str, pd.Series]:
        """Return the columns.

        Raises:
            UserError: no answer has one that the user names.
        """
        series = {}
        for name, cells in self.columns.items():
            if any(cell is not None for cell in cells):
                series[name] = texts(cells)
            elif "," not in name:
                raise UserError(f"{table_name}: {missing(name, [*self._there, *own])}")
        for path, cells in (self._groups or {}).items():
            if 1 < len(set(cells)) < len(cells):
                series.setdefault(".".join(path), texts(cells))
        return series


def _inside(found: Any, key: str) -> Any:
    """Return the value of a key with dots; None if there is none."""
    if not isinstance(found, Mapping):
        return None
    if key in found:
        return found[key]
    first, dot, rest = key.partition(".")
    return _inside(found.get(first), rest) if dot else None


def texts(cells: Sequence[Any]) -> pd.Series:
    """Make a column of text; True and False as JSON has them, nothing where there is none."""
    return pd.Series([cell if type(cell) is str else _text(cell) for cell in cells], dtype="str")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return json.dumps(cell) if isinstance(cell, (bool, list, dict)) else repr(cell)


def scores(cells: Sequence[Any]) -> pd.Series:
    """Make a column of scores: numbers if all are, so that no digit is lost; else text, which says what is wrong."""
    if all(cell is None or isinstance(cell, (int, float)) for cell in cells):
        return pd.Series([np.nan if cell is None else float(cell) for cell in cells], dtype="float64")
    return texts(cells)


def first_line(error: Any) -> str:
    """Return the beginning of the message of an error."""
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message or "").strip().partition("\n")[0].partition("\\n")[0][:120]


def digest(*parts: Any) -> str:
    """Return a digest of anything that JSON can hold."""
    whole = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(whole.encode(errors="replace")).hexdigest()[:_SHORT]


def table_of(
    file: LogFile,
    columns: Mapping[str, pd.Series],
    evaluation: Evaluation,
    *,
    places: Sequence[int],
    unit: str,
    notes: Sequence[str] = (),
) -> Table:
    """Make the table of a log.

    Raises:
        UserError: it has no answers.
    """
    if not places:
        raise UserError(f"{file.name}: no answers in this log")
    frame = pd.DataFrame(dict(columns))
    return Table(file.name, frame, np.asarray(places, dtype=np.int64), unit, tuple(notes), evaluation=evaluation)
