"""`seedwise amend`: registers a change of a study, with the reason for it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

DESCRIPTION = """\
Register a study as it is now, with the reason for its change, which the report shows. Before there
are results a change is free. Afterwards the verdicts are EXPLORATORY, whatever the reason: a reason
explains a change and does not make it one that was declared beforehand."""
EXAMPLE = """\
example:
  seedwise amend study.yaml --why "the validation split had a bug, see issue 12\""""
WHY = "why the study is changed"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study, add_why

    parser = add_command(commands, "amend", "register a change of a study, with its reason", DESCRIPTION, EXAMPLE)
    add_study(parser)
    add_why(parser, WHY)
    parser.set_defaults(run=run, flags=["--why", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Register the change and say what it means.

    Raises:
        UserError: a mistake in the study, no reason, or nothing has been registered yet.
    """
    from seedwise.commands import studies
    from seedwise.commands.next_step import say_next, to

    studies.require_posix()
    path = studies.find_study(arguments.study, "seedwise amend")
    why = studies.reason(arguments.why, WHY, "seed 3 was a typo")
    from seedwise.registration.change import coming_change
    from seedwise.registration.register import amend
    from seedwise.workflow.asked import read_asked

    asked = read_asked(path)
    folder = asked.study.folder()
    warning = coming_change(folder, asked).warning
    entry = amend(folder, asked, why)
    print(f"registered in {folder}, with the reason: {entry.short}")
    if warning:
        print(warning)
    say_next(to("run", path))
    return 0
