"""Numbers as programs write them: exponents, percentages, ratios; what could be misread is refused."""

from __future__ import annotations

import math
import re

from seedwise.basics.names import quote

_DIGITS = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(rf"[+-]?{_DIGITS}")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_RATIO = re.compile(rf"([+-]?{_DIGITS})\s*/\s*({_DIGITS})")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+")  # only this order of separators leaves no doubt
_COMMA = re.compile(r"[+-]?[\d.]*\d,\d[\d.,]*")
_AROUND = " \t,;:()[]{}<>|\"'"
_REST = re.compile(r"\d|\.\d|[eE][+-]?\d|,\d|[_']\d|(?<=0)[xX][\da-fA-F]")
_FRONT = re.compile(r"(?:\d[.,_']?|(?<![^\s=:(\[,])[+-]\.?)$")
"""What stands before a part of a number: digits of it, or its sign."""
_SHOWN = 40


class NotANumberError(ValueError):
    """A value is not a number; the message says what it is."""


def number(value: object) -> float:
    """Read a number.

    `84.2%` is 84.2, `9914/10000` is 0.9914, `1,014.45` is 1014.45; nan and inf are values. Punctuation around a number
    does not count.

    Args:
        value: a number, or text.

    Raises:
        NotANumberError: it is something else, or could be read in two ways, such as `1,014`.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _float(value)
    if not isinstance(value, str):
        raise NotANumberError(f"is {_shown(value)}, not a number")
    text = value.replace("−", "-").strip(_AROUND)
    text = text.removesuffix("%").rstrip()
    if text.endswith(".") and text.count(".") > 1:
        text = text[:-1]  # the end of a sentence
    if _PLAIN.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return float(text)
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    if (ratio := _RATIO.fullmatch(text)) and not value.strip(_AROUND).endswith("%"):
        return _divided(float(ratio[1]), float(ratio[2]), value)
    if _COMMA.fullmatch(text):
        raise NotANumberError(f"is {_shown(value)}: its comma may be a decimal comma or separate thousands")
    raise NotANumberError(f"is {_shown(value)}, not a number" if text else "is empty")


def cut_off(line: str, start: int, end: int) -> str | None:
    """Return the whole number of which `line[start:end]` is only a part, such as `1.2` of `1.2e-05`; else None."""
    part = line[start:end]
    if part[:1].isdigit() and (front := _FRONT.search(line[:start])):
        head = re.search(r"\S*$", line[:start])
        return (head[0] if head else front[0]) + part
    if not part[-1:].isdigit() and not part.endswith("."):
        return None
    rest = _REST.match(line, end)
    if rest is None or (rest[0].startswith(",") and not re.fullmatch(r"[+-]?\d+", part)):
        return None
    return re.split(r"[\s()\[\];]", line[start:], maxsplit=1)[0]


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _divided(part: float, whole: float, text: str) -> float:
    if whole == 0:
        raise NotANumberError(f"is {_shown(text)}, a division by zero")
    return part / whole


def _shown(value: object) -> str:
    if isinstance(value, str):
        return quote(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return {"dict": "a mapping", "list": "a list"}.get(type(value).__name__, type(value).__name__)
