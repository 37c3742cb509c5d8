"""Analyse a study under its declared plan: write its tables and findings.json beside runs.csv."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import get_args

import pandas as pd

from seedwise.analysis.collect import collect_records
from seedwise.analysis.findings import Findings
from seedwise.analysis.program_notes import program_notes
from seedwise.analysis.source import read_source
from seedwise.analysis.study import analyse_study, write_study_findings
from seedwise.analysis.tables import made_again, read_table
from seedwise.basics.errors import UserError, run_script
from seedwise.config.study import Run, Study
from seedwise.config.study_file import StudyFile, read_study_file
from seedwise.progress.interim import first_result, interim_reasons
from seedwise.progress.states import read_status
from seedwise.registration.register import Look, look_at
from seedwise.registration.standing import Origin
from seedwise.report.findings_of import findings_of_examples, findings_of_report
from seedwise.report.gather import report_of_evaluation, report_of_tables
from seedwise.runs.fit import JUDGED
from seedwise.runs.record import RunRecord, Status, read_record, tabulate
from seedwise.sources.pulled import Pulled
from seedwise.statistics.warnings import DataWarning, note

ENDED = get_args(Status)


def main() -> None:
    """Write summary.csv, comparisons.csv, further tables where the study asks for them, and findings.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study file, results/<study>/study-<digest>.json")
    parser.add_argument("--runs", type=Path, required=True, help="runs.csv; the output goes beside it")
    origin = parser.add_mutually_exclusive_group()
    origin.add_argument("--pulled", type=Path, help="pulled.json, if the runs were recorded elsewhere")
    origin.add_argument("--interim", type=Path, help="status.json, for an interim report in results/<study>/interim")
    arguments = parser.parse_args()
    file = read_study_file(arguments.study)
    folder = arguments.runs.parent
    home = folder.parent if arguments.interim else folder
    study = file.study
    if study.evaluation:
        from seedwise.analysis.study_examples import analyse_answers, write_evaluation

        count = read_source(arguments.pulled, arguments.runs).runs
        answers = analyse_answers(study, folder, *look_at(folder, file, "analysis", arguments.runs, [], count))
        report = report_of_evaluation(file, answers)
        write_evaluation(folder, answers, partial(findings_of_examples, report=report))
        return
    records = [] if arguments.pulled or arguments.interim else _records(arguments.runs, file)
    runs = read_table(arguments.runs)
    ended = int(runs["status"].isin(JUDGED).sum())
    origins = [Origin(record.variant, record.seed, record.registration) for record in records]
    of: Look = "interim" if arguments.interim else "analysis"
    departures, registration = look_at(home, file, of, arguments.runs, origins, ended)
    if arguments.pulled:
        pulled = read_source(arguments.pulled, arguments.runs)
        made_by: RunRecord | Pulled | None = pulled
        notes = [note(sentence) for sentence in pulled.notes]
        found = analyse_study(study, runs, folder, departures=departures, registration=registration, notes=notes)
    else:
        states = read_status(arguments.interim) if arguments.interim else ()
        run = first_result(states) or Run(runs["variant"][0], int(runs["seed"][0]))
        record = read_record(study.record_path(run.variant, run.seed, home.parent))
        found = analyse_study(
            study,
            runs,
            home,
            reasons=interim_reasons(states) if states else (),
            departures=departures,
            registration=registration,
            notes=_notes(study, runs, home.parent) if study.program else (),
            scored=study.trainer.scored,
            n_test=record.sizes.test if record.sizes else None,
        )
        of_baseline = first_result(states, study.analysis.baseline) if states else _first(runs, study.analysis.baseline)
        place = of_baseline and study.record_path(of_baseline.variant, of_baseline.seed, home.parent)
        made_by = read_record(place) if place else None

    def complete(findings: Findings) -> Findings:
        """Add what the report says beside the findings of the analysis."""
        return findings_of_report(findings, report_of_tables(file, runs, found.tables, findings, made_by))

    write_study_findings(folder, found, complete)


def _first(runs: pd.DataFrame, variant: str) -> Run:
    return Run(variant, int(runs.loc[runs["variant"] == variant, "seed"].iloc[0]))


def _records(runs: Path, file: StudyFile) -> list[RunRecord]:
    """Return the run records; refuse a runs.csv that is not what they say: its numbers would be in the report."""
    records = collect_records(file, runs.parent)
    if runs.read_bytes() != tabulate(records).encode():
        raise UserError(made_again(runs))
    return records


def _notes(study: Study, runs: pd.DataFrame, results: Path) -> list[DataWarning]:
    ended = runs[runs["status"].isin(ENDED)]
    pairs = zip(ended["variant"], ended["seed"], strict=True)
    paths = [study.record_path(str(variant), int(seed), results) for variant, seed in pairs]
    return program_notes([read_record(path) for path in paths if path.exists()])


if __name__ == "__main__":
    run_script(main)
