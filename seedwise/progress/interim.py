"""The basis of an interim report: a table with one row per due run, and why its verdicts are exploratory."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.config.study import Run
from seedwise.progress.states import ENDED_STATES, STATES, RunState, State
from seedwise.progress.words import counts, place, seeds_by_variant
from seedwise.runs.record import RunRecord, tabulate

MOST_NAMED = 12
"""Number of runs in one state, or of variants with such runs, that a report names."""
_PENDING: dict[State, str] = {"outdated": "missing", "interrupted": "missing"}


def interim_table(states: Sequence[RunState], records: Sequence[RunRecord]) -> str:
    """Format runs.csv with one row per due run, in the order of `states`.

    The cells of a run without a record are empty, but for the reason of a run that failed.

    Raises:
        UserError: no run has ended yet.
    """
    if not records:
        raise UserError(f"no run has a result yet ({counts(states)}), so there is nothing to report on")
    table = csv.DictReader(io.StringIO(tabulate(records)))
    found = {(row["variant"], row["seed"]): row for row in table}
    stream = io.StringIO()
    writer = csv.DictWriter(stream, table.fieldnames or (), restval="", lineterminator="\n")
    writer.writeheader()
    for run in states:
        status = _PENDING.get(run.state, run.state)
        reason = " ".join((run.reason or "").split()) if status == "failed" else ""
        pending = {"variant": run.variant, "seed": run.seed, "status": status, "reason": reason}
        writer.writerow(found.get((run.variant, str(run.seed)), pending))
    return stream.getvalue()


def interim_reasons(states: Sequence[RunState]) -> list[str]:
    """Return why the verdicts of an interim report are exploratory: how many runs have a result, and which do not."""
    ended = sum(run.state in ENDED_STATES for run in states)
    if ended == len(states):
        first = f"This is an interim report. All {ended} runs have a result now: the study's own report covers them."
    else:
        first = (
            f"This is an interim report: {ended} of {len(states)} runs have a result. The plan declared all of them; "
            "looking early, and then stopping or continuing depending on the result, makes false claims more frequent."
        )
    return [first, *(_named(state, states) for state in STATES if state != "finished" and _of(state, states))]


def _of(state: State, states: Sequence[RunState]) -> list[RunState]:
    return [run for run in states if run.state == state]


def _named(state: State, states: Sequence[RunState]) -> str:
    runs = _of(state, states)
    if state in ("missing", "interrupted", "outdated"):
        named = [f"{variant} {seeds}" for variant, seeds in seeds_by_variant(runs).items()]
        why = {"outdated": " (their records were made with other settings, code or data)"}.get(state, "")
    else:
        named, why = [f"{run.variant} seed {run.seed} ({_detail(run)})" for run in runs], ""
    more = len(named) - MOST_NAMED
    shown = "; ".join(named[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return f"{len(runs)} {state}{why}: {shown}."


def _detail(run: RunState) -> str:
    if run.state == "running":
        return place(run)
    return "; ".join(part for part in (run.reason, f"log: {run.log}" if run.log else "") if part) or run.state


def first_result(states: Sequence[RunState], variant: str | None = None) -> RunState | None:
    """Return the first run with a result, optionally of one variant; None if there is none."""
    return next((run for run in states if variant in (None, run.variant) and run.state in ENDED_STATES), None)


def run_folder(study_folder: Path, run: RunState | Run) -> Path:
    """Return the folder of a run inside the folder of its study."""
    return study_folder / "runs" / run.variant / f"seed{run.seed}"
