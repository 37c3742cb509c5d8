"""`seedwise open`: shows the report of a study in a browser."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError

DESCRIPTION = """\
Open the report of a study in a browser: page.html, or else results.md, or else the interim report.
Prints its path; where there is no display, also what to do with it."""
EXAMPLE = """\
examples:
  seedwise open study.yaml
  seedwise open results/char-lm"""
REPORTS = ("page.html", "results.md", "interim/results.md")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command

    parser = add_command(commands, "open", "open a report", DESCRIPTION, EXAMPLE)
    parser.add_argument(
        "study",
        metavar="STUDY",
        nargs="?",
        help="the study's YAML file or its results folder; default: the one that was run last, or the only one here",
    )
    parser.set_defaults(run=run, flags=["--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Print the path of the report, and open it where there is a display.

    Raises:
        UserError: there is no such study, or it has no report yet.
    """
    from seedwise.commands import studies
    from seedwise.commands.next_step import to

    given = arguments.study
    if given is not None and Path(given).is_dir():
        folder, remedy = Path(given), "it is the folder results/<study> of a study that was run"
    else:
        study = studies.find_study(given, "seedwise open", last=True)
        folder, remedy = studies.RESULTS / studies.study_name(study), f"write it: {to('report', study)}"
    report = next((folder / name for name in REPORTS if (folder / name).is_file()), None)
    if report is None:
        raise UserError(f"{folder}: no report is there yet ({' or '.join(REPORTS[:2])}); {remedy}")
    print(report, flush=True)
    if not has_display():
        print(f"there is no display here: {_by_hand(report)}", file=sys.stderr)
        return 0
    import webbrowser

    if not webbrowser.open(report.resolve().as_uri()):
        print(f"no browser was found: {_by_hand(report)}", file=sys.stderr)
    return 0


def _by_hand(report: Path) -> str:
    """Say what to do with a report that no browser shows."""
    if report.suffix == ".html":
        return "copy this file to a machine with a browser and open it there; it needs no other file and no network"
    return "read it in an editor, or with `less`"


def has_display() -> bool:
    """Whether a browser can show something here; a text browser is not meant."""
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
