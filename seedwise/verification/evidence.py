"""What a results folder holds: ledger, run records, tables and report, as far as they are there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from seedwise.analysis.findings import Findings, read_findings
from seedwise.analysis.tables import read_table
from seedwise.basics.errors import UserError
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile, read_study_file, results_of
from seedwise.registration.declared import Declaration
from seedwise.registration.ledger import NAME, Entry, Ledger, read_ledger
from seedwise.runs.record import RunRecord, parse_record

RUNS, ANSWERS = "runs.csv", "answers.csv"


@dataclass(frozen=True)
class Recorded:
    """A run record.

    Attributes:
        path: of the file.
        plain: what it holds, as JSON.
        record: the same, checked.
    """

    path: Path
    plain: Mapping[str, Any]
    record: RunRecord


@dataclass(frozen=True)
class Evidence:
    """What a results folder holds.

    Attributes:
        folder: of the study.
        ledger: empty if there is none.
        findings: None if there is no report, or if it is damaged.
        runs: runs.csv; None if it is not there, or damaged.
        study: the study, if its study file is there or its config was given.
        records: of all runs that have one.
        damaged: files that cannot be read, and why.
    """

    folder: Path
    ledger: Ledger
    findings: Findings | None = None
    runs: pd.DataFrame | None = None
    study: StudyFile | None = None
    records: Mapping[Run, Recorded] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> Path:
        """The table of results: answers.csv of an evaluation, else runs.csv."""
        answers = self.folder / ANSWERS
        return answers if answers.exists() else self.folder / RUNS

    @property
    def reported_line(self) -> Entry | None:
        """The line of the ledger about the analysis that the report shows; None if the ledger does not have it."""
        head = self.findings.registration.head if self.findings and self.findings.registration else None
        return next((entry for entry in self.ledger.entries if entry.hash == head), None)

    def reported_ledger(self) -> Ledger:
        """Return the ledger as the report saw it, without the faults of its chain: these are a check of their own."""
        line = self.reported_line
        entries = list(self.ledger.entries)
        return Ledger(entries[: entries.index(line) + 1] if line else entries)

    def declared(self) -> Declaration | None:
        """Return what the study declared when it was reported; None if the ledger says nothing of it."""
        entry = self.reported_ledger().registration()
        return entry.content if entry else None

    def reported_runs(self) -> list[Run]:
        """Return the runs of runs.csv, in its order; none if it cannot be read."""
        if self.runs is None:
            return []
        pairs = zip(self.runs["variant"], self.runs["seed"], strict=True)
        return [Run(str(variant), int(seed)) for variant, seed in pairs]


def gather(folder: Path, config: Path | None = None) -> Evidence:
    """Read what a results folder holds.

    Args:
        folder: results/<study>.
        config: the study's YAML file, which takes the place of the study file where that is not there.

    Raises:
        UserError: it is not the folder of a study, or the config has mistakes.
    """
    if not folder.is_dir():
        hint = f"; name the folder of its results: seedwise verify {results_of(folder)}" if folder.is_file() else ""
        raise UserError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}{hint}")
    if not any((folder / name).exists() for name in (NAME, "findings.json")):
        raise UserError(
            f"{folder}: not the results of a study: it has neither {NAME} nor findings.json; name results/<study>"
        )
    damaged: dict[str, str] = {}
    findings = runs = None
    if (folder / "findings.json").exists():
        try:
            findings = read_findings(folder / "findings.json")
        except UserError:
            damaged["findings.json"] = "damaged or edited: it is not what an analysis writes"
    if (folder / RUNS).exists():
        try:
            runs = read_table(folder / RUNS)
        except UserError:
            damaged[RUNS] = "damaged or edited: it is not a table"
    records, broken = _records(sorted(folder.glob("runs/*/seed*/metrics.json")), folder)
    ledger = read_ledger(folder)
    registered = ledger.registration()
    name = str(registered.content["study"]) if registered else folder.resolve().name
    study = _of_config(config, folder, name) if config else _study(folder, findings)
    return Evidence(folder, ledger, findings, runs, study, records, damaged | broken)


def _records(paths: Sequence[Path], folder: Path) -> tuple[dict[Run, Recorded], dict[str, str]]:
    found, broken = {}, {}
    for path in paths:
        try:
            plain = json.loads(path.read_bytes())
            record = parse_record(plain)
        except (OSError, ValueError, UserError, RecursionError) as error:
            broken[path.relative_to(folder).as_posix()] = " ".join(str(error).split())[:200]
            continue
        place = Run(path.parent.parent.name, int(path.parent.name.removeprefix("seed")))
        if (record.variant, record.seed) != place:
            broken[path.relative_to(folder).as_posix()] = f"it is of {record.variant} seed {record.seed}"
            continue
        found[place] = Recorded(path, plain, record)
    return found, broken


def _study(folder: Path, findings: Findings | None) -> StudyFile | None:
    """Return the study file that the report was made from; None if it is not there."""
    for path in sorted(folder.glob("study-*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            file = read_study_file(path)
        except UserError:
            continue
        if findings is None or file.study.plan_hash == findings.plan_hash:
            return file
    return None


def _of_config(config: Path, folder: Path, name: str) -> StudyFile:
    from seedwise.config.reading import read_study

    study = read_study(config)
    if study.study != name:
        raise UserError(f"{config}: it is the study {study.study}, and {folder} has the results of {name}")
    return StudyFile(study=study, config=config.name, seeds=study.seeds, expected={})
