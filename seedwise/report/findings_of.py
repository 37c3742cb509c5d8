"""What findings.json says, from the same report that results.md is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from seedwise import __version__
from seedwise.analysis.findings import Findings
from seedwise.analysis.result import records
from seedwise.report.examples import ExamplesReport
from seedwise.report.findings_file import Digests, ExamplesFile, Origin, RunFinding, RunsFile, VariantFinding
from seedwise.report.model import Report
from seedwise.report.text.answers import headline, question
from seedwise.report.text.example_sentences import question as question_of_examples
from seedwise.report.text.example_sentences import verdict_sentence
from seedwise.statistics.planning import POWER


def findings_of_report(findings: Findings, report: Report) -> RunsFile:
    """Return the findings of a study or of a table of runs, with what its report adds."""
    wording = replace(report.plain_wording, names=report.labels, metric=report.metric, escape=str)
    shown = {variant.name: variant for variant in report.variants}
    return RunsFile(
        **_shared(findings),
        study=report.study,
        title=report.title,
        source=report.config_file,
        question=question(report.comparison_rows, wording),
        headline=headline(report.summary_rows, report.comparison_rows, wording),
        plan=report.plan,
        seeds=list(report.seeds),
        planned_seeds=list(report.planned_seeds or report.seeds),
        level=report.deciding.alpha,
        family=report.family,
        variants=[
            VariantFinding(**vars(row), label=shown[row.variant].label, changes=shown[row.variant].changes)
            for row in report.summary_rows
        ],
        comparisons=report.comparison_rows,
        runs=[
            RunFinding(
                variant=run.variant,
                seed=run.seed,
                status=run.status,
                reason=run.reason,
                metrics={
                    name: float(cell.exact) if cell.exact else None
                    for name, cell in zip(report.run_columns, run.cells, strict=True)
                },
            )
            for run in report.run_rows
        ],
        sources=[] if report.randomness is None else records(report.randomness),
        effects=[] if report.effects is None else records(report.effects),
        setup=dict(report.setup),
        provenance=_origin(report),
        commands=list(report.commands),
    )


def findings_of_examples(findings: Findings, report: ExamplesReport) -> ExamplesFile:
    """Return the findings of an evaluation, with what its report adds."""
    analysis = report.analysis
    return ExamplesFile(
        **_shared(findings),
        study=report.study or None,
        title=report.title,
        source=report.source,
        question=question_of_examples(report, markdown=False),
        headline=" ".join(verdict_sentence(row, report, call="") for row in report.main),
        plan=report.plan,
        repeated=analysis.level,
        variants=list(analysis.summaries),
        comparisons=list(analysis.comparisons),
        pass_at_k=list(analysis.passes),
        judges=list(analysis.judges.findings) if analysis.judges else [],
        columns=dict(report.columns),
        commands=report.command.splitlines(),
    )


def _shared(findings: Findings) -> Mapping[str, Any]:
    known = {name: getattr(findings, name) for name in type(findings).model_fields}
    return {**known, "seedwise": __version__, "power": POWER}


def _origin(report: Report) -> Origin:
    runs = report.runs
    known = {"settings", "code", "data"} <= {str(name).removesuffix("_digest") for name in runs.columns}
    by_variant = runs.groupby("variant", sort=False) if known else ()
    return Origin(
        commit=report.commit,
        dirty=report.dirty,
        uncommitted=list(report.uncommitted),
        commits=dict(report.commits),
        versions=dict(report.versions),
        hardware=_distinct(runs["hardware"]) if "hardware" in runs else [],
        digests={
            str(name): Digests(**{kind: _distinct(group[f"{kind}_digest"]) for kind in ("settings", "code", "data")})
            for name, group in by_variant
        },
    )


def _distinct(column: pd.Series) -> list[str]:
    """Return the texts of a column, each once."""
    return [text for text in dict.fromkeys(column) if isinstance(text, str) and text]
