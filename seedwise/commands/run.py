"""`seedwise run`: runs whatever a study is missing, and writes its report, by calling Snakemake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from seedwise.basics.errors import UserError

REVISIONS = "--revisions"
REPLACE = "--replace"
GO_ON = "--exploratory"
_NOT_A_RUN = ("-n", "--dry-run", "--dryrun", "--help", "-h")
DESCRIPTION = """\
Run whatever a study is missing, then write tables, figures, results.md and page.html to
results/<study> in this folder. The same command continues a study that was interrupted.

Snakemake, a workflow engine that is installed with Seedwise, starts the runs, here or on a cluster. You
need not know it; but all its options and targets can be given, and are passed on to it. Without --cores,
all available CPUs are used."""
EXAMPLES = """\
examples:
  seedwise run study.yaml --cores 4
  seedwise run study.yaml -n                                what would be run?
  seedwise run study.yaml --resources gpu=1                 one run at a time that needs a GPU
  seedwise run study.yaml runs                              only the runs, no report
  seedwise run study.yaml --workflow-profile slurm          on a cluster, one job per run
  seedwise run --revisions main,HEAD study.yaml             is this branch better than main?
  seedwise run study.yaml --replace                         finished runs that do not fit any more too
  seedwise run study.yaml --exploratory                     go on though the plan has changed
  seedwise run study.yaml --report report.html              Snakemake's own report

Finished runs that do not fit the study any more, because settings, code, data or environment have
changed, are replaced only after a question, or with --replace. In a terminal there is also a question
before a study goes on that was changed after it had results: its verdicts will be EXPLORATORY.

STUDY may be left out where this folder has exactly one. A profile is a folder, the name of one in
profiles/ here, or slurm, slurm-groups, cluster-generic or kubernetes. To edit one of these, copy it
into profiles/ here from
  {profiles}

Exit status: Snakemake's; 2 for a mistake that is found before it starts."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand; Snakemake reads its flags."""
    from seedwise.basics import share
    from seedwise.commands.parser import add_command

    parser = add_command(
        commands,
        "run",
        "run what is missing of a study",
        DESCRIPTION,
        EXAMPLES.format(profiles=share.home() / "profiles"),
        usage="seedwise run [STUDY] [--cores N] [any option or target of Snakemake ...]",
    )
    # Only for the help: `run` reads the words as they are.
    parser.add_argument(
        REVISIONS,
        nargs="?",
        action="append",
        metavar="A,B",
        help="compare git revisions, the first one as the baseline, with the settings of the study",
    )
    parser.add_argument(
        REPLACE,
        action="store_true",
        help="replace finished runs that do not fit the study any more, without a question",
    )
    parser.add_argument(
        GO_ON,
        action="store_true",
        help="go on, without a question, although the study was changed after it had results",
    )
    parser.set_defaults(run=run, flags=None)


def run(_arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """Become Snakemake, whose exit status and signals are then those of this command.

    Raises:
        UserError: the study, a profile or Snakemake is missing.
    """
    from seedwise.basics.calls import EXPLORATORY, MAY_REPLACE
    from seedwise.commands import snakemake, studies
    from seedwise.config.last_study import remember_study

    studies.require_posix()
    if snakemake.has_option(command[2:], "--configfile", "--configfiles"):
        raise UserError("--configfile: the study is the config; name it in its place: seedwise run study.yaml")
    flags = {REPLACE: MAY_REPLACE, GO_ON: EXPLORATORY}
    consents = {variable: "1" for flag, variable in flags.items() if flag in command[2:]}
    words = [word for word in command[2:] if word not in flags]
    given, revisions = _take_revisions(words)
    study, words = studies.take_study(given, "seedwise run")
    if revisions:
        from seedwise.basics.words import enumerate_words
        from seedwise.config.revisions import write_revisions

        study, left_out = write_revisions(study, revisions)
        without = f", without its variants {enumerate_words(left_out)}" if left_out else ""
        print(f"the study of {', '.join(revisions)} is {study}{without}", file=sys.stderr)
    studies.require_yaml(study)
    line = snakemake.command_line(study, words)
    # Otherwise Snakemake notes it when the first job starts. A study with a mistake leaves no folder behind.
    if studies.RESULTS.is_dir() and not snakemake.has_option(words, *_NOT_A_RUN):
        remember_study(study, studies.RESULTS)
    snakemake.become(line, snakemake.environment(study) | consents)


def _take_revisions(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words without `--revisions A,B`, and the revisions; raises UserError if none are named."""
    left, revisions = list(words), []
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option != REVISIONS:
            continue
        if not equals:
            value = words[place + 1] if place + 1 < len(words) else ""
        revisions = [name.strip() for name in value.split(",") if name.strip()]
        if not revisions:
            raise UserError(f"{REVISIONS}: name two or more git revisions, as in {REVISIONS} main,HEAD")
        left[place : place + (1 if equals else 2)] = []
        if any(word.partition("=")[0] == REVISIONS for word in left):
            raise UserError(f"{REVISIONS} is given twice; name all revisions at once, as in {REVISIONS} main,HEAD")
        break
    return left, revisions
