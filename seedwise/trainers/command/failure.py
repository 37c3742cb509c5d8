"""Why a program failed, in one line, from its exit status and the end of its output."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.names import one_line, without_colours
from seedwise.basics.secrets import hide

FAILURES = "failures.json"
"""File in a run's folder with the failures of its attempts so far."""
NOT_STARTED = "not started, because the first run of this variant"
"""How the reason of a run begins that was refused after its canary."""
TAIL = 65536
"""Bytes of the output that are looked at."""
_EXCEPTION = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b.*")
_MOST = 300
# In the last line of a program that did not end by itself: a score, and none is shown before all runs are in.
_SCORE = re.compile(r"(?<![\w.])-?\d*\.\d+(e[+-]?\d+)?(?![\w.]*\d)", re.IGNORECASE)


class Failure(NamedTuple):
    """An attempt at a run that failed: why, and when it ended, in seconds since 1970."""

    reason: str
    ended: float


def failures_since(folder: Path, moment: float) -> int:
    """Return how many attempts at a run have failed since a moment; 0 if its folder does not say."""
    try:
        found = json.loads((folder / FAILURES).read_bytes())["failures"]
        return sum(float(ended) >= moment for _, ended in found)
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def describe_failure(status: int, log: Path, start: int) -> str:
    """Return how a program ended, and the last exception or line that it printed.

    Args:
        status: its exit status, negative for a signal.
        log: file with what it printed.
        start: where in the file that begins.
    """
    how = f"exit status {status}" if status > 0 else f"killed by {_signal(-status)}"
    if status == -signal.SIGKILL:
        how += " (often: out of memory)"
    line = last_words(log, start)
    if status < 0:
        line = _SCORE.sub("…", line)
    return f"{how}: {line}" if line else f"{how}, and printed nothing"


def describe_timeout(limit: float, log: Path, start: int) -> str:
    """Return that a program was stopped after so many seconds, and its last line, which may say what it waited for."""
    lines = last_lines(log, start, 1)
    line = _SCORE.sub("…", lines[0]) if lines else ""
    return f"stopped after its time_limit of {limit:g} s" + (f"; its last line: {line}" if line else "")


def last_words(log: Path, start: int) -> str:
    """Return the last line that looks like an exception, else the last line; empty if there is none."""
    lines = [line.strip() for line in _lines(log, start)]
    return _shown(next((line for line in reversed(lines) if _EXCEPTION.match(line)), lines[-1] if lines else ""))


def last_lines(log: Path, start: int, most: int, longest: int = _MOST) -> list[str]:
    """Return the last lines that a program printed, of those that are not empty, each up to so many characters."""
    return [_shown(line, longest) for line in _lines(log, start)[-most:]]


def _lines(log: Path, start: int) -> list[str]:
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(start, size - TAIL))
            text = hide(stream.read().decode(errors="replace"))
    except OSError:
        return []
    return [line.rstrip() for line in re.split(r"[\r\n]", text) if line.strip()]


def _shown(line: str, longest: int = _MOST) -> str:
    return one_line(without_colours(line))[:longest]


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
