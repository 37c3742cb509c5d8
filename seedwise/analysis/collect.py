"""Collecting a study's run records: each has to be the one that the study asks for, or nothing is collected."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity
from seedwise.config.study_file import StudyFile
from seedwise.runs.fit import judge
from seedwise.runs.record import RecordError, RunRecord, parse_record
from seedwise.runs.scores import contradiction


class Unfit(NamedTuple):
    """A record that is not the one that the study asks for."""

    path: Path
    reason: str


def collect_records(study: StudyFile, folder: Path) -> list[RunRecord]:
    """Read the records of all runs that are due, variant by variant.

    Args:
        study: that asks for them.
        folder: of its results.

    Raises:
        UserError: records are missing or do not fit; the message names all of them, and one remedy.
    """
    content, trainer = study.content(), study.study.trainer
    records, unfit = [], []
    for run in study.runs():
        path = study.study.record_path(run.variant, run.seed, folder.parent)
        judged = judge(path, study.wanted(run, content), trainer)
        reason = judged.misfit.reason if judged and judged.misfit else None
        if judged is None:
            reason = "it is missing"
        elif reason is None:
            try:
                records.append(parse_record(judged.record))
                reason = contradiction(path.parent, records[-1], trainer.scored)
            except RecordError as error:
                reason = str(error)
        if reason is not None:
            unfit.append(Unfit(path, reason))
    if unfit:
        raise UserError(refusal(study.study.study, unfit))
    return records


def refusal(study: str, unfit: Sequence[Unfit]) -> str:
    """Name records that do not fit, and how to have them made again."""
    lines = [f"{quantity(len(unfit), 'run record')} of study {study} cannot be used, so nothing is collected:"]
    lines += [f"  {path}: {reason}" for path, reason in unfit]
    there = [shlex.quote(str(path)) for path, _ in unfit if path.exists()]
    if there:
        lines.append("Remove them, and the next run of the study retrains these runs and no others:")
        lines.append(f"  rm {' '.join(there)}")
    return "\n".join(lines)
