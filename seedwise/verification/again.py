"""The analysis and the report of a study, made once more from what its folder holds, to be compared with what is there.

The code is that of the workflow. It writes into another folder; nothing in the study's own is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from seedwise.analysis.findings import Findings
from seedwise.analysis.program_notes import program_notes
from seedwise.analysis.run_table import analyse_runs
from seedwise.analysis.source import read_source
from seedwise.analysis.study import analyse_study, write_study_findings
from seedwise.analysis.study_examples import analyse_answers, write_evaluation
from seedwise.analysis.tables import read_table, write_tables
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile
from seedwise.plan import Plan
from seedwise.registration.declared import Declaration
from seedwise.report.examples import ExamplesReport
from seedwise.report.findings_of import findings_of_examples, findings_of_report
from seedwise.report.gather import report_of_evaluation, report_of_tables
from seedwise.report.model import Report
from seedwise.report.text.example_terminal import examples_line
from seedwise.report.text.examples import render_examples
from seedwise.report.text.factorial_section import TEXT
from seedwise.report.text.paper import paper_files
from seedwise.report.text.results import render_results
from seedwise.runs.record import RunRecord
from seedwise.sources.pulled import Pulled
from seedwise.statistics.spending import spending_at
from seedwise.statistics.warnings import note
from seedwise.verification.evidence import RUNS, Evidence
from seedwise.verification.page import evaluation_page_again, page_again


def analyse_again(found: Evidence, file: StudyFile, findings: Findings, out: Path) -> None:
    """Write the tables and findings.json of a study into another folder.

    Args:
        found: what its folder holds.
        file: the study.
        findings: those that were reported; what they say of the ledger is taken as it is.
        out: the other folder.

    Raises:
        UserError: the runs cannot be analysed.
    """
    study, departures, registration = file.study, findings.exploratory, findings.registration
    for name in (RUNS, "answers.csv", "looks.json"):
        if (found.folder / name).exists():
            shutil.copyfile(found.folder / name, out / name)
    if study.evaluation:
        answers = analyse_answers(study, found.folder, departures, registration)
        write_evaluation(out, answers, partial(findings_of_examples, report=report_of_evaluation(file, answers)))
        return
    assert found.runs is not None
    if study.source:
        pulled = found.folder / "pulled.json"
        notes = [note(line) for line in read_source(pulled, found.table).notes] if pulled.exists() else []
        scored = n_test = None
    else:
        records = [found.records[run].record for run in found.reported_runs() if run in found.records]
        notes = program_notes(records) if study.program else []
        scored = study.trainer.scored if records else None  # their scores of examples are beside the records
        n_test = records[0].sizes.test if records and records[0].sizes else None
    analysed = analyse_study(
        study,
        found.runs,
        found.folder,
        departures=departures,
        registration=registration,
        notes=notes,
        scored=scored,
        n_test=n_test,
    )

    def complete(own: Findings) -> Findings:
        return findings_of_report(own, _report(found, file, own, analysed.tables))

    write_study_findings(out, analysed, complete)


def tabulate_again(declared: Declaration, runs: pd.DataFrame, out: Path) -> None:
    """Write summary.csv and comparisons.csv of a study of which only the declaration is known.

    Raises:
        UserError: the runs cannot be analysed.
    """
    plan = Plan.model_validate(declared["analysis"])
    seeds = len(set(runs["seed"]))
    level = spending_at(plan.looks, seeds, plan.alpha).nominal_alpha if plan.looks else None
    analysis = analyse_runs(RUNS, runs, plan, declared["variants"], alpha=level)
    write_tables(out, {"summary": analysis.summary, "comparisons": analysis.comparisons})


def report_again(found: Evidence, file: StudyFile, findings: Findings, out: Path) -> dict[str, str]:
    """Return results.md and what is written beside it, by name, from the tables that `analyse_again` wrote.

    Args:
        found: what the study's folder holds.
        file: the study.
        findings: those that were reported.
        out: the folder with the tables.
    """
    if file.study.evaluation:
        evaluation = _evaluation(found, file, findings)
        return {"results.md": render_examples(evaluation), "summary.txt": examples_line(evaluation) + "\n"}
    tables = _tables(out)
    report = _described(found, file, findings, tables)
    files = {"results.md": render_results(report)}
    return files | {path.relative_to(out).as_posix(): text for path, text in paper_files(report, out).items()}


def page_of_tables(found: Evidence, file: StudyFile, findings: Findings, folder: Path) -> str:
    """Return page.html from the tables in a folder; the arguments are those of `report_again`.

    Raises:
        UserError: what draws it is not installed, or a history cannot be read.
    """
    if file.study.evaluation:
        return evaluation_page_again(found, _evaluation(found, file, findings))
    return page_again(found, _described(found, file, findings, _tables(folder)))


def _evaluation(found: Evidence, file: StudyFile, findings: Findings) -> ExamplesReport:
    answers = analyse_answers(file.study, found.folder, findings.exploratory, findings.registration)
    return report_of_evaluation(file, answers)


def _tables(folder: Path) -> dict[str, pd.DataFrame]:
    tables = {path.stem: read_table(path) for path in folder.glob("*.csv")}
    if "effects" in tables:
        tables["effects"] = pd.read_csv(folder / "effects.csv", dtype=TEXT)
    return tables


def _described(found: Evidence, file: StudyFile, findings: Findings, tables: Mapping[str, pd.DataFrame]) -> Report:
    """Return the report with a setup: that of the baseline's record or, where this is not here, an empty one."""
    report = _report(found, file, findings, tables)
    return report if report.setup else replace(report, setup={"Seeds": ""})


def _report(found: Evidence, file: StudyFile, findings: Findings, tables: Mapping[str, pd.DataFrame]) -> Report:
    assert found.runs is not None
    return report_of_tables(file, found.runs, tables, findings, _origin(found, file))


def _origin(found: Evidence, file: StudyFile) -> RunRecord | Pulled | None:
    """Return what describes the runs in the report; None if it is not there."""
    pulled = found.folder / "pulled.json"
    if file.study.source:
        return read_source(pulled, found.table) if pulled.exists() else None
    first = found.records.get(Run(file.study.analysis.baseline, file.study.seeds[0]))
    return first.record if first else None
