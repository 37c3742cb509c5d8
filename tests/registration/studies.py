"""A tiny study whose runs cost nothing, made by the functions that runs and rules call, without Snakemake."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from seedwise.cli import main
from seedwise.config.study_file import StudyFile, write_study_file
from seedwise.registration.ledger import Entry, append, read_ledger, registration_of_runs
from seedwise.registration.register import note_results, register
from seedwise.runs.attempt import attempt
from seedwise.runs.record import Provenance, RunRecord, Timing, read_record, write_record
from seedwise.workflow.asked import read_asked
from tests.conftest import ROOT

STUDY = """\
study: demo
title: Demo
command: {run: "python train.py --rate {rate} --seed {seed}", settings: {rate: 0.01}}
variants: [{name: low}, {name: high, set: {rate: 0.1}}]
seeds: [0, 1, 2]
analysis: {metric: score, higher_is_better: true, baseline: low}
"""
SCORES: Mapping[str, tuple[float, ...]] = {
    "low": (0.810, 0.815, 0.812, 0.811, 0.814),
    "high": (0.812, 0.819, 0.813, 0.824, 0.825),
}
"""What each run would find, by seed: no difference can be claimed of the first three."""


@dataclass(frozen=True)
class Demo:
    """A project with one study; the working folder is its own while it is used."""

    root: Path
    name: str = "demo"

    @property
    def study(self) -> Path:
        return self.root / "study.yaml"

    @property
    def folder(self) -> Path:
        return self.root / "results" / self.name

    def asked(self) -> StudyFile:
        return read_asked(Path("study.yaml"))

    def change(self, old: str, new: str) -> None:
        """Change the study."""
        text = self.study.read_text()
        assert old in text
        self.study.write_text(text.replace(old, new))

    def record(self, variant: str, seed: int) -> Path:
        return self.folder / f"runs/{variant}/seed{seed}/metrics.json"

    def run(self) -> None:
        """Do as `seedwise run`: register, do the runs that are missing, write the report."""
        asked = self.asked()
        register(self.folder, asked)
        for run in asked.runs():
            path = self.record(*run)
            if path.exists():
                continue
            with attempt(path.parent, registration_of_runs(self.folder)):
                write_record(path, self.made(asked, *run))
        note_results(self.folder)
        self.report()

    def made(self, asked: StudyFile, variant: str, seed: int) -> RunRecord:
        """What a run leaves."""
        expected, score = asked.expected[variant], SCORES[variant][seed]
        return RunRecord(
            study=self.name,
            variant=variant,
            seed=seed,
            status="finished",
            metrics={"score": score, "other": 1 - score},
            settings={},
            provenance=Provenance(
                commit=None,
                dirty=None,
                versions={"python": "3.11"},
                hardware="machine",
                device="cpu",
                threads=1,
                settings_digest=expected.settings,
                code_digest=expected.code,
                data_digest=expected.data,
                data=expected.data,
                environment_digest=expected.environment,
            ),
            timing=Timing(total=1.0),
        )

    def report(self) -> None:
        """Collect, analyse and write the report, by the scripts of the rules."""
        asked = self.asked()
        for old in self.folder.glob("study-*.json"):
            old.unlink()
        study, runs = write_study_file(self.folder, asked), self.folder / "runs.csv"
        record = self.record(asked.study.analysis.baseline, asked.study.seeds[0])
        script("collect_runs", "--study", study, "--out", runs)
        script("analyse_study", "--study", study, "--runs", runs)
        render(self, study, record)

    def verify(self, capsys, *flags: str) -> tuple[dict[str, str], str]:
        """Return how each check ended, and all that `seedwise verify` prints."""
        capsys.readouterr()
        folder = f"results/{self.name}"
        status = main(["verify", folder, "--json", *flags])
        found = json.loads(capsys.readouterr().out)
        states = {check["name"]: check["state"] for check in found["checks"]}
        assert status == ("FAILED" in states.values())
        assert main(["verify", folder, *flags]) == status
        return states, " ".join(capsys.readouterr().out.split())

    def failures(self, capsys) -> set[str]:
        """Return the checks of `seedwise verify` that failed."""
        return {name for name, state in self.verify(capsys)[0].items() if state == "FAILED"}

    @property
    def results(self) -> str:
        """results.md."""
        return (self.folder / "results.md").read_text()


def script(name: str, *arguments: object) -> None:
    """Run the script of a rule in this process."""
    with _command_line(name, *arguments):
        runpy.run_path(str(ROOT / f"workflow/scripts/{name}.py"))["main"]()


def render(demo: Demo, study: Path, record: Path) -> None:
    """Write results.md and page.html."""
    for name, out in (("render_report", "results.md"), ("render_page", "page.html")):
        arguments = ("--study", study, "--runs", demo.folder / "runs.csv", "--record", record)
        script(name, *arguments, "--out", demo.folder / out)


def score_again(path: Path, score: float) -> None:
    """Give a record another score, with digests as if its run had written it."""
    record = read_record(path)
    write_record(path, replace(record, metrics={**record.metrics, "score": score}))


def rewrite(folder: Path, change) -> list[Entry]:
    """Write the whole ledger again, line by line: `change` says what becomes of one; None leaves it out."""
    old = read_ledger(folder).entries
    (folder / "registration.jsonl").unlink()
    for entry in old:
        if (kept := change(entry)) is not None:
            at, content = kept
            append(folder, lambda _, kind=entry.kind, content=content: [(kind, content)], at=at)
    return list(read_ledger(folder).entries)


@contextmanager
def _command_line(*words: object) -> Iterator[None]:
    before, sys.argv = sys.argv, [str(word) for word in words]
    try:
        yield
    finally:
        sys.argv = before
