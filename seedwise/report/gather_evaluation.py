"""Builds the report of an evaluation from a study and the answers in its folder."""

from __future__ import annotations

from pathlib import Path

from seedwise.analysis.findings import Findings
from seedwise.analysis.study_examples import analyse_answers
from seedwise.config.study_file import StudyFile
from seedwise.report.examples import ExamplesReport
from seedwise.report.gather import commands


def report_of_evaluation(file: StudyFile, folder: Path, findings: Findings) -> ExamplesReport:
    """Gather the report of an evaluation.

    Args:
        file: the study as the workflow has resolved it.
        folder: of its results, with answers.csv and pulled.json.
        findings: findings.json.

    Raises:
        UserError: the answers cannot be analysed.
    """
    found = analyse_answers(file.study, folder)
    return ExamplesReport(
        found.source,
        file.study.analysis,
        found.analysis,
        "\n".join(commands(file.config)),
        found.columns,
        study=file.study.study,
        heading=file.study.title,
        plan_hash=findings.plan_hash,
        exploratory=findings.exploratory,
        registration=findings.registration,
    )
