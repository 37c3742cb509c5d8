"""The analysis of a study: its runs and its declared plan in, its tables and findings out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from seedwise.analysis.findings import Findings, warned, write_findings
from seedwise.analysis.looks import Look, conclude, record_look
from seedwise.analysis.new_test_set import new_test_set
from seedwise.analysis.run_table import analyse_runs, data_from
from seedwise.analysis.tables import table_digests, write_tables
from seedwise.config.study import Study
from seedwise.plan import Plan
from seedwise.registration.facts import Registration
from seedwise.statistics.factorial import factorial_effects
from seedwise.statistics.randomness import contributions
from seedwise.statistics.spending import Spending, spending_at
from seedwise.statistics.warnings import DataWarning

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class StudyFindings:
    """What the analysis of a study found.

    Attributes:
        tables: by name: summary and comparisons, and sources and effects if the study asks for them.
        findings: what the report says beside the tables.
    """

    tables: Mapping[str, pd.DataFrame]
    findings: Findings


def analyse_study(
    study: Study,
    runs: pd.DataFrame,
    folder: Path,
    *,
    reasons: Sequence[str] = (),
    departures: Sequence[str] = (),
    registration: Registration | None = None,
    notes: Sequence[DataWarning] = (),
    scored: str | None = None,
    n_test: int | None = None,
) -> StudyFindings:
    """Analyse a study as its plan declares. Files are read but not written.

    Args:
        study: variants, seeds and plan.
        runs: runs.csv, one row per run.
        folder: of the study; the scores of the runs are read from it.
        reasons: of an interim report: why its verdicts are exploratory. An interim report takes none of the looks
            that the plan declares.
        departures: from what was registered.
        registration: what the ledger of the study says.
        notes: what else is known of the runs, such as how they were read; they come before the warnings.
        scored: the metric that a run's scores average to; None if runs have no scores.
        n_test: number of examples in the test set, if known.

    Raises:
        UserError: the runs cannot be analysed, or a file cannot be read; the message names which.
    """
    plan, variants = study.analysis, [variant.name for variant in study.variants]
    ran = set(runs["seed"])
    seeds = [seed for seed in study.seeds if seed in ran]
    with data_from("runs.csv"):
        spending = spending_at(plan.looks, len(seeds), plan.alpha) if plan.looks and not reasons else None
        level = spending.nominal_alpha if spending else None
        analysis = analyse_runs("runs.csv", runs, plan, variants, n_test=n_test, alpha=level)
        tables = {"summary": analysis.summary, "comparisons": analysis.comparisons}
        tables |= _tables_of_design(study, runs, plan.at_level(level) if level else plan)
        findings = Findings(
            plan_hash=study.plan_hash,
            exploratory=[*reasons, *departures],
            warnings=warned([*notes, *analysis.warnings]),
            test_set=new_test_set(folder / "runs", runs, plan, variants) if plan.metric == scored else [],
            look=_look(plan, seeds, spending, analysis.comparisons) if spending else None,
            registration=registration,
        )
    return StudyFindings(tables, findings)


def _tables_of_design(study: Study, runs: pd.DataFrame, deciding: Plan) -> dict[str, pd.DataFrame]:
    """The tables that only some studies have; `deciding` is the plan at the level at which effects are tested."""
    tables = {}
    if varied := study.varied():
        plan = study.analysis
        tables["sources"] = _frame(
            contributions(runs, plan.metric, varied, list(study.trainer.streams), plan.confidence)
        )
    if design := study.factorial():
        tables["effects"] = _frame(factorial_effects(runs, deciding, design["factors"], design["cells"]))
    return tables


def _frame(rows: Iterable[DataclassInstance]) -> pd.DataFrame:
    return pd.DataFrame(map(asdict, rows), dtype=object)


def _look(plan: Plan, seeds: Sequence[int], spending: Spending, comparisons: pd.DataFrame) -> Look:
    verdicts = dict(zip(comparisons["variant"], comparisons["verdict"], strict=True))
    return conclude(plan, seeds, spending.nominal_alpha, spending.spent, verdicts)


def write_study_findings(
    folder: Path, found: StudyFindings, complete: Callable[[Findings], Findings] = lambda findings: findings
) -> None:
    """Write the tables, findings.json and the look, if one was taken.

    Args:
        folder: of the study.
        found: by its analysis.
        complete: adds to the findings what else the report knows.
    """
    write_tables(folder, found.tables)
    tables = table_digests(folder)
    write_findings(folder / "findings.json", complete(found.findings.model_copy(update={"tables": tables})))
    if found.findings.look:
        record_look(folder / "looks.json", found.findings.look)
