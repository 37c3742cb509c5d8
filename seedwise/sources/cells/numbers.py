"""Numbers in text. What can be read in two ways, or in none, is refused, never taken for an empty cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING = frozenset({"", "na", "n/a", "null", "none", "-", "–", "—", "#n/a", "<na>", "?"})
"""Words of an empty cell, in lower case. `NaN` is not one of them: a result that is not a number is a result."""
TRUE, FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_MADE_OF = re.compile(r"[0-9+.eE-]*")  # of these alone, `float` reads only what _PLAIN is
_MINUS = "\u2212"
_BLANKS = re.compile("[\u00a0\u2007\u2009\u202f]")
_APOSTROPHES = re.compile("[\u2019\u02bc]")


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written.

    Attributes:
        decimal: mark between whole and fraction.
        thousands: mark between groups of three digits; None if there is none.
    """

    decimal: str = "."
    thousands: str | None = None


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        values: a float for each row; NaN where the cell is empty, or says so.
        missing: the rows whose cell is empty.
        strange: the rows whose cell cannot be read.
        notes: what was assumed, such as that True counts as 1.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    strange: NDArray[np.intp]
    notes: tuple[str, ...] = ()

    def at(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the values of some rows, and whether they are missing."""
        return self.values[rows], self.missing[rows]


def is_number(text: str) -> bool:
    """Whether a text is a number in the plainest form."""
    return bool(_PLAIN.fullmatch(text))


def read_numbers(cells: pd.Series, name: str, written: NumberFormat | None = None) -> Numbers:
    """Read a column of numbers.

    A number has digits, at most one decimal mark, and an exponent if needed. Percent signs are dropped if every cell
    has one; True and False count as 1 and 0 if every cell is one of them.

    Args:
        cells: a column of text, or of numbers.
        name: of the column, in notes.
        written: marks that differ from `1234.5`.
    """
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(values, np.isnan(values), np.array([], dtype=np.intp))
    written = written or NumberFormat()
    texts = cells.fillna("").astype("str").tolist()
    # With other marks a text such as 1.014 may be a thousand and fourteen.
    plain = _read_plain(texts) if written == NumberFormat() else None
    return plain or _read([uniform(text) for text in texts], name, written)


def uniform(text: str) -> str:
    """Return a text with one kind of blank and of apostrophe, which spreadsheets write in several."""
    return text if text.isascii() else _APOSTROPHES.sub("'", _BLANKS.sub(" ", text))


def _read_plain(texts: Sequence[str]) -> Numbers | None:
    """Read a column that has only plain numbers and empty cells, which can be long; None if there is anything else."""
    given = [text for text in texts if text]
    if not _MADE_OF.fullmatch("".join(given)):
        return None
    try:
        numbers = np.fromiter(map(float, given), dtype=np.float64, count=len(given))
    except ValueError:
        return None
    missing = np.fromiter((not text for text in texts), dtype=bool, count=len(texts))
    values = np.full(len(texts), np.nan)
    values[~missing] = numbers
    return Numbers(values, missing, np.array([], dtype=np.intp))


def _read(texts: Sequence[str], name: str, written: NumberFormat) -> Numbers:
    values = np.full(len(texts), np.nan)
    missing = np.zeros(len(texts), dtype=bool)
    odd: list[int] = []
    plain = _PLAIN.fullmatch if written == NumberFormat() else _pattern(written)
    simple = written == NumberFormat()
    for row, text in enumerate(texts):
        if plain(text):
            values[row] = float(text if simple else _plainly(text, written))
        elif text.lower() in MISSING:
            missing[row] = True
        elif not _NOT_FINITE.fullmatch(text):
            odd.append(row)
        else:
            values[row] = float(text)
    notes: tuple[str, ...] = ()
    if odd and len(odd) + int(missing.sum()) == len(texts):
        found = _all_alike([texts[row] for row in odd], name, written)
        if found is not None:
            values[odd], notes = found
            odd = []
    elif odd and all(texts[row].startswith(_MINUS) and plain(texts[row].replace(_MINUS, "-", 1)) for row in odd):
        values[odd] = [float(_plainly(texts[row].replace(_MINUS, "-", 1), written)) for row in odd]
        odd, notes = [], (f"{name}: the sign − was read as a minus.",)
    return Numbers(values, missing, np.array(odd, dtype=np.intp), notes)


def _all_alike(texts: Sequence[str], name: str, written: NumberFormat) -> tuple[list[float], tuple[str, ...]] | None:
    """Read cells that all have the same mark, which is then no accident."""
    plain = _pattern(written)
    if all(text.startswith(_MINUS) and plain(text.replace(_MINUS, "-", 1)) for text in texts):
        return [float(_plainly(text.replace(_MINUS, "-", 1), written)) for text in texts], (
            f"{name}: the sign − was read as a minus.",
        )
    if all(text.endswith("%") and plain(text[:-1].rstrip()) for text in texts):
        return [float(_plainly(text[:-1].rstrip(), written)) for text in texts], (
            f"{name} is in percent: 81.2% was read as 81.2, so that differences are percentage points.",
        )
    lower = [text.lower() for text in texts]
    if all(text in TRUE | FALSE for text in lower):
        return [float(text in TRUE) for text in lower], (f"{name}: true was read as 1, false as 0.",)
    return None


def _pattern(written: NumberFormat) -> Callable[[str], object]:
    point = re.escape(written.decimal)
    whole = "[0-9]+"
    if written.thousands:
        mark = re.escape(written.thousands)
        # Not from 0 on, because 0,820 is a fraction; in India groups above the first have two digits.
        indian = rf"|[1-9][0-9]?(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}}" if written.thousands == "," else ""
        whole = rf"(?:[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+{indian}|[0-9]+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch


def _plainly(text: str, written: NumberFormat) -> str:
    if written.thousands:
        text = text.replace(written.thousands, "")
    return text.replace(written.decimal, ".")


def advice(texts: Sequence[str]) -> list[dict[str, str]]:
    """Return what options would make the cells readable, each way as marks by option; none if there is no way.

    Args:
        texts: cells that cannot be read.
    """
    bare = [uniform(text).removesuffix("%").rstrip().replace(_MINUS, "-", 1) for text in texts]
    if all(map(_PLAIN.fullmatch, bare)):
        return []
    fitting = [written for written in _WAYS if all(map(_pattern(written), bare))]
    plain, grouped = NumberFormat(","), NumberFormat(".", ",")
    if plain in fitting:
        # 1,014 can be either.
        both = grouped in fitting and any(re.search(r"^[^,]*,[0-9]{3}$", text) for text in bare)
        fitting = [plain, grouped] if both else [plain]
    usual = NumberFormat()
    return [
        ({"decimal": written.decimal} if written.decimal != usual.decimal else {})
        | ({"thousands": written.thousands} if written.thousands else {})
        for written in fitting[:2]
    ]


_WAYS = [
    NumberFormat(","),
    *(NumberFormat(".", mark) for mark in ",' _"),
    *(NumberFormat(",", mark) for mark in ".' _"),
]
