"""`seedwise report`: tables, figures, results.md and page.html of a study whose runs have all ended."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError

if TYPE_CHECKING:
    from seedwise.config.study_file import StudyFile

DESCRIPTION = """\
Write tables, figures, results.md and page.html of a finished study. Nothing is run: if runs are
missing or do not fit the study, they are named."""
EXAMPLE = """\
example:
  seedwise report study.yaml"""
REPORTING = ("collect_runs", "analyse_study", "plot_figures", "render_report", "render_page", "report_products")
"""All that Snakemake may do; files of other rules are taken as they are."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "report", "write the report of a finished study", DESCRIPTION, EXAMPLE)
    add_study(parser, last=True)
    parser.set_defaults(run=run, flags=["--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Write the report and say where it is.

    Raises:
        UserError: a mistake in the study, or runs are missing.
    """
    from seedwise.commands import snakemake, studies
    from seedwise.commands.next_step import say_next, to

    studies.require_posix()
    study = studies.find_study(arguments.study, "seedwise report", last=True)
    from seedwise.workflow.asked import read_asked

    asked = read_asked(study)
    _check(asked, study)
    before = _written(asked.study.folder())
    status = snakemake.call(study, "--allowed-rules", *REPORTING, "--", "report_products")
    if status == 0 and _written(asked.study.folder()) == before:  # else Snakemake's last line has said it
        print(f"{asked.study.folder() / 'results.md'} is up to date")
        say_next(to("open", study))
    return status


def _written(folder: Path) -> int | None:
    """Return when the report was written; None if there is none."""
    report = folder / "results.md"
    return report.stat().st_mtime_ns if report.exists() else None


def _check(asked: StudyFile, study: Path) -> None:
    """Name the runs that a report would lack."""
    from seedwise.commands.next_step import to
    from seedwise.commands.studies import RESULTS
    from seedwise.progress.states import ENDED_STATES, read_states
    from seedwise.progress.words import counts, seeds_by_variant

    if asked.study.source:
        return
    states = read_states(asked, RESULTS)
    lacking = [run for run in states if run.state not in ENDED_STATES]
    if not lacking:
        return
    named = "; ".join(f"{variant}: {seeds}" for variant, seeds in seeds_by_variant(lacking).items())
    some = "" if len(lacking) == len(states) else f", or report on the others: {to('interim', study)}"
    raise UserError(f"{counts(states)} ({named}); run them: {to('run', study)}{some}")
