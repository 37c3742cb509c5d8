"""Numbers in tables with a header: comma, tab or semicolon between cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from seedwise.trainers.command.outputs.columns import Cell, Columns
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.place import ResultsError

SEPARATORS = (",", "\t", ";")


def read_table(path: Path, key: str, only: Sequence[str] | None = None) -> Columns:
    """Read the cells that are not empty, by column.

    Comments before the header are skipped, as Stable-Baselines3 writes into monitor.csv. Rows may end early.

    Args:
        path: the file.
        key: where it stands in the study, for messages.
        only: columns whose cells are needed; None keeps all.

    Raises:
        ResultsError: it cannot be read, or is not such a table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _columns(path, key, stream, only)
    except OSError as error:
        raise ResultsError(f"{key}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{key}: {path} is not a CSV file (not UTF-8 text)") from error


def _columns(path: Path, key: str, lines: Iterator[str], only: Sequence[str] | None) -> Columns:
    skipped, header_line = _header(lines)
    if not header_line.strip():
        raise ResultsError(f"{key}: {path} is empty")
    separator = max(SEPARATORS, key=header_line.count)
    reader = csv.reader(chain([header_line], lines), delimiter=separator, skipinitialspace=True)
    cells: dict[str, list[Cell]] = {}
    header: list[str] = []
    rows = 0
    try:
        for found in reader:
            line = skipped + reader.line_num
            if not header:
                header = [name.strip() for name in found]
                _refuse_twice(header, only, path, key)
                cells = {name: [] for name in header if name}
                continue
            if len(found) > len(header):
                raise ResultsError(f"{key}: {path}, line {line}: {len(found)} cells where the header has {len(header)}")
            rows += bool(found)
            for name, text in zip(header, found, strict=False):
                if name and text.strip() and (only is None or name in only):
                    cells[name].append(Cell(line, text.strip(), f"line {line}"))
    except csv.Error as error:
        raise ResultsError(f"{key}: {path}, line {skipped + reader.line_num}: not a CSV file ({error})") from error
    if not rows:
        raise ResultsError(f"{key}: {path} has only a header, no rows below it")
    return Columns(str(path), "column", cells)


def _header(lines: Iterator[str]) -> tuple[int, str]:
    """Return the line with the names, and how many lines come before it."""
    comment, count = "", 0
    for line in lines:
        if line.startswith("sep=") or not line.strip():
            count += 1
        elif line.startswith("#"):
            comment, count = line, count + 1
        else:
            return count, line
    return count, comment.lstrip("# ")


def _refuse_twice(header: Sequence[str], only: Sequence[str] | None, path: Path, key: str) -> None:
    if all(_is_number(name) for name in header):
        raise ResultsError(f"{key}: {path} has no header; its first line has only numbers")
    for name in header:
        if name and header.count(name) > 1 and (only is None or name in only):
            raise ResultsError(f"{key}: {path} has two columns that are named {name}")


def _is_number(text: str) -> bool:
    try:
        number(text)
    except NotANumberError:
        return False
    return True
