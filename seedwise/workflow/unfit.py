"""Runs that have ended but must be rerun, because their records do not fit the study."""

from __future__ import annotations

from pathlib import Path

from seedwise.config.study_file import StudyFile
from seedwise.runs.fit import judge


def unfit_outputs(study: StudyFile, folder: Path) -> dict[str, str]:
    """Return why due records do not fit, by their actual path; those that fit are left out.

    Args:
        study: the study.
        folder: folder of its results.

    Raises:
        UserError: the data card cannot be read.
    """
    if study.study.source:
        return {}
    content, trainer = study.content(), study.study.trainer
    found = {}
    for run in study.runs():
        record = study.study.record_path(run.variant, run.seed, folder.parent)
        judged = judge(record, study.wanted(run, content), trainer)
        if judged and judged.misfit:
            found[str(record)] = judged.misfit.reason
    return found
