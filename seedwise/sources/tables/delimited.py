"""Text with cells in lines: CSV in any dialect, aligned columns, Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.sources.cells.numbers import is_number
from seedwise.sources.tables.rows import Row, named, nameless, table_of_rows
from seedwise.sources.tables.table import Table

SEPARATORS = (",", "\t", ";", "|")
_LARGE = 1_000_000  # bytes from which on reading faster is worth another way
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1e]")  # what no text has; escape and \x1f stand in some logs
_SAMPLE = 65_536
_RULE = re.compile(r":?-{2,}:?|")  # a cell of the line below a Markdown header
_IN_MARKDOWN = re.compile(r"^[ \t]*\|.*\|[ \t]*\r?\n[ \t]*\|[ \t|:-]*--[ \t|:-]*\r?$", re.MULTILINE)
"""A header and the line below it, wherever in a text."""
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
    return Table(name, pd.DataFrame(named(header, columns)), places, notes=tuple(nameless(header, columns)))


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


def _rows(stream: io.TextIOBase, separator: str, name: str) -> Iterator[Row]:
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


def _plain_rows(lines: Iterable[str], separator: str) -> Iterator[Row]:
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
