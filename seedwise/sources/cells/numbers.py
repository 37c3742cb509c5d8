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
DECIMALS, THOUSANDS = (".", ","), (",", ".", " ", "'", "_")
"""Marks that numbers can be written with."""
TRUE, FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_MADE_OF = re.compile(r"[0-9+.eE-]*")  # of these alone, `float` reads only what _PLAIN is
_MINUS = "\u2212"


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
    texts = cells.fillna("").astype("str").tolist()
    return _read_plain(texts) or _read(texts, name, written or NumberFormat())


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
        whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch


def _plainly(text: str, written: NumberFormat) -> str:
    if written.thousands:
        text = text.replace(written.thousands, "")
    return text.replace(written.decimal, ".")


def advice(texts: Sequence[str]) -> dict[str, str]:
    """Return the options that would make the cells readable, by name: `decimal` or `thousands`, or none.

    Args:
        texts: cells that cannot be read.
    """
    marks = {
        "decimal": (NumberFormat(","), ","),
        "thousands": (NumberFormat(".", ","), ","),
    }
    fitting = {name: mark for name, (written, mark) in marks.items() if all(map(_pattern(written), texts))}
    if any(text.count(",") == 1 and re.search(r",[0-9]{3}$", text) for text in texts):
        return fitting  # 1,014 can be either
    return {"decimal": ","} if "decimal" in fitting else fitting
