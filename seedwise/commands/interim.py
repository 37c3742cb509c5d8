"""`seedwise interim`: a report on the runs of a study that have finished so far."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

DESCRIPTION = """\
Report on the runs that have finished so far, in results/<study>/interim. Nothing is run, and it may
be called while the study runs. The report says which runs are missing."""
EXAMPLE = """\
example:
  seedwise interim study.yaml"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "interim", "report on what has finished", DESCRIPTION, EXAMPLE)
    add_study(parser, last=True)
    parser.set_defaults(run=run, flags=["--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Write the report and say where it is.

    Raises:
        UserError: a mistake in the study, or no run has ended yet.
    """
    from seedwise.commands import snakemake, studies
    from seedwise.commands.next_step import say_next, to

    studies.require_posix()
    study = studies.find_study(arguments.study, "seedwise interim", last=True)
    from seedwise.basics.errors import UserError
    from seedwise.basics.words import quantity
    from seedwise.progress.states import ENDED_STATES, read_states
    from seedwise.workflow.asked import read_asked
    from seedwise.workflow.disk import require_writable

    asked = read_asked(study)
    runs = read_states(asked, studies.RESULTS)
    if not any(run.state in ENDED_STATES for run in runs):
        running = sum(run.state == "running" for run in runs)
        now = f"{quantity(running, 'run')} {'is' if running == 1 else 'are'} running"
        remedy = f"{now}, see {to('status', study)}" if running else f"run them: {to('run', study)}"
        raise UserError(f"study {asked.study.study}: no run has ended yet; {remedy}")
    require_writable(asked.study.folder())
    status = snakemake.call(study, "--", "interim")
    if status == 0:
        say_next(f"{to('status', study)}, or run what is missing: {to('run', study)}")
    return status
