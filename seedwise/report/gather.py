"""Builds a report from a study and the files of its rules, or from a table of results without a study."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seedwise.analysis.collect import refuse_altered_runs
from seedwise.analysis.findings import Findings, read_findings
from seedwise.analysis.source import read_source
from seedwise.analysis.tables import read_table, refuse_altered
from seedwise.basics.installed_from import install_command
from seedwise.basics.share import is_clone
from seedwise.basics.words import enumerate_words
from seedwise.config.study import Study
from seedwise.config.study_file import StudyFile, read_study_file
from seedwise.plan import Plan
from seedwise.progress.interim import first_result, run_folder
from seedwise.progress.states import read_status
from seedwise.report.examples import ExamplesReport
from seedwise.report.model import Report, ReportVariant
from seedwise.report.products import figure_names, figure_path
from seedwise.report.text.factorial_section import TEXT
from seedwise.runs.history import read_history_of_runs
from seedwise.runs.record import Provenance, RunRecord, read_record
from seedwise.sources.pulled import Pulled
from seedwise.statistics.analysis import Analysis

if TYPE_CHECKING:
    from seedwise.analysis.study_examples import EvaluationOfStudy

CONFIGS = (".yaml", ".yml", ".json")
INTERIM = "(interim report)"


def report_of_study(
    study_file: StudyFile,
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    findings: Findings,
    record: RunRecord | Pulled | None = None,
    randomness: pd.DataFrame | None = None,
    effects: pd.DataFrame | None = None,
    commit: str = "",
) -> Report:
    """Gather the report of a study.

    Args:
        study_file: the study as the workflow has resolved it.
        runs: runs.csv.
        summary: summary.csv.
        comparisons: comparisons.csv.
        findings: findings.json.
        record: a run of the baseline, which says what was run on what, or where pulled runs come from. None where
            neither matters, as for figures, or where there is none yet.
        randomness: sources.csv, where the study has one.
        effects: effects.csv, where the study has one.
        commit: that contains the study and its code as all runs used them; empty if there is none, or if it is not
            known.
    """
    study, trained = study_file.study, study_file.study.source is None
    origin = record.provenance if isinstance(record, RunRecord) else None
    made_from = _commits(runs)
    # Where one commit was enough from the start, that of the runs is named.
    whole_commit = commit if origin and (origin.uncommitted or len(made_from) > 1) else ""
    seeds = findings.look.seeds if findings.look else study.seeds
    design = study.factorial()
    histories = trained and study.trainer.histories
    names = figure_names(len(study.variants), histories=histories, factors=len(design.get("factors", ())))
    return Report(
        title=study.title,
        study=study.study,
        config_file=study_file.config,
        plan=study.analysis,
        plan_hash=findings.plan_hash,
        choices=study.declared_choices,
        variants=[
            ReportVariant(variant.name, variant.label, changes(study, variant.name)) for variant in study.variants
        ],
        seeds=seeds,
        runs=runs,
        summary=summary,
        comparisons=comparisons,
        commands=commands(
            study_file.config,
            whole_commit or (origin.commit if origin and not origin.dirty and not origin.uncommitted else None),
            program=study.program.folder if study.program else None,
        ),
        exploratory=findings.exploratory,
        warnings=[warning.sentence for warning in findings.warnings],
        setup=_setup(study, record, len(seeds)) if record else {},
        planned_seeds=study.seeds,
        look=findings.look,
        test_set=findings.test_set,
        has_test_set=trained and study.trainer.scored is not None,
        pulled=not trained,
        commit=origin.commit if origin else None,
        dirty=origin.dirty if origin else None,
        uncommitted=(origin.uncommitted or ()) if origin else (),
        whole_commit=whole_commit,
        commits=made_from,
        versions=origin.versions if origin else {},
        figures={name: figure_path(name) for name in names},
        randomness=randomness,
        effects=effects,
        design=design,
        step=study.trainer.unit,
        panels=study.trainer.curves(study.analysis.metric),
        streams=study.trainer.streams,
        registration=findings.registration,
    )


def report_of_tables(
    study_file: StudyFile,
    runs: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    findings: Findings,
    record: RunRecord | Pulled | None,
) -> Report:
    """Gather the report of a study from the tables of its analysis, by name; the others are as in `report_of_study`."""
    return report_of_study(
        study_file,
        runs,
        tables["summary"],
        tables["comparisons"],
        findings,
        record=record,
        randomness=tables.get("sources"),
        effects=tables.get("effects"),
    )


def report_of_table(
    table: str,
    runs: pd.DataFrame,
    analysis: Analysis,
    plan: Plan,
    command: str,
    figures: Sequence[str],
    notes: Sequence[str] = (),
) -> Report:
    """Gather the report of a table.

    Args:
        table: name of the file with the results.
        runs: its runs.
        analysis: of them.
        plan: by which they were compared.
        command: the command line that did it.
        figures: names of those that were drawn.
        notes: sentences about how the table was read.
    """
    variants = [str(name) for name in analysis.summary["variant"]]
    others = [name for name in variants if name != plan.baseline]
    seeds = sorted(set(runs["seed"]))
    return Report(
        title=_title(others, plan.baseline),
        study=None,
        config_file=table,
        plan=plan,
        plan_hash=plan.digest(seeds, variants),
        variants=[ReportVariant(name, name, "") for name in variants],
        seeds=seeds,
        runs=runs,
        summary=analysis.summary,
        comparisons=analysis.comparisons,
        commands=[command],
        corrected_for=analysis.family,
        warnings=[*notes, *(warning.sentence for warning in analysis.warnings)],
        figures={name: figure_path(name) for name in figures},
    )


def report_of_evaluation(study_file: StudyFile, found: EvaluationOfStudy) -> ExamplesReport:
    """Gather the report of a study whose sample is the examples of an evaluation."""
    study = study_file.study
    return ExamplesReport(
        found.source,
        study.analysis,
        found.analysis,
        "\n".join(commands(study_file.config)),
        found.columns,
        study=study.study,
        heading=study.title,
        plan_hash=found.findings.plan_hash,
        choices=study.declared_choices,
        exploratory=found.findings.exploratory,
        registration=found.findings.registration,
    )


def report_parser(description: str | None, out: str) -> argparse.ArgumentParser:
    """Return the parser of a script that writes a study's report to `--out`."""
    parser = argparse.ArgumentParser(description=description)
    add_study_arguments(parser)
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--record", type=Path, help="a run record of the baseline")
    origin.add_argument("--pulled", type=Path, help="pulled.json, where runs come from elsewhere")
    origin.add_argument("--interim", type=Path, help="status.json, for an interim report in a folder of the study's")
    parser.add_argument(
        "--commit", default="", help="commit with the study and its code as the runs used them; empty if there is none"
    )
    parser.add_argument("--out", type=Path, required=True, help=out)
    return parser


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a study and its tables, for `read_report`."""
    parser.add_argument("--study", type=Path, required=True, help="the study file, results/<study>/study-<digest>.json")
    parser.add_argument(
        "--runs", type=Path, required=True, help="runs.csv; the other tables and findings.json are beside it"
    )


def read_report(arguments: argparse.Namespace, records: Path | None = None) -> Report:
    """Read everything that the arguments of `report_parser` name, and the histories in the folder `records`.

    Raises:
        UserError: the study file or a run record cannot be read.
    """
    study_file = read_study_file(arguments.study)
    study = study_file.study
    findings = read_findings(arguments.runs.with_name("findings.json"))
    refuse_altered(arguments.runs.parent, findings.tables)
    tables = {name: read_table(arguments.runs.with_name(f"{name}.csv")) for name in ("runs", "summary", "comparisons")}
    report = report_of_study(
        study_file,
        **tables,
        findings=findings,
        record=_read_origin(arguments, study.analysis.baseline),
        randomness=read_table(arguments.runs.with_name("sources.csv")) if study.varied() else None,
        effects=pd.read_csv(arguments.runs.with_name("effects.csv"), dtype=TEXT) if study.factorial() else None,
        commit=getattr(arguments, "commit", ""),
    )
    if records:
        # In an interim report, whatever a missing run has left behind is not of this study.
        begun = report.runs.loc[report.runs["status"] != "missing"]
        if not study.source:
            refuse_altered_runs(study, records.parent, begun)
        report = replace(report, histories=read_history_of_runs(begun, records))
    return replace(report, title=f"{report.title} {INTERIM}") if getattr(arguments, "interim", None) else report


def changes(study: Study, variant: str) -> str:
    """List the settings in which a variant differs from the baseline, as `key = value, …`."""
    own, base = (study.settings(name).flat() for name in (variant, study.analysis.baseline))
    return ", ".join(f"{key} = {_plain(value)}" for key, value in own.items() if value != base.get(key))


def commands(config: str, commit: str | None = None, *, program: str | None = None) -> list[str]:
    """Return the shell lines that make a study again.

    Args:
        config: what the study file calls its config.
        commit: that was checked out.
        program: folder of the program whose runs they are, relative to the config; it can be a repository of its own.
    """
    there = f" -C {shlex.quote(program)}" if program and os.path.normpath(program) != "." else ""
    checkout = [f"git{there} checkout {shlex.quote(commit)}"] if commit else []
    if program is not None:
        return [*checkout, install_command("run"), f"seedwise run {shlex.quote(config)}"]
    if not is_clone():
        return [*checkout, install_command("run,train"), f"seedwise run {shlex.quote(config)}"]
    run = ".venv/bin/snakemake --cores 4 --resources gpu=1"
    if config == "config.yaml":
        return [*checkout, "make setup", run]
    files = config.split(" and ")
    if not all(file.endswith(CONFIGS) for file in files):
        files = [config]
    if not all(file.endswith(CONFIGS) for file in files):
        return [*checkout, "make setup", f"{run}  # with the config that came from {' '.join(config.split())}"]
    return [*checkout, "make setup", f"{run} --configfile {shlex.join(files)}"]


def _read_origin(arguments: argparse.Namespace, baseline: str) -> RunRecord | Pulled | None:
    """Read what describes the runs; for an interim report, None until the baseline has a record."""
    pulled, record, interim = (getattr(arguments, name, None) for name in ("pulled", "record", "interim"))
    if pulled:
        return read_source(pulled, arguments.runs)
    if record:
        return read_record(record)
    if interim and (run := first_result(read_status(interim), baseline)):
        return read_record(run_folder(interim.parents[1], run) / "metrics.json")
    return None


def _setup(study: Study, record: RunRecord | Pulled, seeds: int) -> dict[str, str]:
    """Say in plain lines what was run on what, as the baseline was; for pulled runs, where they come from."""
    per_variant = {"Seeds": f"{seeds} per variant"}
    if isinstance(record, Pulled):
        return {"Runs": f"{record.source}, which lists {record.runs}; not trained here"} | per_variant
    lines = study.trainer.setup(study.settings(study.analysis.baseline), record)
    return lines | per_variant | {"Hardware": _hardware(record.provenance)}


def _hardware(origin: Provenance) -> str:
    threads = f"{origin.threads} thread{'s' if origin.threads > 1 else ''} per run"
    return ", ".join(filter(None, [f"{origin.hardware} ({origin.device})", threads, origin.precision]))


def _commits(runs: pd.DataFrame) -> dict[str, int]:
    """Return how many runs were made from each commit, in the order of the runs."""
    if "commit" not in runs:
        return {}
    named = [str(commit) for commit in runs["commit"] if isinstance(commit, str) and commit]
    return {commit: named.count(commit) for commit in dict.fromkeys(named)}


def _title(others: list[str], baseline: str) -> str:
    if not others:
        return f"Results of {baseline}"
    compared = enumerate_words(others) if len(others) <= 3 else f"{len(others)} variants"
    return f"{compared} compared with {baseline}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_plain(part)}' for key, part in value.items())}}}"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, (list, tuple)) else str(value)
