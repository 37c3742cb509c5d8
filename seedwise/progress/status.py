"""The status of a study, expected against found runs: as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from seedwise.basics.names import visible
from seedwise.progress.states import STATES, RunState, State
from seedwise.progress.words import counts, duration, place, seeds_by_variant

MOST_LISTED = 20
"""Number of lines that list the runs in one state."""
_ALWAYS: tuple[State, ...] = ("finished", "running", "missing")
_LISTED: tuple[State, ...] = ("running", "failed", "diverged")
_BY_VARIANT: dict[State, str] = {
    "outdated": "outdated, and run again with the study",
    "interrupted": "interrupted, and run again with the study, from a checkpoint where there is one",
    "missing": "missing",
}
_WIDEST = 24


def status_text(study: str, states: Sequence[RunState], now: float | None = None) -> str:
    """Return a table with one row per variant, then details of the runs that are not finished."""
    parts = [f"Study {study}: {counts(states)}", _table(states)]
    by_state = {state: [run for run in states if run.state == state] for state in STATES}
    moment = time.time() if now is None else now
    parts += ["\n".join([f"{state}:", *_listed(by_state[state], moment)]) for state in _LISTED if by_state[state]]
    for state, meaning in _BY_VARIANT.items():
        if by_state[state]:
            lines = [
                f"  {variant}: {seeds}{f' ({reason})' if reason and state == 'outdated' else ''}"
                for reason, runs in _by_reason(by_state[state]).items()
                for variant, seeds in seeds_by_variant(runs).items()
            ]
            parts.append("\n".join([f"{meaning}:", *_cut(lines)]))
    return visible("\n\n".join(parts))


def status_json(study: str, states: Sequence[RunState]) -> str:
    """Return the status as JSON: counts by variant and state, and every run."""
    variants: dict[str, Counter[str]] = {}
    for run in states:
        variants.setdefault(run.variant, Counter())[run.state] += 1
    return json.dumps(
        {
            "study": study,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "expected": len(states),
            "counts": {state: sum(found[state] for found in variants.values()) for state in STATES},
            "variants": {
                name: {"expected": found.total(), **{state: found[state] for state in STATES}}
                for name, found in variants.items()
            },
            "runs": [_as_json(run) for run in states],
        },
        indent=1,
    )


def _as_json(run: RunState) -> dict[str, Any]:
    """Return the state of a run; the step also under its own name."""
    return {**run.model_dump(), run.unit: run.step, f"{run.unit}s": run.steps}


def _by_reason(runs: Sequence[RunState]) -> dict[str | None, list[RunState]]:
    found: dict[str | None, list[RunState]] = {}
    for run in runs:
        found.setdefault(run.reason, []).append(run)
    return found


def _table(states: Sequence[RunState]) -> str:
    shown = [state for state in STATES if state in _ALWAYS or any(run.state == state for run in states)]
    found: dict[str, Counter[str]] = {}
    for run in states:
        found.setdefault(run.variant, Counter())[run.state] += 1
    rows = [["variant", "expected", *shown]]
    rows += [[name, str(own.total()), *(str(own[state] or "-") for state in shown)] for name, own in found.items()]
    if len(found) > 1:
        total = sum(found.values(), Counter())
        rows.append(["total", str(total.total()), *(str(total[state] or "-") for state in shown)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    widths[0] = min(widths[0], _WIDEST)
    return "\n".join("  ".join([_short(row[0], widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def _listed(runs: Sequence[RunState], now: float) -> list[str]:
    width = min(_WIDEST, max(len(run.variant) for run in runs))
    lines = []
    for run in runs:
        if run.state == "running":
            since = f", for {duration(now - run.started)}" if run.started else ""
            lines.append(f"  {_short(run.variant, width)}  seed {run.seed}: {place(run)}{since}")
        else:
            log = f"\n    log: {run.log}" if run.log else ""
            why = f": {run.reason}" if run.reason else ""
            lines.append(f"  {_short(run.variant, width)}  seed {run.seed}{why}{log}")
    return _cut(lines)


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_LISTED
    return [*lines[:MOST_LISTED], f"  and {more} more"] if more > 0 else list(lines)


def _short(name: str, width: int) -> str:
    return name.ljust(width) if len(name) <= width else f"{name[: width - 3]}..."
