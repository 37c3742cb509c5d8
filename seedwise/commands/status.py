"""`seedwise status`: which runs of a study are finished, running, failed or missing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedwise.progress.states import RunState

DESCRIPTION = """\
Show which runs of a study are finished, diverged, running, failed, outdated or missing, and why.
It only reads, so it may be called at any time, also while the study runs."""
EXAMPLE = """\
examples:
  seedwise status study.yaml
  seedwise status study.yaml --json | jq .counts"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "status", "show how far a study is", DESCRIPTION, EXAMPLE)
    add_study(parser, last=True)
    parser.add_argument("--json", action="store_true", help="print JSON, which includes every run")
    parser.set_defaults(run=run, flags=["--json", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Print the status.

    Raises:
        UserError: a mistake in the study.
    """
    from seedwise.commands import studies
    from seedwise.commands.next_step import say_next

    studies.require_posix()
    study = studies.find_study(arguments.study, "seedwise status", last=True)
    from seedwise.config.study import Run
    from seedwise.progress.states import read_states
    from seedwise.progress.status import status_json, status_text
    from seedwise.workflow.asked import read_asked
    from seedwise.workflow.unfit import finished_runs, how_to_keep

    asked = read_asked(study)
    states = read_states(asked, studies.RESULTS)
    name = asked.study.study
    if arguments.json:
        print(status_json(name, states))
        return 0
    print(status_text(name, states), flush=True)
    outdated = [Run(run.variant, run.seed) for run in states if run.state == "outdated"]
    if outdated and (finished := finished_runs(asked, asked.study.folder(studies.RESULTS), outdated)):
        it = "it" if len(finished) == 1 else "them"
        print(f"\nTo keep {it}, {how_to_keep(finished, asked.study, str(study))}.", flush=True)
    say_next(_next(states, study, (asked.study.folder() / "results.md").exists()))
    return 0


def _next(states: Sequence[RunState], study: Path, reported: bool) -> str:
    from seedwise.commands.next_step import to
    from seedwise.progress.states import ENDED_STATES

    ended = [run for run in states if run.state in ENDED_STATES]
    if len(ended) == len(states):
        return to("open", study) if reported else to("report", study)
    if any(run.state == "running" for run in states):
        return f"{to('watch', study)}, or {to('interim', study)}" if ended else to("watch", study)
    also = f", or a report on what there is: {to('interim', study)}" if ended else ""
    return f"{to('run', study)}{also}"
