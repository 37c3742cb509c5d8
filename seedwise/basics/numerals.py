"""Numbers that YAML 1.1 takes for text: 5e-4 has no point, 1e5 no sign in its exponent."""

from __future__ import annotations

import re

_EXPONENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")


def exponent_number(value: object) -> float | None:
    """Return the number that a text such as 5e-4 is; None for all else."""
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else None
