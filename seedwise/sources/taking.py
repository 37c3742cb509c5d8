"""Which row of a run's history counts, as the user writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote


@dataclass(frozen=True)
class Take:
    """Which value of a run's history counts.

    Attributes:
        kind: last, first, best (by the direction of the metric) or mean-last.
        count: how many values the mean is of.
        by: column by which the best row is chosen; None for the metric itself.
    """

    kind: Literal["last", "first", "best", "mean-last"] = "last"
    count: int = 1
    by: str | None = None


def parse_take(text: str) -> Take:
    """Read `last`, `first`, `best`, `best:COLUMN` or `mean-last:K`.

    Raises:
        UserError: it is none of them.
    """
    kind, _, rest = text.partition(":")
    if kind in ("last", "first") and not rest:
        return Take("last" if kind == "last" else "first")
    if kind == "best":
        return Take("best", by=rest or None)
    if kind == "mean-last" and rest.isdigit() and int(rest) > 0:
        return Take("mean-last", count=int(rest))
    raise UserError(f"found {quote(text)}; write last, first, best, best:COLUMN or mean-last:5")
