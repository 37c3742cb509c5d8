"""Collecting a study's run records: each has to be the one that the study asks for, or nothing is collected."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity
from seedwise.config.study_file import StudyFile
from seedwise.runs.fit import misfit, read_quickly
from seedwise.runs.record import RecordError, RunRecord, read_record
from seedwise.runs.scores import ScoresError, check_scores


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
    content, metrics = study.content(), study.study.trainer.metrics
    records, unfit = [], []
    for run in study.runs():
        path = folder / "runs" / run.variant / f"seed{run.seed}" / "metrics.json"
        found = read_quickly(path)
        if found is None:
            unfit.append(Unfit(path, "it is missing"))
        elif wrong := misfit(found, study.wanted(run, content), metrics):
            unfit.append(Unfit(path, wrong.reason))
        else:
            try:
                record = read_record(path)
                check_scores(path.parent, record, study.study.trainer.scored)
                records.append(record)
            except (RecordError, ScoresError) as error:
                unfit.append(Unfit(path, str(error)))
    if unfit:
        raise UserError(refusal(study.study.study, unfit))
    return records


def refusal(study: str, unfit: Sequence[Unfit]) -> str:
    """Name records that do not fit, and how to have them made again."""
    lines = [f"{quantity(len(unfit), 'run record')} of study {study} cannot be used, so nothing is collected:"]
    lines += [f"  {path}: {reason}" for path, reason in unfit]
    there = [shlex.quote(str(path)) for path, _ in unfit if path.exists()]
    lines.append("Remove them, and the next run of the study makes these runs again, and no others:")
    return "\n".join([*lines, f"  rm -f {' '.join(there)}"])
