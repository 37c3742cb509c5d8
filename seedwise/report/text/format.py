"""How numbers, names and tables are written in the report; a value that is not defined is written as a dash."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

MISSING = "—"
DECIMALS = 4
SMALLEST_P = 1e-4


def number(value: float | None, decimals: int = DECIMALS) -> str:
    """A value with fixed decimals and a true minus sign.

    A non-zero value that would be shown as zero gets two significant digits instead.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value != 0 and abs(value) < 0.5 * 10**-decimals:
        return f"{value:.1e}".replace("-", "−")
    return f"{value + 0.0:.{decimals}f}".replace("-", "−")


def signed(value: float | None, decimals: int = DECIMALS) -> str:
    """A difference: as `number`, with its sign also where it is positive."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def interval(low: float | None, high: float | None, decimals: int = DECIMALS) -> str:
    """`[low, high]`, or a dash where either end is not defined."""
    ends = number(low, decimals), number(high, decimals)
    return MISSING if MISSING in ends else f"[{ends[0]}, {ends[1]}]"


def p_value(p: float | None) -> str:
    """`= 0.0476`, `< 0.0001` or `not defined`: a p value is never written as zero."""
    if p is None or not math.isfinite(p):
        return "not defined"
    return f"< {SMALLEST_P:.4f}" if p < SMALLEST_P else f"= {p:.4f}"


def p_cell(p: float | None) -> str:
    """A p value for a table, where the equals sign is left out."""
    return MISSING if p is None else p_value(p).removeprefix("= ")


def percent(share: float | None) -> str:
    """A share between 0 and 1 as a percentage with two significant digits, above 99 % as many as keep it below 100."""
    if share is None or not math.isfinite(share):
        return MISSING
    if 0 < share < 0.001:
        return "less than 0.1%"
    digits = 3 if 0.99 < share < 1 else 2
    while share < 1 and float(f"{100 * share:.{digits}g}") == 100:
        digits += 1
    return f"{100 * share:.{digits}g}%" if share < 1 else f"{100 * share:.0f}%"


def escape(text: str) -> str:
    """A name as literal text of GitHub Markdown, also inside a table."""
    # An underscore inside a word is literal anyway; leaving it alone keeps the source readable.
    return re.sub(r"([\\|`*~<>\[\]#$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Text as a Markdown code span, also inside a table and where it holds backticks."""
    # GitHub reads `\|` inside a table's code span as a pipe.
    body = " ".join(text.split()).replace("|", r"\|")
    fence = "``" if "`" in body else "`"
    return f"{fence} {body} {fence}" if "`" in body else f"{fence}{body}{fence}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """A GitHub table whose columns in `numeric` are aligned to the right; the cells are already escaped."""
    rule = ["---:" if column in numeric else "---" for column in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])
