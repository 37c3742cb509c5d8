"""The analysis of a study whose sample is the examples of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seedwise.analysis.example_files import write_example_tables
from seedwise.analysis.example_findings import ExampleAnalysis
from seedwise.analysis.examples import analyse_examples
from seedwise.analysis.findings import Findings, warned, write_findings
from seedwise.analysis.source import read_source
from seedwise.analysis.tables import table_digests
from seedwise.config.study import Study
from seedwise.registration.facts import Registration
from seedwise.sources.pulled import options_of, read_pulled_answers
from seedwise.statistics.warnings import note


@dataclass(frozen=True)
class EvaluationOfStudy:
    """What the answers of a study show.

    Attributes:
        analysis: what they show; notes on how they were read come before its warnings.
        findings: what the report says beside the tables.
        source: what was read.
        columns: what the source calls its columns, by their role.
    """

    analysis: ExampleAnalysis
    findings: Findings
    source: str
    columns: Mapping[str, str]


def analyse_answers(
    study: Study, folder: Path, departures: Sequence[str] = (), registration: Registration | None = None
) -> EvaluationOfStudy:
    """Analyse the answers that answers.csv and pulled.json in the folder of a study hold. Nothing is written.

    Args:
        study: the study.
        folder: of the study.
        departures: from what was registered.
        registration: what the ledger of the study says.

    Raises:
        UserError: the answers cannot be analysed.
    """
    assert study.source
    plan = study.analysis
    pulled = read_source(folder / "pulled.json", folder / "answers.csv")
    options = options_of(study.source, plan.metric)
    answers = read_pulled_answers(folder / "answers.csv")
    analysis = analyse_examples(answers, plan, place=pulled.source, options=options)
    warnings = [*(note(sentence) for sentence in pulled.notes), *analysis.warnings]
    findings = Findings(
        plan_hash=study.plan_hash,
        exploratory=list(departures),
        warnings=warned(warnings),
        test_set=[],
        registration=registration,
    )
    return EvaluationOfStudy(replace(analysis, warnings=warnings), findings, pulled.source, pulled.columns)


def write_evaluation(folder: Path, found: EvaluationOfStudy, complete: Callable[[Findings], Findings]) -> None:
    """Write the tables and findings.json; `complete` is as in `write_study_findings`."""
    tables = table_digests(folder, write_example_tables(folder, found.analysis))
    write_findings(folder / "findings.json", complete(found.findings.model_copy(update={"tables": tables})))
