"""The command line `seedwise`: one subcommand per task; a user error is one line on stderr and exit status 2.

Only the module of the given subcommand is imported, and it imports heavy modules when it runs, so that `--help` and
errors appear at once.
"""

from __future__ import annotations

import argparse
import difflib
import errno
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from seedwise import __version__
from seedwise.basics.errors import UserError
from seedwise.basics.interrupts import INTERRUPTED, LINE, answer_interrupts
from seedwise.basics.names import visible
from seedwise.basics.streams import prepare_streams, visible_output

MISTAKE = 2


class Command(NamedTuple):
    """A subcommand, as the help lists it.

    Attributes:
        name: what users type.
        module: in `seedwise.commands`; it has `add_parser(commands)`, which sets `run` and `flags`.
        help: what it does, in a few words.
        example: a command line, without `seedwise`.
        alias: another name.
    """

    name: str
    module: str
    help: str
    example: str
    alias: str = ""


ANALYSE = "analyse results.csv --metric accuracy --baseline resnet"
GROUPS: Mapping[str, Sequence[Command]] = {
    "Start with a program of your own": (
        Command("init", "init", "write a study around a command line", "init -- python train.py --seed 0"),
        Command("check", "check", "check a study and show its plan; nothing runs", "check study.yaml"),
        Command("try", "try_run", "try one run: are its numbers found, does the seed count?", "try study.yaml"),
    ),
    "Run a study": (
        Command("run", "run", "do all runs that are missing, then write the report", "run study.yaml --cores 4"),
        Command("status", "status", "show which runs are finished, running, failed or missing", "status study.yaml"),
        Command("watch", "watch", "follow a study in the browser while it runs", "watch study.yaml"),
        Command("interim", "interim", "report on the runs that have finished so far", "interim study.yaml"),
        Command("report", "report", "write the report of a finished study; nothing is run", "report study.yaml"),
        Command("open", "open_report", "open the report in a browser", "open study.yaml"),
        Command("amend", "amend", "register a change of a study, with its reason", 'amend study.yaml --why "…"'),
        Command("accept", "accept", "keep runs that other code has made", 'accept study.yaml --why "…"'),
        Command("reproduce", "reproduce", "do some runs again and compare the numbers", "reproduce study.yaml"),
    ),
    "Show others that it was decided beforehand": (
        Command("register", "register", "register a study before its first run", "register study.yaml --tag"),
        Command("verify", "verify", "check a results folder that you did not make", "verify results/study"),
        Command("gate", "gate", "pass or fail by the verdicts, for CI", "gate results/quick"),
    ),
    "Numbers that you already have": (
        Command("analyse", "analyse", "verdicts on a table of results", ANALYSE, alias="analyze"),
        Command("compare", "compare", "did the finding of one study hold in another?", "compare results/a results/b"),
    ),
}
EPILOG = """\
`seedwise COMMAND --help` explains a command. Where STUDY is left out, it is the one study in this folder;
for status, watch, interim, report and open, the one that was run last here.

What to send to others, of results/<study>: page.html, one file that opens in any browser; or results.md with
figures/; or, for those who check it with `verify`, the whole folder.

Snakemake, which `run` calls, is the workflow engine that starts the runs, here or on a cluster.

Exit status: 0 done; 2 a mistake in the command, a file or the installation, said in one line; 130 interrupted.
`gate` ends with 1 if a comparison fails, `try` if something has to be changed before the study can be run,
`reproduce` if a number differs by more than seeds do, `verify` if a check fails.
`run`, `interim` and `report` end with Snakemake's own status, 1 if a job failed."""


class _StoreOnce(argparse._StoreAction):
    """Stores the value of a flag, and refuses a second one, of which argparse would silently take the last."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, flag: str | None = None
    ) -> None:
        given = vars(namespace).setdefault("given", set())
        if flag is not None and self.dest in given:
            parser.error(f"{flag} is given twice; it takes one value")
        given.add(self.dest)
        super().__call__(parser, namespace, values, flag)


class _Parser(argparse.ArgumentParser):
    """A parser that raises UserError where argparse would print its usage and exit."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for action in (None, "store"):
            self.register("action", action, _StoreOnce)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Convert a word; an empty one, as a shell variable that is not set leaves it, would mean something else."""
        if not arg_string and action.nargs not in (argparse.PARSER, argparse.REMAINDER):
            self.error(f"{'/'.join(action.option_strings) or action.metavar} is empty; give it a value or leave it out")
        return super()._get_value(action, arg_string)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; `{self.prog} --help` shows the usage")


def help_text() -> str:
    """Return the page that `seedwise --help` prints."""
    lines = [
        "usage: seedwise COMMAND ...",
        "",
        "Claims a difference between variants of a program only when the runs support one.",
    ]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:"]
        for command in commands:
            lines += [f"  {command.name:<9} {command.help}", f"            seedwise {command.example}"]
    lines += ["", "  --version  print the version", "  --help     print this page", "", EPILOG]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit status."""
    given = sys.argv[1:] if argv is None else list(argv)
    try:
        if argv is None:
            answer_interrupts()
            prepare_streams()
        status = _run(given)
        sys.stdout.flush()
    except UserError as error:
        print(f"seedwise: {visible(str(error))}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        if argv is None:  # this process is the command: a second Ctrl-C while it ends says nothing new
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(LINE, file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed the pipe; nothing more may be written on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"seedwise: {error.strerror}: not all could be written", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return MISTAKE
    return status


def _run(given: Sequence[str]) -> int:
    if not given:
        print(help_text(), file=sys.stderr)
        return MISTAKE
    if given[0] in ("--help", "-h", "help"):
        print(help_text())
        return 0
    if given[0] == "--version":
        print(f"seedwise {__version__}")
        return 0
    command = _find(given[0])
    arguments, unknown = _parser(command).parse_known_args(given)
    if arguments.flags is not None:  # else unknown ones are passed on
        _refuse_unknown(unknown, arguments.flags, f"seedwise {given[0]}")
    with visible_output():
        status: int = arguments.run(arguments, ["seedwise", *given])
    return status


def _find(word: str) -> Command:
    """Return the command of this name.

    Raises:
        UserError: there is none.
    """
    names = {
        name: command
        for commands in GROUPS.values()
        for command in commands
        for name in (command.name, command.alias)
        if name
    }
    if word in names:
        return names[word]
    if word.endswith((".yaml", ".yml")):
        raise UserError(f"the command is missing; did you mean `seedwise run {word}`?")
    kind = "flag" if word.startswith("-") else "command"
    nearest = difflib.get_close_matches(word, [*names, "--help", "--version"], n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else "`seedwise --help` lists all commands"
    raise UserError(f"unknown {kind} {word}; {hint}")


def _parser(command: Command) -> argparse.ArgumentParser:
    """Return a parser of one command."""
    parser = _Parser(prog="seedwise", allow_abbrev=False)
    module = importlib.import_module(f"seedwise.commands.{command.module}")
    module.add_parser(parser.add_subparsers(dest="command", metavar="COMMAND", required=True))
    return parser


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


if __name__ == "__main__":
    sys.exit(main())
