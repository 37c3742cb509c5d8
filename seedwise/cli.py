"""The command line `seedwise`: one subcommand per task; a user error is one line on stderr and exit status 2.

Subcommands import heavy modules only when they run, so that `--help` and errors appear at once.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from seedwise import __version__
from seedwise.basics.errors import UserError
from seedwise.commands import analyse, compare

MISTAKE, INTERRUPTED = 2, 130


class _Parser(argparse.ArgumentParser):
    """A parser that raises UserError where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; `{self.prog} --help` shows the usage")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands."""
    parser = _Parser(
        prog="seedwise",
        description="Claims a difference between variants of a model only when the runs support one.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"seedwise {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    analyse.add_parser(commands)
    compare.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    given = sys.argv[1:] if argv is None else list(argv)
    parser = build_parser()
    try:
        arguments, unknown = parser.parse_known_args(given)
        _refuse_unknown(unknown, arguments.flags, f"seedwise {arguments.command}")
        status: int = arguments.run(arguments, ["seedwise", *given])
        sys.stdout.flush()
    except UserError as error:
        print(f"seedwise: {error}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed the pipe; nothing more may be written on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _refuse_unknown(unknown: Sequence[str], flags: Sequence[str], command: str) -> None:
    """Raise an error for the first unknown argument, with the flag that it may have been meant as.

    Raises:
        UserError: there is an unknown argument.
    """
    if not unknown:
        return
    first = next((word for word in unknown if word.startswith("-")), unknown[0])
    if not first.startswith("-"):
        raise UserError(f"unexpected argument {first!r}; `{command} --help` shows the usage")
    word = first.split("=")[0]
    nearest = difflib.get_close_matches(word, flags, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else f"; `{command} --help` lists all flags"
    raise UserError(f"unknown flag {word}{hint}")
