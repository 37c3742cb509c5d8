"""Runs from a CSV or TSV file that people made: every mistake is one line that names the place and the remedy."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.statistics.runs import STATUSES, unknown

SEPARATORS = (",", "\t", ";")
_SHOWN = 40  # characters of a cell that is quoted


def read_runs(source: str, metric: str) -> pd.DataFrame:
    """Read a table of runs.

    Args:
        source: path, or "-" for standard input; comma, tab or semicolon between cells, names in the first line.
        metric: column of numbers; it may be empty only where the status says that the run was lost.

    Returns:
        a row per run in the file's order: variant, seed (int where all are), `metric` as float, status, and the other
        columns as text.

    Raises:
        UserError: the table cannot be read, lacks a column, or holds what cannot be analysed.
    """
    name = "standard input" if source == "-" else source
    if metric in ("variant", "seed", "status"):
        raise UserError(f"--metric {metric}: that column says which run a row is; name a column of scores")
    rows = _rows(_text(source, name), name)
    header, lines = rows[0][1], rows[1:]
    for column in ("variant", "seed", metric):
        if column not in header:
            raise UserError(f"{name}: {_unknown_column(column, header)}")
    if not lines:
        raise UserError(f"{name}: only a header, no runs below it")
    table = {column: [cells[index] for _, cells in lines] for index, column in enumerate(header)}
    numbers = [number for number, _ in lines]
    for column in ("variant", "seed"):
        _refuse_empty(table[column], column, numbers, name)
    statuses = [status.lower() or "finished" for status in table.get("status", ["finished"] * len(lines))]
    _check_statuses(statuses, numbers, name)
    seeds = _seeds(table["seed"])
    _refuse_repeats(table["variant"], seeds, numbers, name)
    scores = [
        _score(text, status, metric, f"{name}, line {number}", "status" in table)
        for text, status, number in zip(table[metric], statuses, numbers, strict=True)
    ]
    return pd.DataFrame({**table, "seed": seeds, metric: scores, "status": statuses})


def _text(source: str, name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not a CSV file (not UTF-8 text)") from error
    if "\0" in text:
        raise UserError(f"{name}: not a CSV file (it holds zero bytes)")
    if not text.strip():
        raise UserError(f"{name}: the file is empty")
    return text


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Split text into (line number, cells) of the lines that are not blank; the first is the header."""
    head = text.lstrip().splitlines()[0]
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))  # noqa: PERF401 - line_num moves on
    except csv.Error as error:
        raise UserError(f"{name}, line {reader.line_num}: not a CSV file ({error})") from error
    header = rows[0][1]
    twice = next((column for column in header if column and header.count(column) > 1), None)
    if twice is not None:
        raise UserError(f"{name}: two columns are named {twice!r}")
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            raise UserError(f"{name}, line {number}: {len(cells)} cells where the header has {len(header)}")
    return rows


def _unknown_column(column: str, header: Sequence[str]) -> str:
    message = unknown("column", column, [_shortened(item) for item in header])
    remedy = " Number the runs of each variant." if column == "seed" and "Did you mean" not in message else ""
    return message + remedy


def _refuse_empty(cells: Sequence[str], column: str, numbers: Sequence[int], name: str) -> None:
    for cell, number in zip(cells, numbers, strict=True):
        if not cell:
            raise UserError(f"{name}, line {number}: the run has no {column}")


def _check_statuses(statuses: Sequence[str], numbers: Sequence[int], name: str) -> None:
    for status, number in zip(statuses, numbers, strict=True):
        if status not in STATUSES:
            raise UserError(f"{name}, line {number}: {unknown('status', _shortened(status), STATUSES)}")


def _seeds(cells: Sequence[str]) -> list[int] | list[str]:
    try:
        return [int(cell) for cell in cells]
    except ValueError:
        return list(cells)


def _refuse_repeats(variants: Sequence[str], seeds: Sequence[object], numbers: Sequence[int], name: str) -> None:
    seen: dict[tuple[str, object], int] = {}
    for variant, seed, number in zip(variants, seeds, numbers, strict=True):
        first = seen.setdefault((variant, seed), number)
        if first != number:
            raise UserError(
                f"{name}, lines {first} and {number}: {variant} has seed {seed} twice; one run must not count twice"
            )


def _score(text: str, status: str, metric: str, place: str, has_status: bool) -> float:
    """Read a score; NaN where a lost run has none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
        if status == "finished":
            if text:
                raise UserError(f"{place}: {metric} is {_shortened(text)!r}, not a number") from None
            remedy = "its status" if has_status else "a column status"
            raise UserError(
                f"{place}: the run has no {metric}; if it was lost, say so in {remedy}: diverged or failed"
            ) from None
    return value


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
