"""Seeds in text: a seed is a whole number if it can be read as one, however it is written."""

from __future__ import annotations

import re
from decimal import Decimal

import pandas as pd

EXACT = 2**53
"""From here on a float no longer tells neighbouring whole numbers apart."""
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]{1,3})?|[+-]?[0-9]+[eE][+-]?[0-9]{1,3}")
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,64}")
_NAMED = re.compile(r"seed[-_= :]?([0-9]{1,64})", re.IGNORECASE)

Seed = int | str


def read_seed(text: str) -> Seed | None:
    """Return the whole number that a text is, as 7 for `7`, `07`, `7.0`, `7e0`, `0x7` and `seed_7`.

    Any other seed is its text, or None if that is empty.
    """
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < 4000 else text
    if _DECIMAL.fullmatch(text):
        value = Decimal(text)
        if value == value.to_integral_value():
            return int(value)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if named := _NAMED.fullmatch(text):
        return int(named[1])
    return text or None


def read_seeds(cells: pd.Series) -> pd.Series:
    """Read a column of seeds; None where a cell is empty."""
    texts = cells.unique()
    read = {text: read_seed(text) for text in texts}
    return pd.Series([read[text] for text in cells.tolist()], index=cells.index, dtype="object")


def through_float(texts: pd.Series) -> pd.Series:
    """Return for each seed whether it was written as a float too large to be exact, so that two could have merged."""
    read = {text: read_seed(text) for text in texts.unique()}
    rounded = [
        text
        for text, seed in read.items()
        if isinstance(seed, int) and abs(seed) >= EXACT and not _WHOLE.fullmatch(text)
    ]
    return texts.isin(rounded)
