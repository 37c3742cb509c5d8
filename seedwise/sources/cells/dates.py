"""When a run was made, to tell the latest of several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

COLUMNS = ("created", "created_at", "createdat", "start_time", "starttime", "started", "started_at", "date", "datetime",
           "timestamp", "_timestamp", "datetime_start", "time_start", "submitted", "submitted_at")  # fmt: skip
"""Names of a column with the time of each run, in lower case with _ for blanks; the first that a table has counts."""
_FORMS = (
    "%Y-%m-%d_%H-%M-%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S %Z", "%Y%m%d-%H%M%S", "%Y%m%d_%H%M%S", "%d.%m.%Y",
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d %b %Y", "%d %b %Y %H:%M:%S", "%b %d, %Y", "%b %d %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y", "%a %b %d %Y %H:%M:%S GMT%z", "%a, %d %b %Y %H:%M:%S %Z",
)  # fmt: skip
_SECONDS = 10_000_000_000  # a larger count is in milliseconds, and one a thousand times larger in microseconds


def read_date(text: str) -> float | None:
    """Return seconds since 1970; None where a text is no date, or can be two, as 03/04/2024 can."""
    if re.fullmatch(r"[0-9]{9,19}(\.[0-9]*)?", text):
        value = float(text)
        while value >= _SECONDS:
            value /= 1000
        return value
    if re.fullmatch(r"[0-9]\.[0-9]+[eE]\+?(?:9|1[0-9])", text):
        return read_date(f"{float(text):.0f}")
    try:
        return _seconds(datetime.fromisoformat(text))
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return _seconds(datetime.strptime(text, form))
        except ValueError:
            continue
    return None


def _seconds(date: datetime) -> float:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def read_dates(texts: Sequence[str]) -> list[float] | None:
    """Read a column of dates; None unless each cell is one."""
    read = [read_date(text) for text in texts]
    return None if any(value is None for value in read) else [value for value in read if value is not None]
