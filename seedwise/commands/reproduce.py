"""`seedwise reproduce`: does some runs of a study again, beside the finished ones, and compares the numbers."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError

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
    from seedwise.commands import snakemake, studies

    studies.require_posix()
    path = studies.find_study(arguments.study, "seedwise reproduce")
    from seedwise.config.reading import read_study
    from seedwise.report.reproduction import compare_runs, read_published, render_reproduction
    from seedwise.runs.record import read_record

    study = read_study(path)
    published = arguments.against or study.folder(studies.RESULTS) / "runs.csv"
    expected = read_published(published, study)
    seeds = [seed for seed in study.seeds if any(known == seed for _, known in expected)][: max(arguments.seeds, 1)]
    if not seeds:
        raise UserError(f"{published}: it has no finished run of a seed and a variant of {path}")
    again = study.model_copy(update={"study": f"{study.study}-reproduced"})
    folder = again.folder(studies.RESULTS)
    records = {(name, seed): again.record_path(name, seed, studies.RESULTS) for name, seed in expected if seed in seeds}
    shutil.rmtree(folder, ignore_errors=True)
    print(f"doing seeds {', '.join(map(str, seeds))} of {study.study} again, in {folder}", flush=True)
    cores = ["--cores", arguments.cores] if arguments.cores else []
    words = [*cores, "--config", f"study={again.study}", "--", *map(str, records.values())]
    status = subprocess.run(
        snakemake.command_line(path, words), env=snakemake.environment(path), check=False
    ).returncode
    if status:
        return status
    result = compare_runs(expected, {run: read_record(file) for run, file in records.items()}, study.analysis.metric)
    print(render_reproduction(result, published))
    return 0 if result.holds else NOT_REPRODUCED
