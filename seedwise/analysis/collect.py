"""Collecting a study's run records: each has to be the one that the study asks for, or nothing is collected."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.basics.names import one_line
from seedwise.basics.words import quantity
from seedwise.config.study import Run, Study
from seedwise.config.study_file import StudyFile
from seedwise.runs.fit import Judged, judge
from seedwise.runs.record import RecordError, RunRecord, Status, alteration, parse_record
from seedwise.runs.scores import contradiction

if TYPE_CHECKING:
    import pandas as pd


class Unfit(NamedTuple):
    """A record that is not the one that the study asks for."""

    path: Path
    reason: str


MOST_NAMED = 20
REFUSED = Path("logs/unusable_records.tsv")
"""File in the study's folder that lists what does not fit, where it is too much for a terminal."""


def collect_records(study: StudyFile, folder: Path, runs: Sequence[Run] | None = None) -> list[RunRecord]:
    """Read the records of runs, variant by variant.

    Args:
        study: that asks for them.
        folder: of its results.
        runs: the runs; None for all that are due.

    Raises:
        UserError: records are missing or do not fit; the message names all of them, and one remedy.
    """
    content, trainer = study.content(), study.study.trainer
    records, unfit = [], []
    for run in study.runs() if runs is None else runs:
        path = study.study.record_path(run.variant, run.seed, folder.parent)
        judged = judge(path, study.wanted(run, content), trainer)
        try:
            records.append(_usable(path, judged, trainer.scored))
        except RecordError as error:
            unfit.append(Unfit(path, str(error)))
    if unfit:
        raise UserError(refusal(study.study.study, folder, unfit))
    return records


def _usable(path: Path, judged: Judged | None, scored: str | None) -> RunRecord:
    """Return a run's record.

    Raises:
        RecordError: it cannot be used; the message says why.
    """
    if judged is None:
        raise RecordError("it is missing")
    if judged.misfit:
        raise RecordError(judged.misfit.reason)
    record = parse_record(judged.record)
    altered = alteration(path, judged.written)
    # Reading scores takes much longer than their digest, and says nothing more of a run that is as it was written.
    if altered or record.digest is None:
        altered = contradiction(path.parent, record, scored) or altered
    if altered:
        raise RecordError(altered)
    return record


def refuse_altered_runs(study: Study, folder: Path, runs: pd.DataFrame) -> None:
    """Refuse runs that were changed since they were collected: a torn history would be plotted as if it were whole.

    Args:
        study: whose runs they are.
        folder: of its results.
        runs: runs.csv.

    Raises:
        UserError: the message names all of them, and one remedy.
    """
    ended = runs.loc[runs["status"].isin(get_args(Status))]
    unfit = []
    for variant, seed in zip(ended["variant"], ended["seed"], strict=True):
        path = study.record_path(variant, seed, folder.parent)
        if path.exists() and (reason := alteration(path)):
            unfit.append(Unfit(path, reason))
    if unfit:
        raise UserError(refusal(study.study, folder, unfit))


def refusal(study: str, folder: Path, unfit: Sequence[Unfit]) -> str:
    """Name records that do not fit, and how to have them made again; a long list is written to a file as well."""
    lines = [f"{quantity(len(unfit), 'run record')} of study {study} cannot be used, so nothing is collected:"]
    lines += [f"  {path}: {reason}" for path, reason in unfit[:MOST_NAMED]]
    there = [str(path) for path, _ in unfit if path.exists() and not path.is_dir()]  # a folder is no record
    command = f"rm {shlex.join(there)}"
    if len(unfit) > MOST_NAMED:
        listed = folder / REFUSED
        write_text(listed, "".join(f"{path}\t{one_line(reason)}\n" for path, reason in unfit))
        lines.append(f"  and {len(unfit) - MOST_NAMED} more: all are in {listed}")
        command = f"cut -f 1 {shlex.quote(str(listed))} | tr '\\n' '\\0' | xargs -0 rm -f"
    if there:
        lines.append("Remove them, and the next run of the study repeats these runs and no others:")
        lines.append(f"  {command}")
    return "\n".join(lines)
