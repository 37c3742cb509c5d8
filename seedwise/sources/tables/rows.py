"""From rows of text to a table: the header is found, and what is no row of it is skipped and said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import quantity, shortened
from seedwise.sources.cells.numbers import is_number
from seedwise.sources.tables.table import Table

CHUNK = 50_000
BETWEEN = "\x1f"
"""Stands between the names of a column below a header of several rows."""
PIVOT = "pivot:"
"""What the layout of such a table begins with; the names of the levels of its header follow."""
_MOST = 6  # rows of a header
Row = tuple[int, list[str]]


def table_of_rows(rows: Iterator[Row], name: str) -> Table:
    """Make a table of rows of text, each with the number of its line; the first is the header.

    Raises:
        UserError: as `read_delimited`.
    """
    return _Reader(name).table(rows)


@dataclass
class _Reader:
    """From rows to a table, in pieces, because a table can be large."""

    name: str
    ahead: list[Row] = field(default_factory=list)
    pivot: str = ""

    def table(self, rows: Iterator[Row]) -> Table:
        header, notes = self._header(rows)
        rows = itertools.chain(self.ahead, rows)
        width = len(header)
        places: list[int] = []
        pieces: list[list[pd.Series]] = []
        repeated: list[int] = []
        comments: list[int] = []
        short: list[int] = []
        long: list[int] = []
        empty: list[int] = []
        while chunk := list(itertools.islice(rows, CHUNK)):
            kept: list[list[str]] = []
            for number, cells in chunk:
                if not any(cells):
                    if cells:
                        empty.append(number)
                    continue
                if len(cells) != width:
                    if cells[0].startswith("#"):
                        comments.append(number)
                        continue
                    (short if len(cells) < width else long).append(number)
                    cells = self._fitted(cells, width, number)
                if cells[0] == header[0] and cells == header:
                    repeated.append(number)
                    continue
                kept.append(cells)
                places.append(number)
            if kept:
                pieces.append([pd.Series(column, dtype="str") for column in zip(*kept, strict=True)])
        columns = [
            pd.concat([piece[index] for piece in pieces], ignore_index=True) if pieces else pd.Series([], dtype="str")
            for index in range(width)
        ]
        if repeated:
            notes.append(f"The header stands again in {_lines(repeated)}; there it is no row.")
        if comments:
            notes.append(f"Comments in {_lines(comments)} were skipped.")
        if long:
            notes.append(f"More cells than the header in {_lines(long)}; those are empty and were left out.")
        if empty:
            notes.append(f"Only empty cells in {_lines(empty)}; skipped.")
        if short:
            notes.append(f"Fewer cells than the header in {_lines(short)}; the rest counts as empty.")
        notes += nameless(header, columns)
        frame = pd.DataFrame(named(header, columns))
        numbers = np.array(places, dtype=np.int64)
        table = Table(self.name, frame, numbers, notes=tuple(notes), short=frozenset(short))
        return replace(table, layout=self.pivot)

    def _titled(self, rows: Iterator[Row], skipped: list[Row]) -> Iterator[Row]:
        """Yield rows, without titles of one cell above a header of several, which are added to `skipped`."""
        for row in rows:
            if len(row[1]) != 1 or not row[1][0] or row[1][0].startswith(("#", "sep=")):
                yield row
                continue
            after = next((below for below in rows if any(below[1])), None)
            if after is None or len(after[1]) <= 2:
                self.ahead.extend([after] if after else [])
                yield row
                continue
            skipped.append(row)
            yield after

    def _header(self, rows: Iterator[Row]) -> tuple[list[str], list[str]]:
        skipped: list[Row] = []
        for number, cells in self._titled(rows, skipped):
            if not any(cells) or re.fullmatch(r"sep=.?", "".join(cells)):
                continue
            if cells[0].startswith("#"):
                skipped.append((number, cells))
                continue
            if cells[0] and len([cell for cell in cells if cell]) == 1 < len(cells):
                skipped.append((number, cells))  # a title above the table
                continue
            if (
                skipped
                and skipped[-1][1][0].startswith("#")
                and len(skipped[-1][1]) == len(cells) > 1
                and any(is_number(cell) for cell in cells)
            ):
                # As numpy.savetxt writes it: the header is the last comment, and this is a row.
                self.ahead.append((number, cells))
                cells = skipped.pop()[1]
                cells = [cells[0].lstrip("# "), *cells[1:]]
            comments = all(above[0].startswith("#") for _, above in skipped)
            what = "Comments" if comments else "A title or comments above the header"
            notes = [f"{what} in {_lines([place for place, _ in skipped])} were skipped."] if skipped else []
            twice = next((column for column in cells if column and cells.count(column) > 1), None)
            if pivoted := self._pivoted(cells, rows, is_sure=twice is not None):
                return pivoted, notes
            if twice is None:
                return cells, notes
            raise UserError(
                f"{self.name}: two columns are named {quote(twice)}; rename or delete one of them. If several rows are "
                "the header, save a row for each run instead (from pandas: frame.stack().reset_index())"
            )
        raise UserError(f"{self.name}: the file is empty")

    def _pivoted(self, first: list[str], rows: Iterator[Row], *, is_sure: bool) -> list[str]:
        """Return one name for each column below a header of several rows, as pandas writes it; empty if it is none.

        Args:
            first: its first row.
            rows: those below; what is read ahead and is no header is kept.
            is_sure: whether the first row cannot be a header by itself.
        """
        while len(self.ahead) < _MOST and (row := next(rows, None)) is not None:
            self.ahead.append(row)
        below = [cells for _, cells in self.ahead]
        named = next((place for place, cells in enumerate(below) if place and _index_of(cells)), 0)
        # Transposed, a table has its index at the top, and in each row a metric.
        seeds = next((place for place, cells in enumerate(below) if cells and cells[0].lower() == "seed"), None)
        levels = named or (1 if seeds is None else seeds + 1)
        index = _index_of(below[named]) if named else [first[0] or "index"] if seeds is None else ["index"]
        header, width = [first, *below[:levels]], len(index)
        if len(header) < 2 or not _are_levels(header, width):
            return []
        tuples = list(zip(*(row[width:] for row in header), strict=True))
        words = [cell for row in header[1:] for cell in row[width:]]
        if len(set(tuples)) < len(tuples) or not (is_sure or (named and not any(map(is_number, words)))):
            return []
        if not named and seeds is None and not _repeats(header):
            return []
        self.pivot = PIVOT + BETWEEN.join(_named_level(row, width) for row in header)
        del self.ahead[: levels + bool(named)]
        return [*index, *map(BETWEEN.join, tuples)]

    def _fitted(self, cells: list[str], width: int, number: int) -> list[str]:
        if len(cells) > width and any(cells[width:]):
            raise UserError(
                f"{self.name}, line {number}: {quantity(len(cells), 'cell')} where the header has {width}; put a text "
                "that contains the separator in quotes"
            )
        return cells[:width] + [""] * (width - len(cells))


def _index_of(cells: list[str]) -> list[str]:
    """Return the names of the index, if a row has them and nothing else."""
    width = next((place for place, cell in enumerate(cells) if not cell), len(cells))
    return cells[:width] if 0 < width < len(cells) and not any(cells[width:]) else []


def _are_levels(header: Sequence[list[str]], width: int) -> bool:
    """Whether rows have a cell for each column, and before them, above `width` columns, at most a name for all."""
    same = all(len(row) == len(header[0]) > width and all(row[width:]) for row in header)
    return same and not any(is_number(_named_level(row, width)) or row[:width].count("") < width - 1 for row in header)


def _named_level(row: list[str], width: int) -> str:
    return "".join(row[:width])


def _repeats(header: Sequence[list[str]]) -> bool:
    """Whether the values in a second row repeat for each of several metrics in the first, which has no name itself."""
    metrics, values = header
    by_metric: dict[str, list[str]] = {}
    for metric, value in zip(metrics[1:], values[1:], strict=True):
        by_metric.setdefault(metric, []).append(value)
    return not (metrics[0] and values[0]) and len({tuple(found) for found in by_metric.values()}) == 1 < len(by_metric)


def nameless(header: list[str], columns: list[pd.Series]) -> list[str]:
    """Say which columns with cells are left out because they have no name; an index of numbers is no loss."""
    lost = [
        str(place)
        for place, (name, cells) in enumerate(zip(header, columns, strict=True), start=1)
        if place > 1 and not name and (cells != "").any()
    ]
    return [f"Column{'s' if len(lost) > 1 else ''} {shortened(lost, 6)} left out: without a name."] if lost else []


def named(header: list[str], columns: list[pd.Series]) -> dict[str, pd.Series]:
    """Return columns by name, without those that have none: an index of numbers, or what follows the last separator.

    An index of names, as pandas writes it for a table that was grouped, stays as `index`.
    """
    named = {column: cells for column, cells in zip(header, columns, strict=True) if column}
    if not header[0] and "index" not in named and not all(not text or is_number(text) for text in columns[0]):
        return {"index": columns[0], **named}
    return named


def _lines(numbers: list[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {shortened([str(number) for number in numbers], 6)}"
