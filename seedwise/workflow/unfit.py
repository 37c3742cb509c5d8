"""Runs that have ended but must be rerun, because their records do not fit the study."""

from __future__ import annotations

from pathlib import Path

from seedwise.config.study_file import StudyFile
from seedwise.runs.fit import misfit, read_quickly


def unfit_outputs(study: StudyFile, folder: Path) -> dict[str, str]:
    """Return why due records do not fit, by their path relative to the working folder; those that fit are left out.

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
        record_path = study.study.record_path(*run)
        path = folder / record_path.relative_to(study.study.folder())
        record = read_quickly(path)
        if record is None:
            continue
        wrong = misfit(record, study.wanted(run, content), trainer.metrics)
        missing = [name for name in trainer.beside if not (path.parent / name).exists()]
        if wrong or missing:
            found[str(record_path)] = (
                wrong.reason if wrong else f"its {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            )
    return found
