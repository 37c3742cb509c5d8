"""`seedwise accept`: takes records that other code or another environment made as if today's had made them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedwise.config.study import Run
    from seedwise.config.study_file import StudyFile

DESCRIPTION = """\
After an upgrade, or a refactoring that changes no number, take the finished runs of a study as made by
today's code and environment, so that they are not repeated. You vouch for that: the reason goes into the
study's ledger and into its report. Runs with other settings, or on other data, are never accepted."""
EXAMPLE = """\
example:
  seedwise accept study.yaml --why "only renamed functions; see commit 1a2b3c4\""""
WHY = "why today's code gives the same numbers"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study, add_why

    parser = add_command(commands, "accept", "keep runs that other code has made", DESCRIPTION, EXAMPLE)
    add_study(parser)
    add_why(parser, WHY)
    parser.set_defaults(run=run, flags=["--why", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Accept the records, and say which.

    Raises:
        UserError: a mistake in the study, no reason, or no record that could be accepted.
    """
    from seedwise.basics.errors import UserError
    from seedwise.basics.words import quantity, shortened
    from seedwise.commands import snakemake, studies
    from seedwise.commands.next_step import say_next, to

    studies.require_posix()
    path = studies.find_study(arguments.study, "seedwise accept")
    why = studies.reason(arguments.why, WHY, "only renamed")
    from seedwise.registration.register import accept
    from seedwise.workflow.asked import read_asked

    asked = read_asked(path)
    if asked.study.source:
        raise UserError(f"{path}: its runs were recorded elsewhere; nothing here has made them")
    folder = asked.study.folder()
    runs, digests = _acceptable(asked, folder)
    if not runs:
        raise UserError(
            f"{folder}: there is no run that only code or environment keeps from fitting; see {to('status', path)}"
        )
    accept(folder, asked, digests, why)
    # What Snakemake remembers of these runs would have it repeat them; the records themselves say all that is needed.
    records = [str(asked.study.record_path(run.variant, run.seed, folder.parent)) for run in runs]
    beside = [str(Path(record).with_name(name)) for record in records for name in asked.study.trainer.beside]
    snakemake.forget(path, [*records, *beside])
    named = shortened([f"{run.variant} seed {run.seed}" for run in runs])
    print(f"accepted {quantity(len(runs), 'run')}: {named}")
    say_next(to("run", path))
    return 0


def _acceptable(asked: StudyFile, folder: Path) -> tuple[list[Run], Mapping[str, Mapping[str, Mapping[str, str]]]]:
    """Return the runs that only code or environment keeps from fitting, and their digests, each with today's."""
    from seedwise.registration.acceptance import ACCEPTED
    from seedwise.runs.fit import judge

    content, trainer = asked.content(), asked.study.trainer
    runs: list[Run] = []
    digests: dict[str, dict[str, dict[str, str]]] = {}
    for run in asked.study.runs():
        wanted = asked.wanted(run, content)
        judged = judge(asked.study.record_path(run.variant, run.seed, folder.parent), wanted, trainer)
        if not judged or not judged.misfit or not set(judged.misfit.kinds) <= set(ACCEPTED):
            continue
        runs.append(run)
        for what in judged.misfit.kinds:
            old = judged.record["provenance"].get(f"{what}_digest", "")  # older records lack that of the environment
            digests.setdefault(run.variant, {}).setdefault(what, {})[old] = getattr(wanted, what)
    return runs, digests
