"""What the live page shows of one run: the end of a failed run's log, and the shape of a training curve."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.names import visible, without_colours
from seedwise.basics.secrets import hide
from seedwise.runs.metrics import metric_label

TAIL, LINES = 16384, 40
"""At most so many bytes and lines of a log are shown."""
MOST_POINTS = 200
_LONGEST = 4 * 1024**2  # bytes of a history that are read


def log_tail(path: Path) -> str:
    """Return the last lines of a log, without control sequences of a terminal."""
    found = _end(path, TAIL)
    if found is None:
        return "the log cannot be read"
    text = "\n".join(
        line.rsplit("\r", 1)[-1] for line in hide(found.decode(errors="replace")).replace("\r\n", "\n").split("\n")
    )
    return "\n".join(visible(without_colours(text).expandtabs()).rstrip().split("\n")[-LINES:])


def training_curve(folder: Path, hidden: str) -> dict[str, Any] | None:
    """Return the shape of a run's training curve; None if it has none.

    It is scaled to its own lowest and highest value, and these are left out: it shows whether a run is learning, and
    no two runs can be compared by it. Only columns whose names begin with "train" count, because what the others
    were computed from is unknown.

    Args:
        folder: of the run.
        hidden: the metric that decides, which is never shown.
    """
    rows = _rows(folder)
    if not rows:
        return None
    columns = dict.fromkeys(name for row in rows for name in row if name)
    names = [name for name in columns if name.lower().startswith("train") and name != hidden]
    name = min(names, key=lambda name: "loss" not in name.lower(), default=None)
    first = next(iter(columns))
    points = [(_number(row.get(first)), _number(row.get(name))) for row in rows] if name else []
    known = [(step, value) for step, value in points if step is not None and value is not None]
    if name is None or len(known) < 2:
        return None
    every = math.ceil(len(known) / MOST_POINTS)
    kept = [*known[:-1:every], known[-1]]
    values = [value for _, value in kept]
    low, span = min(values), max(values) - min(values)
    shape = [[step, round((value - low) / span, 3) if span else 0.5] for step, value in kept]
    return {"name": metric_label(name), "unit": metric_label(first), "points": shape}


def _rows(folder: Path) -> Sequence[Mapping[str, object]]:
    """Read a run's history: the one that it left, or the one that its program is logging."""
    table = _end(folder / "history.csv", _LONGEST, header=True)
    if table is not None:
        return list(csv.DictReader(table.decode(errors="replace").splitlines()))
    logged = _end(folder / "history.jsonl", _LONGEST)
    rows = []
    for line in (logged or b"").split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and "step" in row:
            rows.append({"step": row["step"], **row})
    return rows


def _end(path: Path, size: int, *, header: bool = False) -> bytes | None:
    """Read the end of a file, in whole lines, optionally after its first line; None if it cannot be read."""
    try:
        with path.open("rb") as stream:
            first = stream.readline() if header else b""
            begin = max(len(first), stream.seek(0, 2) - size)
            stream.seek(begin)
            found = stream.read()
    except OSError:
        return None
    return first + (found.split(b"\n", 1)[-1] if begin > len(first) else found)


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
