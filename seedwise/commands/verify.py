"""`seedwise verify`: checks a results folder for somebody who did not run it."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedwise.verification.verify import Verified

DESCRIPTION = """\
Check a results folder: is the ledger whole, did the runs start after the plan was registered, are records as they were
written, do tables and results.md follow from them, and does a git tag anchor it? Nothing is run and nothing is changed.
Says in the end what this proves, and what it cannot prove. docs/registration.md lists ways to cheat, and says under
"Send it to somebody" which files to send."""
EXAMPLES = """\
examples:
  seedwise verify results/study
  seedwise verify results/study --config study.yaml     in a clone that lacks the study file
  seedwise verify results/study --json                  for programs

Exit status: 0 no check failed, which also holds where little could be checked: read "What this shows";
1 a check FAILED: the folder contradicts itself; 2 a mistake in the command, and nothing was checked."""
_WIDTH, _LINE = 12, 118


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command

    parser = add_command(commands, "verify", "check a results folder that you did not make", DESCRIPTION, EXAMPLES)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="results/<study>")
    parser.add_argument("--config", type=Path, metavar="STUDY", help="the study's YAML file, if the folder lacks it")
    parser.add_argument("--json", action="store_true", help="print the checks as JSON instead of a table")
    parser.set_defaults(run=run, flags=["--config", "--json", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Print each check and what they prove; return 1 if one failed.

    Raises:
        UserError: it is not the folder of a study.
    """
    from seedwise.verification.verify import verify

    found = verify(arguments.folder, arguments.config)
    print(_json(found) if arguments.json else "\n".join(_text(arguments.folder, found)))
    return 1 if found.failures else 0


def _json(found: Verified) -> str:
    checks = [vars(check) for check in found.checks]
    content = {
        "study": found.study,
        "registered": found.registered,
        "exploratory": found.exploratory,
        "ok": not found.failures,
        "checks": checks,
        "shown": found.shown,
        "not_shown": found.not_shown,
    }
    return json.dumps(content, indent=2)


def _text(folder: Path, found: Verified) -> Iterator[str]:
    from seedwise.basics.names import one_line

    what = "a report of `seedwise analyse`" if found.study is None else f"study {one_line(found.study)}"
    verdicts = ", EXPLORATORY" if found.exploratory else ""
    yield f"{one_line(str(folder))}: {what}{verdicts}, {found.registered}"
    yield ""
    for check in found.checks:
        head = f"{check.state:<{_WIDTH}}{check.name:<{_WIDTH}} "
        yield from textwrap.wrap(
            f"{head}{one_line(check.detail)}", _LINE, subsequent_indent=" " * len(head), break_on_hyphens=False
        )
    for title, sentences in (("What this shows:", found.shown), ("What it cannot show:", found.not_shown)):
        yield ""
        yield title
        for sentence in sentences:
            yield from textwrap.wrap(f"- {sentence}", _LINE, subsequent_indent="  ", break_on_hyphens=False)
