"""Text with cells in lines: CSV in any dialect, aligned columns, Markdown."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import quantity, shortened
from seedwise.sources.cells.numbers import is_number
from seedwise.sources.tables.table import Table

SEPARATORS = (",", "\t", ";", "|")
CHUNK = 50_000
_LARGE = 1_000_000  # bytes from which on reading faster is worth another way
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1e]")  # what no text has; escape and \x1f stand in some logs
BETWEEN = "\x1f"
"""Stands between the two names of a column below a header of two rows."""
PIVOT = "pivot:"
"""What the layout of such a table begins with; the name of the second level follows."""
_SAMPLE = 65_536
_RULE = re.compile(r":?-{2,}:?|")  # a cell of the line below a Markdown header
_IN_MARKDOWN = re.compile(r"^[ \t]*\|.*\|[ \t]*\r?\n[ \t]*\|[ \t|:-]*--[ \t|:-]*\r?$", re.MULTILINE)
"""A header and the line below it, wherever in a text."""
_Row = tuple[int, list[str]]
csv.field_size_limit(16 * 1024 * 1024)  # logs of evaluations have whole documents in a cell


def decode(content: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Find the encoding of text.

    Args:
        content: the bytes.
        name: of the file, in messages.
        encoding: that the user named.

    Returns:
        The encoding, and a note if it is not UTF-8.

    Raises:
        UserError: it is no text, or not in the encoding that was named.
    """
    if encoding is not None:
        try:
            content.decode(encoding)
        except LookupError:
            raise UserError(f"{name}: found no encoding {quote(encoding)}; try utf-8, utf-16 or cp1252") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{name}: not {encoding} text (byte {error.start})") from None
        return encoding, ""
    for mark, known in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32")):
        if content.startswith(mark):
            return known, "" if known == "utf-8-sig" else f"{name} was read as {known.upper()}."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _checked(content, "utf-16", name), f"{name} was read as UTF-16."
    if b"\0" in content[:_SAMPLE]:
        even, odd = content[:_SAMPLE:2].count(0), content[1:_SAMPLE:2].count(0)
        guess = "utf-16-le" if odd > even else "utf-16-be"
        if max(even, odd) * 2 <= len(content[:_SAMPLE:2]):
            raise UserError(f"{name}: not a text file, nor a table in a format that is known (see docs/tables.md)")
        return _checked(content, guess, name), f"{name} was read as {guess.upper()}, without a byte order mark."
    if _CONTROL.search(content[:_SAMPLE]):
        raise UserError(f"{name}: not a text file, nor a table in a format that is known (see docs/tables.md)")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            content.decode("cp1252")
        except UnicodeDecodeError:
            raise UserError(
                f"{name}: not UTF-8 text (byte {error.start}), nor Windows-1252: name its encoding with --encoding"
            ) from None
        return "cp1252", f"{name} is not UTF-8 text; it was read as Windows-1252 (--encoding says otherwise)."
    return "utf-8", ""


def _checked(content: bytes, encoding: str, name: str) -> str:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not whole {encoding.upper()} text (byte {error.start}); was it cut off?") from None
    return encoding


def read_delimited(content: bytes, name: str, encoding: str, separator: str | None = None) -> Table:
    """Read text with a row in each line and names in the first one.

    Blank lines, comments above the header and repetitions of the header are skipped, the last two with a note. A row
    may end early, and counts as empty from there on.

    Raises:
        UserError: there is no header, two columns have one name, or a row has more cells than the header.
    """
    text = content[:_SAMPLE].decode(encoding, errors="ignore")
    if "\0" in text:
        raise UserError(f"{name}: not a table (it holds zero bytes)")
    if not text.strip():
        raise UserError(f"{name}: the file is empty")
    separator = separator or _separator(text)
    quick = _read_even(content, name, encoding, separator) if len(content) > _LARGE else None
    if quick is not None:
        return quick
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    return table_of_rows(_rows(stream, separator, name), name)


def _read_even(content: bytes, name: str, encoding: str, separator: str) -> Table | None:
    """Read a large text in which each line is a row with as many cells as the header, and no line in quotes.

    Returns:
        The table that reading line by line would give, many times faster; None if the text is not so even.
    """
    if encoding not in ("utf-8", "utf-8-sig") or separator not in SEPARATORS:
        return None
    body = content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    header = _even_header(body, separator)
    if header is None:
        return None
    frame = pd.read_csv(
        io.BytesIO(body),
        sep=separator,
        header=None,
        skiprows=1,
        names=range(len(header)),
        index_col=False,
        dtype="str",
        na_filter=False,
        quoting=csv.QUOTE_MINIMAL if b'"' in body else csv.QUOTE_NONE,
        skip_blank_lines=False,
        encoding="utf-8",
    )
    frame = frame.apply(lambda cells: cells.str.strip())
    if (frame == header).all(axis=1).any() or (frame == "").all(axis=1).any():
        return None
    columns = [frame[position] for position in frame.columns]
    places = np.arange(2, len(frame) + 2, dtype=np.int64)
    return Table(name, pd.DataFrame(_named(header, columns)), places, notes=tuple(_nameless(header, columns)))


def _even_header(body: bytes, separator: str) -> list[str] | None:
    """Return the names in the first line of an even text; None if the text is not even."""
    codes = np.frombuffer(body, dtype=np.uint8)
    lines = np.flatnonzero(codes == ord("\n"))
    marks = np.flatnonzero(codes == ord(separator))
    if not len(lines) or body.count(b"\r") not in (0, len(lines)) or body.count(b"\r") != body.count(b"\r\n"):
        return None
    if b'"' in body:
        quotes = np.flatnonzero(codes == ord('"'))
        if not _stands_around_cells(codes, quotes, separator) or (np.searchsorted(quotes, lines) % 2).any():
            return None
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]  # within quotes it separates nothing
    ends = np.append(lines, len(codes))
    header = next(csv.reader([body[: ends[0]].decode()], delimiter=separator))
    header = [cell.strip() for cell in header]
    counts = np.diff(np.searchsorted(marks, ends), prepend=0)
    if len(header) < 2 or (counts != len(header) - 1).any() or header[0].startswith("#"):
        return None
    if header[0] and not any(header[1:]):
        return None  # a title
    return header if len(set(header)) == len(header) else None


def _stands_around_cells(codes: NDArray[np.uint8], quotes: NDArray[np.intp], separator: str) -> bool:
    """Whether each quote begins or ends a cell, or is one of two for a quote within."""
    if len(quotes) % 2:
        return False
    around = [ord(separator), ord("\n"), ord('"')]
    opening, closing = quotes[::2], quotes[1::2]
    before = codes[opening[opening > 0] - 1]
    after = codes[closing[closing < len(codes) - 1] + 1]
    return bool(np.isin(before, around).all() and np.isin(after, [*around, ord("\r")]).all())


def table_of_rows(rows: Iterator[_Row], name: str) -> Table:
    """Make a table of rows of text, each with the number of its line; the first is the header.

    Raises:
        UserError: as `read_delimited`.
    """
    return _Reader(name).table(rows)


def _separator(text: str) -> str:
    """Find what stands between cells; a word for text in columns, in which blanks do."""
    if _IN_MARKDOWN.search(text):
        return "markdown"
    lines = text.splitlines()
    for place, line in enumerate(lines):
        said = re.fullmatch(r"sep=(.)", line.strip())
        if said:
            return said[1]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if re.match(r"\s*\|.*\|\s*$", line):
            return "markdown"
        bare = re.sub(r'"[^"]*"', "", line)
        if not any(separator in bare for separator in SEPARATORS):
            below = _below_title(lines[place + 1 :])
            if below:
                return below
            return "columns" if re.search(r"\S {2,}\S", line) else ("blanks" if " " in line.strip() else ",")
        return max(SEPARATORS, key=bare.count)
    return ","


def _below_title(lines: Sequence[str]) -> str:
    """Return what separates the cells of a header below a title; empty if the next line is no header."""
    line = next((line for line in lines if line.strip()), "")
    separator = max(SEPARATORS, key=line.count)
    cells = [cell.strip() for cell in line.split(separator)]
    is_header = len(cells) > 2 and not any(is_number(word) for word in line.replace(separator, " ").split())
    return separator if is_header and all(cells) else ""


def _rows(stream: io.TextIOBase, separator: str, name: str) -> Iterator[_Row]:
    """Yield the number of the last line of each row, and its cells."""
    if separator in ("columns", "blanks", "markdown"):
        yield from _plain_rows(stream, separator)
        return
    reader = csv.reader(stream, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, list(map(str.strip, cells))
    except csv.Error as error:
        why = "text follows the closing quote of a cell; a quote inside of it must be doubled"
        if "expected after" not in str(error):
            why = "a quote is not closed; was the file cut off?" if "end of data" in str(error) else str(error)
        raise UserError(f"{name}, line {reader.line_num}: not a table in text ({why})") from error


def _plain_rows(lines: Iterable[str], separator: str) -> Iterator[_Row]:
    between = re.compile(r"\s{2,}" if separator == "columns" else r"\s+")
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if separator == "markdown":
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", bare.strip("|"))]
            if all(_RULE.fullmatch(cell) for cell in cells):
                continue
            yield number, cells if "|" in bare else []
        else:
            yield number, between.split(bare) if bare else []


@dataclass
class _Reader:
    """From rows to a table, in pieces, because a table can be large."""

    name: str
    ahead: list[_Row] = field(default_factory=list)
    pivot: str = ""

    def table(self, rows: Iterator[_Row]) -> Table:
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
        notes += _nameless(header, columns)
        frame = pd.DataFrame(_named(header, columns))
        numbers = np.array(places, dtype=np.int64)
        table = Table(self.name, frame, numbers, notes=tuple(notes), short=frozenset(short))
        return replace(table, layout=self.pivot)

    def _titled(self, rows: Iterator[_Row], skipped: list[_Row]) -> Iterator[_Row]:
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

    def _header(self, rows: Iterator[_Row]) -> tuple[list[str], list[str]]:
        skipped: list[_Row] = []
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
            if twice is None:
                return cells, notes
            below, third = next(rows, None), next(rows, None)
            if below is not None and _is_pivot(cells, below[1], third[1] if third else []):
                return self._pivoted(cells, below[1], third), notes
            raise UserError(f"{self.name}: two columns are named {quote(twice)}; rename or delete one of them")
        raise UserError(f"{self.name}: the file is empty")

    def _pivoted(self, metrics: list[str], values: list[str], third: _Row | None) -> list[str]:
        """Return one name for each column below a header of two rows, as `pandas.pivot` writes it."""
        index = metrics[0] or "index"
        if third is not None and _names_index(third[1]):
            index = third[1][0]
        elif third is not None:
            self.ahead.append(third)
        self.pivot = f"{PIVOT}{values[0]}"
        pairs = zip(metrics[1:], values[1:], strict=True)
        return [index, *(f"{metric}{BETWEEN}{value}" for metric, value in pairs)]

    def _fitted(self, cells: list[str], width: int, number: int) -> list[str]:
        if len(cells) > width and any(cells[width:]):
            raise UserError(
                f"{self.name}, line {number}: {quantity(len(cells), 'cell')} where the header has {width}; put a text "
                "that contains the separator in quotes"
            )
        return cells[:width] + [""] * (width - len(cells))


def _is_pivot(metrics: list[str], values: list[str], third: list[str]) -> bool:
    """Whether two rows are a header together: the values repeat for each metric, or the index is named below them."""
    if len(values) != len(metrics) or (metrics[0] and values[0]) or is_number(values[0]) or not all(values[1:]):
        return False
    by_metric: dict[str, list[str]] = {}
    for metric, value in zip(metrics[1:], values[1:], strict=True):
        by_metric.setdefault(metric, []).append(value)
    distinct = all(len(set(found)) == len(found) for found in by_metric.values())
    repeated = len({tuple(found) for found in by_metric.values()}) == 1 < len(by_metric)
    return distinct and (repeated or (not metrics[0] and _names_index(third)))


def _nameless(header: list[str], columns: list[pd.Series]) -> list[str]:
    """Say which columns with cells are left out because they have no name; an index of numbers is no loss."""
    lost = [
        str(place)
        for place, (name, cells) in enumerate(zip(header, columns, strict=True), start=1)
        if place > 1 and not name and (cells != "").any()
    ]
    return [f"Column{'s' if len(lost) > 1 else ''} {shortened(lost, 6)} left out: without a name."] if lost else []


def _named(header: list[str], columns: list[pd.Series]) -> dict[str, pd.Series]:
    """Return columns by name, without those that have none: an index of numbers, or what follows the last separator.

    An index of names, as pandas writes it for a table that was grouped, stays as `index`.
    """
    named = {column: cells for column, cells in zip(header, columns, strict=True) if column}
    if not header[0] and "index" not in named and not all(not text or is_number(text) for text in columns[0]):
        return {"index": columns[0], **named}
    return named


def _names_index(cells: list[str]) -> bool:
    return bool(cells and cells[0]) and not any(cells[1:])


def _lines(numbers: list[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {shortened([str(number) for number in numbers], 6)}"
