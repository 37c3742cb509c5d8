"""`seedwise reproduce`: does some runs of a study again, beside the finished ones, and compares the numbers."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.basics.words import shortened

DESCRIPTION = """\
Do the first seeds of every variant again, in a folder of their own, and compare each number with
results/<study>/runs.csv. On the same kind of processor, with the same versions, they are the same to
the last digit. Elsewhere they may differ, but by no more than two seeds do."""
EXAMPLE = """\
examples:
  seedwise reproduce study.yaml
  seedwise reproduce study.yaml --seeds 1 --cores 2
  seedwise reproduce study.yaml --against paper/runs.csv

Exit status: 0 reproduced; 1 a run failed or differs by more than seeds do; 2 a mistake."""
NOT_REPRODUCED = 1
MARK = ".reproduced"
"""File in a folder that this command has made."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "reproduce", "do some runs again and compare", DESCRIPTION, EXAMPLE)
    add_study(parser)
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="seeds of each variant (default: 2)")
    parser.add_argument("--against", type=Path, metavar="FILE", help="default: results/<study>/runs.csv")
    parser.add_argument("--cores", metavar="N", help="default: all")
    parser.set_defaults(run=run, flags=["--seeds", "--against", "--cores", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Do the runs, compare and print.

    Raises:
        UserError: a mistake in the study, or there is nothing to compare with.
    """
    from seedwise.basics.calls import AGAIN
    from seedwise.commands import snakemake, studies

    studies.require_posix()
    path = studies.find_study(arguments.study, "seedwise reproduce")
    from seedwise.config.reading import read_study
    from seedwise.report import reproduction
    from seedwise.runs.record import read_record

    study = read_study(path)
    published = arguments.against or study.folder(studies.RESULTS) / "runs.csv"
    rows, recorded = reproduction.read_published(published, study), reproduction.read_recorded(study, studies.RESULTS)
    if not arguments.against:
        reproduction.refuse_other_rows(published, rows, recorded)
    expected = reproduction.finished(rows)
    seeds = [seed for seed in study.seeds if any(known == seed for _, known in expected)][: max(arguments.seeds, 1)]
    if not seeds:
        raise UserError(f"{published}: it has no finished run of a seed and a variant of {path}")
    if missing := [
        f"{run.variant} seed {run.seed}" for run in study.runs(seeds) if (run.variant, run.seed) not in rows
    ]:
        print(f"{published} has no row of {shortened(missing)}: not done again")
    again = study.model_copy(update={"study": f"{study.study}-reproduced"})
    folder = again.folder(studies.RESULTS)
    records = {(name, seed): again.record_path(name, seed, studies.RESULTS) for name, seed in expected if seed in seeds}
    _empty(folder)
    print(f"doing seeds {', '.join(map(str, seeds))} of {study.study} again, in {folder}", flush=True)
    cores = ["--cores", arguments.cores] if arguments.cores else []
    words = [*cores, "--config", f"study={again.study}", "--", *map(str, records.values())]
    status = subprocess.run(
        snakemake.command_line(path, words), env=snakemake.environment(path) | {AGAIN: "1"}, check=False
    ).returncode
    if status:
        return status
    result = reproduction.compare_runs(
        expected,
        {run: read_record(file) for run, file in records.items()},
        study.analysis.metric,
        spread={**expected, **reproduction.finished(recorded)},
    )
    print(reproduction.render_reproduction(result, published))
    return 0 if result.holds else NOT_REPRODUCED


def _empty(folder: Path) -> None:
    """Remove what an earlier `seedwise reproduce` has left, and nothing else.

    Raises:
        UserError: the folder is of something else, or cannot be removed.
    """
    mark = folder / MARK
    if folder.exists() and not mark.exists():
        raise UserError(f"{folder}: not made by `seedwise reproduce`, which would replace it; rename or remove it")
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:  # what is left would pass for runs that were done again
        raise UserError(f"{folder}: cannot be removed ({error.strerror}); remove it") from error
    write_text(mark, "made by seedwise reproduce, which removes this folder when it is run again\n")
