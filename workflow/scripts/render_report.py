"""Render results.md from the study and its tables; beside it the tables for papers and summary.txt."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from seedwise.errors import run_script
from seedwise.files import write_text
from seedwise.findings import read_findings
from seedwise.progress.interim import first_result, run_folder
from seedwise.progress.states import read_status
from seedwise.records import RunRecord, read_record
from seedwise.report.factorial_section import TEXT
from seedwise.report.markdown import render_results
from seedwise.report.study_report import build_report, paper_files
from seedwise.sources.pulled import Pulled, read_pulled
from seedwise.study import Study


def main() -> None:
    """Parse arguments, gather, render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True, help="the whole study, JSON")
    parser.add_argument("--config", required=True, help="the config's file name, for the reader")
    parser.add_argument(
        "--runs", type=Path, required=True, help="runs.csv; the other tables and findings lie beside it"
    )
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--record", type=Path, help="a run record of the baseline")
    origin.add_argument("--pulled", type=Path, help="pulled.json, where runs come from elsewhere")
    origin.add_argument("--interim", type=Path, help="status.json, for an interim report in a folder of the study's")
    parser.add_argument("--out", type=Path, required=True, help="results.md to write")
    arguments = parser.parse_args()
    tables = {name: pd.read_csv(arguments.runs.with_name(f"{name}.csv")) for name in ("runs", "summary", "comparisons")}
    study = Study.model_validate_json(arguments.study)
    sources = pd.read_csv(arguments.runs.with_name("sources.csv")) if study.varied() else None
    effects = pd.read_csv(arguments.runs.with_name("effects.csv"), dtype=TEXT) if study.factorial() else None
    report = build_report(
        study,
        arguments.config,
        **tables,
        sources=sources,
        effects=effects,
        findings=read_findings(arguments.runs.with_name("findings.json")),
        record=read_origin(arguments, study.analysis.baseline),
    )
    if arguments.interim:
        report = replace(report, title=f"{report.title} (interim report)")
    write_text(arguments.out, render_results(report))
    for file, text in paper_files(report, arguments.out.parent).items():
        write_text(file, text)


def read_origin(arguments: argparse.Namespace, baseline: str) -> RunRecord | Pulled | None:
    """Read what tells about the runs; of an interim report, None until the baseline has a record."""
    if arguments.pulled:
        return read_pulled(arguments.pulled)
    if arguments.record:
        return read_record(arguments.record)
    run = first_result(read_status(arguments.interim), baseline)
    return read_record(run_folder(arguments.interim.parents[1], run) / "metrics.json") if run else None


if __name__ == "__main__":
    run_script(main)
