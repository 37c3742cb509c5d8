"""What an interim report is based on: a table with one row per run that is due, and why nothing is confirmed yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.config.study import Run
from seedwise.progress.states import RESULTS, STATES, RunState, State
from seedwise.progress.words import counts, place, seeds_by_variant
from seedwise.runs.record import RunRecord, tabulate

MOST_NAMED = 12
"""How many runs of one state, or variants with such runs, a report names."""
_PENDING: dict[State, str] = {"outdated": "missing", "interrupted": "missing"}


def interim_table(states: Sequence[RunState], records: Sequence[RunRecord]) -> str:
    """Format runs.csv with one row per run that is due, in the order of `states`.

    A run that has not ended has empty cells.

    Raises:
        UserError: no run has ended yet.
    """
    if not records:
        raise UserError(f"no run has a result yet ({counts(states)}), so there is nothing to report on")
    header, *rows = tabulate(records).splitlines()
    empty_cells = "," * (len(header.split(",")) - 3)
    found = {tuple(row.split(",", 2)[:2]): row for row in rows}
    lines = []
    for run in states:
        status = _PENDING.get(run.state, run.state)
        pending = f"{run.variant},{run.seed},{status}{empty_cells}"
        lines.append(found.get((run.variant, str(run.seed)), pending))
    return "\n".join([header, *lines, ""])


def interim_reasons(states: Sequence[RunState]) -> list[str]:
    """Say why the verdicts of an interim report are exploratory: how many runs have a result, and which have not."""
    ended = sum(run.state in RESULTS for run in states)
    if ended == len(states):
        first = f"This is an interim report. All {ended} runs have a result now: the study's own report covers them."
    else:
        first = (
            f"This is an interim report: {ended} of {len(states)} runs have a result. The plan declared all of them; "
            "looking earlier, and stopping or continuing depending on the result, makes false claims more frequent."
        )
    return [first, *(_named(state, states) for state in STATES if state != "finished" and _of(state, states))]


def _of(state: State, states: Sequence[RunState]) -> list[RunState]:
    return [run for run in states if run.state == state]


def _named(state: State, states: Sequence[RunState]) -> str:
    runs = _of(state, states)
    if state in ("missing", "interrupted", "outdated"):
        named = [f"{variant} {seeds}" for variant, seeds in seeds_by_variant(runs).items()]
        why = {"outdated": " (their records belong to other settings or code)"}.get(state, "")
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
    """Return the first run that has a result, of one variant if one is named; None if there is none."""
    return next((run for run in states if variant in (None, run.variant) and run.state in RESULTS), None)


def run_folder(study_folder: Path, run: RunState | Run) -> Path:
    """Return the folder of a run in the folder of its study."""
    return study_folder / "runs" / run.variant / f"seed{run.seed}"
