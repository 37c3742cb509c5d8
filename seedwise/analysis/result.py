"""What the analysis of a table finds, for people and for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from seedwise.analysis.examples import ExampleAnalysis
from seedwise.analysis.run_table import analyse_runs, data_from
from seedwise.plan import Plan
from seedwise.statistics.analysis import Analysis, analyse_datasets

SCHEMA = "seedwise.findings/1"
"""Name of the form of the JSON; the number grows when a key changes its meaning or goes."""


@dataclass(frozen=True)
class Result:
    """The analysis of a table's runs on one dataset.

    Attributes:
        dataset: name of the dataset; empty where the table does not distinguish any.
        runs: one row each.
        analysis: what they show.
        notes: sentences about how the table was read.
    """

    dataset: str
    runs: pd.DataFrame
    analysis: Analysis
    notes: tuple[str, ...] = ()


def analyse_table(name: str, runs: pd.DataFrame, plan: Plan, notes: Sequence[str]) -> list[Result]:
    """Analyse a table of runs; one that has a column of datasets, each of them by itself.

    Args:
        name: what the table is called in messages.
        runs: as `seedwise.sources.runs.read_runs` makes them.
        plan: by which they are compared.
        notes: sentences about how the table was read.

    Raises:
        UserError: the table lacks a variant, or holds what cannot be analysed.
    """
    if "dataset" not in runs:
        return [Result("", runs, analyse_runs(name, runs, plan), tuple(notes))]
    tables = {str(dataset): group.drop(columns="dataset") for dataset, group in runs.groupby("dataset", sort=False)}
    with data_from(name):
        analyses = analyse_datasets(tables, plan)
    count = sum(len(analysis.comparisons) for analysis in analyses.values())
    shared = f"p-values are corrected together over {count} comparisons on {len(tables)} datasets (Holm)."
    return [
        Result(dataset, tables[dataset], analysis, (*notes, shared) if count > 1 else tuple(notes))
        for dataset, analysis in analyses.items()
    ]


def findings_json(source: str, plan: Plan, results: Sequence[Result]) -> str:
    """Return the findings as JSON; docs/tables.md describes the keys."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "sample": "runs",
            "source": source,
            "plan": plan.model_dump(mode="json", exclude_none=True),
            "results": [
                {
                    "dataset": result.dataset or None,
                    "notes": list(result.notes),
                    "warnings": [
                        {"code": warning.code, "variants": list(warning.variants), "sentence": warning.sentence}
                        for warning in result.analysis.warnings
                    ],
                    "variants": _records(result.analysis.summary),
                    "comparisons": _records(result.analysis.comparisons),
                }
                for result in results
            ],
        },
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
    )


def evaluation_json(source: str, plan: Plan, analysis: ExampleAnalysis, notes: Sequence[str]) -> str:
    """Return the findings of an evaluation as JSON; docs/tables.md describes the keys."""
    left_open = {"pairing", "variance"}  # examples are always paired
    return json.dumps(
        {
            "schema": SCHEMA,
            "sample": "examples",
            "source": source,
            "plan": plan.model_dump(mode="json", exclude_none=True, exclude=left_open),
            "notes": list(notes),
            "warnings": list(analysis.warnings),
            "variants": _records(analysis.summary),
            "comparisons": _records(analysis.comparison_table),
        },
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of results; what is not known is null."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: object) -> Any:
    if value is None or value is pd.NA:
        return None
    item = value.item() if hasattr(value, "item") else value
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    return item if isinstance(item, (bool, int, str)) else str(item)
