"""`seedwise gate`: may a change pass? The verdicts of findings.json as an exit status, for CI."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError

DESCRIPTION = """\
Pass or fail by the verdicts of a finished study, for CI. Reads findings.json in the folder of its
results, and makes sure that it belongs to the tables there. Fails (exit status 1) if a comparison
meets one of the conditions of --fail-on; by default if it is worse, could not be judged, or another
declared look is due."""
EXAMPLE = """\
examples:
  seedwise gate results/pr
  seedwise gate results/pr --fail-on worse,lost-runs,exploratory --variant change
  seedwise gate results/pr --format junit > gate.xml

conditions of --fail-on:
{conditions}

Exit status: 0 passes; 1 fails; 2 for a mistake, such as findings that do not belong to the runs."""
SUMMARY = "GITHUB_STEP_SUMMARY"
FORMATS = ("text", "json", "github", "junit", "markdown")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.report.gate import CONDITIONS

    listed = "\n".join(f"  {name:<17} {condition.help}" for name, condition in CONDITIONS.items())
    example = EXAMPLE.format(conditions=listed)
    parser = add_command(commands, "gate", "pass or fail by the verdicts, for CI", DESCRIPTION, example)
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help="results/<study>, or a findings.json")
    parser.add_argument(
        "--fail-on", metavar="CONDITION", action="append", help="what fails; may be repeated, or separated by commas"
    )
    parser.add_argument("--variant", metavar="NAME", action="append", help="judge only this one; may be repeated")
    parser.add_argument("--format", choices=FORMATS, default="text", help="of what is printed; default text")
    parser.set_defaults(run=run, flags=["--fail-on", "--variant", "--format", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Print the outcome; return 0 if every comparison passes, otherwise 1.

    Raises:
        UserError: a mistake in the flags, or findings that cannot be judged.
    """
    from seedwise.report import gate, gate_formats

    if arguments.folder is None:
        raise UserError("name the folder of a study's results: seedwise gate results/<study>")
    given = [name.strip() for word in arguments.fail_on or () for name in word.split(",")]
    fail_on = tuple(dict.fromkeys(given)) or gate.DEFAULT
    outcome = gate.judge(gate.read_for_gate(arguments.folder), fail_on, arguments.variant or ())
    print(gate_formats.FORMATS[arguments.format](outcome))
    if arguments.format == "github" and (summary := os.environ.get(SUMMARY)):
        try:
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(gate_formats.markdown(outcome) + "\n")
        except OSError as error:
            raise UserError(f"{SUMMARY}: {summary}: {error.strerror}") from error
    return 0 if outcome.passed else 1
