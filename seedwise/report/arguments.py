"""The command line that results.md and page.html share, and what it names."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from seedwise.analysis.findings import read_findings
from seedwise.analysis.tables import read_table
from seedwise.config.study import Study
from seedwise.progress.interim import first_result, run_folder
from seedwise.progress.states import read_status
from seedwise.report.study_report import build_report
from seedwise.report.text.factorial_section import TEXT
from seedwise.report.text.results import ReportInput
from seedwise.runs.record import RunRecord, read_record
from seedwise.sources.pulled import Pulled, read_pulled


def report_parser(description: str | None, out: str) -> argparse.ArgumentParser:
    """Return the parser of a script that writes a study's report to `--out`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--study", required=True, help="the whole study, JSON")
    parser.add_argument("--config", required=True, help="the config's file name, for the reader")
    parser.add_argument(
        "--runs", type=Path, required=True, help="runs.csv; the other tables and findings lie beside it"
    )
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--record", type=Path, help="a run record of the baseline")
    origin.add_argument("--pulled", type=Path, help="pulled.json, where runs come from elsewhere")
    origin.add_argument("--interim", type=Path, help="status.json, for an interim report in a folder of the study's")
    parser.add_argument("--out", type=Path, required=True, help=out)
    return parser


def read_report(arguments: argparse.Namespace) -> ReportInput:
    """Read everything that the arguments of `report_parser` name."""
    tables = {name: read_table(arguments.runs.with_name(f"{name}.csv")) for name in ("runs", "summary", "comparisons")}
    study = Study.model_validate_json(arguments.study)
    sources = read_table(arguments.runs.with_name("sources.csv")) if study.varied() else None
    effects = pd.read_csv(arguments.runs.with_name("effects.csv"), dtype=TEXT) if study.factorial() else None
    report = build_report(
        study,
        arguments.config,
        **tables,
        sources=sources,
        effects=effects,
        findings=read_findings(arguments.runs.with_name("findings.json")),
        record=_read_origin(arguments, study.analysis.baseline),
    )
    return replace(report, title=f"{report.title} (interim report)") if arguments.interim else report


def _read_origin(arguments: argparse.Namespace, baseline: str) -> RunRecord | Pulled | None:
    """Read what tells about the runs; of an interim report, None until the baseline has a record."""
    if arguments.pulled:
        return read_pulled(arguments.pulled)
    if arguments.record:
        return read_record(arguments.record)
    run = first_result(read_status(arguments.interim), baseline)
    return read_record(run_folder(arguments.interim.parents[1], run) / "metrics.json") if run else None
