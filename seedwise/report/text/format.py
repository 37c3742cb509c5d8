"""How probabilities, names and tables are written in a report; a value that is not defined is written as a dash."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence

from seedwise.basics.names import visible

MISSING = "—"
SMALLEST_P = 1e-4
NO_MENTION = "&NoBreak;"
"""An invisible mark after @ or #, without which GitHub would take `@name` and `#1` for a person and an issue."""
_REFERENCE = re.compile(r"((?<![A-Za-z0-9])@(?=[A-Za-z0-9])|#(?=[0-9]))")


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


def confidence_percent(share: float) -> str:
    """The confidence of an interval as a percentage: 95%, or 95.2% at a look."""
    digits = 3
    while float(f"{100 * share:.{digits}g}") == 100:
        digits += 1
    return f"{100 * share:.{digits}g}%"


def level(alpha: float) -> str:
    """A level of significance with two significant digits, however small."""
    return f"{alpha:.2g}" if alpha >= 0.001 else f"{alpha:.1e}".replace("-", "−")


def escape(text: str) -> str:
    """A name as literal text of GitHub Markdown, also inside a table."""
    # An underscore inside a word is literal anyway; leaving it alone keeps the source readable.
    special = r"([\\|`*~<>\[\]#$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
    return _REFERENCE.sub(rf"\1{NO_MENTION}", re.sub(special, r"\\\1", _line(text)))


def in_html(text: str) -> str:
    """A name as literal text of an HTML element within Markdown."""
    return _REFERENCE.sub(rf"\1{NO_MENTION}", html.escape(_line(text), quote=False))


def code(text: str) -> str:
    """Text as a Markdown code span, also inside a table and where it holds backticks."""
    # GitHub reads `\|` inside a table's code span as a pipe.
    body = _line(text).replace("|", r"\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", body)), default=0))
    return f"{fence} {body} {fence}" if "`" in body else f"{fence}{body}{fence}"


def config_value(value: object) -> str | None:
    """A value of the config in words; None where it was left open."""
    if value is None:
        return None
    if isinstance(value, dict):
        return ", ".join(f"{key}: {config_value(part)}" for key, part in value.items() if part is not None)
    return str(value).lower() if isinstance(value, bool) else str(value)


def code_block(text: str) -> str:
    """Commands as a fenced block, whatever they hold."""
    body = visible(text)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    return f"{fence}sh\n{body}\n{fence}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """A GitHub table whose columns in `numeric` are aligned to the right; the cells are already escaped."""
    rule = ["---:" if column in numeric else "---" for column in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def _line(text: str) -> str:
    return visible(" ".join(text.split()))
