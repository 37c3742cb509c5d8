"""Numbers in JSON files: by dotted key, or as a table of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.nested import flat
from seedwise.basics.unique_keys import KeyTwiceError, load_json
from seedwise.trainers.command.outputs.columns import Cell, Columns, take_values
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.place import Place, ResultsError, find_file, no_such

if TYPE_CHECKING:
    from seedwise.trainers.command.outputs.settings import Choice, Word

ByName = Callable[[Mapping[str, str] | None], dict[str, float]]
"""Gives the values of the metrics that one names, each with its key or column; all of them for None."""
_NOT_FINITE = ("nan", "inf", "-inf")  # how `seedwise.result` writes them, because JSON has no word for them


def read_json(path: Path, key: str) -> Any:
    """Read a JSON file.

    Raises:
        ResultsError: it cannot be read, or is not JSON.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ResultsError(f"{key}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{key}: {path} is not a JSON file (not UTF-8 text)") from error
    if not text.strip():
        raise ResultsError(f"{key}: {path} is empty")
    try:
        return load_json(text)
    except KeyTwiceError as error:
        raise ResultsError(f"{key}: {path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{key}: {path} is not JSON: {error}") from error


def json_reader(template: str, place: Place, key: str, rows: str | None = None, take: Word | Choice = "last") -> ByName:
    """Read a JSON file once, and return what gives the values of the metrics that one names.

    Args:
        template: path with placeholders.
        place: where the run left its files.
        key: where the source stands in the study, for messages.
        rows: dotted key of a list of objects in the file; None if it is a mapping, or itself such a list.
        take: which of the objects counts.

    Raises:
        ResultsError: it cannot be read, or `take` chooses where there is nothing to choose.
    """
    path = find_file(template, place, key)
    content = read_json(path, key)
    objects = rows_of(content, rows, path, key)
    if objects is not None:
        columns = table(objects, path)
        return lambda names: take_values(columns, names, take, place, key)
    if take != "last":
        raise ResultsError(f"{key}: take: {take} is for tables; name the list of rows: rows: log_history")
    return lambda names: values_by_key(content, names, path, key)


def read_objects(path: Path, key: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the objects of a JSONL file, each with its place; a last line that was torn by a kill does not count.

    Raises:
        ResultsError: it cannot be read, or a line is not a JSON object.
    """
    torn: ResultsError | None = None
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for count, line in enumerate(stream, start=1):
                if torn is not None:
                    raise torn
                if not line.strip():
                    continue
                try:
                    found = load_json(line)
                except KeyTwiceError as error:
                    raise ResultsError(f"{key}: {path}, line {count}: {error}") from error
                except (ValueError, RecursionError) as error:
                    torn = ResultsError(f"{key}: {path}, line {count}: not JSON: {error}")
                    continue
                if not isinstance(found, dict):
                    raise ResultsError(f"{key}: {path}, line {count}: not a JSON object")
                yield found, f"line {count}"
    except OSError as error:
        raise ResultsError(f"{key}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{key}: {path} is not a JSONL file (not UTF-8 text)") from error


def rows_of(content: Any, rows: str | None, path: Path, key: str) -> list[tuple[Mapping[str, Any], str]] | None:
    """Return the objects of a list in a JSON file; None if the file is a mapping and `rows` names no list in it.

    Raises:
        ResultsError: there is no such list, or it holds something else than objects.
    """
    if rows is not None:
        try:
            content = descend(content, rows)
        except LookupError:
            raise ResultsError(f"{key}.rows: {no_such('key', rows, lists_in(content))}, in {path}") from None
    elif not isinstance(content, list):
        return None
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise ResultsError(f"{key}: {rows or path} is not a list of objects{f', in {path}' if rows else ''}")
    return [(item, f"object {count}") for count, item in enumerate(content, start=1)]


def table(objects: Iterable[tuple[Mapping[str, Any], str]], path: Path) -> Columns:
    """Make columns of objects: keys of nested ones are joined by dots, and null is an empty cell."""
    cells: dict[str, list[Cell]] = {}
    for row, (item, where) in enumerate(objects):
        for name, value in flat(item):
            if value is not None:
                cells.setdefault(name, []).append(Cell(row, value, where))
    return Columns(str(path), "key", cells)


def values_by_key(content: Any, names: Mapping[str, str] | None, path: Path, key: str) -> dict[str, float]:
    """Return one number per metric of a JSON file.

    Args:
        content: what the file holds.
        names: dotted key by metric; None takes every number at the top level.
        path: the file.
        key: where the source stands in the study, for messages.

    Raises:
        ResultsError: keys are missing or have no numbers; all of them are named.
    """
    if not isinstance(content, dict):
        raise ResultsError(f"{key}: {path} holds no mapping of names to numbers")
    if names is None:
        values = {name: number(value) for name, value in content.items() if _is_number(value)}
        if not values:
            raise ResultsError(f"{key}: {path} has no number at its top level{_deeper(content)}")
        return values
    values, problems = {}, []
    for metric, dotted in names.items():
        label = metric if metric == dotted else f"{metric} ({dotted})"
        try:
            values[metric] = number(descend(content, dotted))
        except LookupError:
            problems.append(f"{key}: {metric}: {no_such('key', dotted, numbers_in(content))}, in {path}")
        except NotANumberError as error:
            problems.append(f"{key}: {label}: {error}, in {path}")
    if problems:
        raise ResultsError(problems)
    return values


def descend(content: Any, dotted: str) -> Any:
    """Return what a dotted key leads to; keys may hold dots themselves, and numbers count items of lists.

    Raises:
        LookupError: nothing is there.
    """
    parts = dotted.split(".")
    if isinstance(content, list):
        try:
            inner = content[int(parts[0])]
        except ValueError:
            raise LookupError(dotted) from None
        return descend(inner, ".".join(parts[1:])) if parts[1:] else inner
    if isinstance(content, dict):
        if dotted in content:
            return content[dotted]
        for length in range(1, len(parts)):
            head = ".".join(parts[:length])
            if head in content:
                try:
                    return descend(content[head], ".".join(parts[length:]))
                except LookupError:
                    continue
    raise LookupError(dotted)


def numbers_in(content: Mapping[str, Any]) -> list[str]:
    """Return the dotted keys of all numbers."""
    return [name for name, value in flat(content) if _is_number(value)]


def lists_in(content: Any) -> list[str]:
    """Return the dotted keys of all lists of objects."""
    if not isinstance(content, dict):
        return []
    return [
        name
        for name, value in flat(content)
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    ]


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value.lower() in _NOT_FINITE
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _deeper(content: Mapping[str, Any]) -> str:
    """Say where else in a file there are numbers."""
    if below := numbers_in(content):
        return f"; name what you want: keys: [{', '.join(below[:4])}]"
    if lists := lists_in(content):
        return f"; for a table in it, write rows: {lists[0]}"
    return ""
