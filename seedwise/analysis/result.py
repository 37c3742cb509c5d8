"""What the analysis of a table finds, for people and for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from seedwise.analysis.example_findings import ExampleAnalysis
from seedwise.analysis.run_table import analyse_runs, data_from
from seedwise.basics.errors import UserError
from seedwise.basics.names import plain as plain_text
from seedwise.basics.names import quote
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.plan import Plan
from seedwise.sources.notes import labels, note
from seedwise.sources.options import Options
from seedwise.sources.settings import RESERVED
from seedwise.statistics.analysis import Analysis, analyse_family
from seedwise.statistics.warnings import DataWarning

STATUS, DATASET = RESERVED[2], RESERVED[5]
SCHEMA = "seedwise-findings/1"
"""Name of the form of the JSON; the number grows when a key changes its meaning or goes."""


@dataclass(frozen=True)
class Result:
    """The analysis of one metric of a table's runs, on one dataset.

    Attributes:
        dataset: name of the dataset; empty where the table does not distinguish any.
        plan: by which runs were compared.
        runs: one row each.
        analysis: what they show.
        notes: sentences about how the table was read.
        secondary: whether the metric is a further one, which decides nothing.
    """

    dataset: str
    plan: Plan
    runs: pd.DataFrame
    analysis: Analysis
    notes: tuple[str, ...] = ()
    secondary: bool = False


def analyse_table(
    name: str,
    runs: pd.DataFrame,
    plan: Plan,
    notes: Sequence[str],
    further: Mapping[str, bool] | None = None,
    options: Options | None = None,
) -> list[Result]:
    """Analyse a table of runs; one that has a column of datasets, each of them by itself.

    Args:
        name: what the table is called in messages.
        runs: as `seedwise.sources.runs.read_runs` makes them.
        plan: by which they are compared.
        notes: sentences about how the table was read.
        further: metrics that are compared as well and decide nothing, each with whether higher is better. Their
            comparisons are a family of their own.
        options: by which the table was read, for messages that name one of them.

    Returns:
        The results that decide, one for each dataset, then those of the further metrics.

    Raises:
        UserError: the table lacks a variant, or holds what cannot be analysed.
    """
    if DATASET in runs:
        groups = {str(key): group.drop(columns=DATASET) for key, group in runs.groupby(DATASET, sort=False)}
    else:
        groups = {"": runs}
    for key, group in groups.items():
        variants = list(group["variant"].unique())
        if len(groups) > 1 and plan.baseline not in variants and (runs["variant"] == plan.baseline).any():
            way = (options or Options((plan.metric,))).spelled("where", f"COLUMN!={key}")
            raise UserError(
                f"{name}: on {plain_text(key)} there is no run of the baseline {quote(plan.baseline)}; found "
                f"{shortened(variants, 6)}. Leave it out with {way}"
            )
    with data_from(name):
        found = _family(groups, [plan], notes) if len(groups) > 1 else _single(name, groups, plan, notes)
        plans = [
            plan.model_copy(
                update={"metric": metric, "higher_is_better": higher}
                | dict.fromkeys(("question", "margin", "lost_value"))  # these are about the first metric
            )
            for metric, higher in (further or {}).items()
        ]
        more = [replace(result, secondary=True) for result in _family(groups, plans, ())] if plans else []
    return [*found, *more]


def _single(name: str, groups: Mapping[str, pd.DataFrame], plan: Plan, notes: Sequence[str]) -> list[Result]:
    return [Result(key, plan, runs, analyse_runs(name, runs, plan), tuple(notes)) for key, runs in groups.items()]


def _family(groups: Mapping[str, pd.DataFrame], plans: Sequence[Plan], notes: Sequence[str]) -> list[Result]:
    """Analyse each group by each plan, with p-values corrected over all."""
    cells = [(key, plan, *_with_status(runs, plan.metric)) for plan in plans for key, runs in groups.items()]
    analyses = analyse_family([(runs, plan) for _, plan, runs, _ in cells])
    count = sum(len(analysis.comparisons) for analysis in analyses)
    shared = []
    if len(cells) > 1 and count > 1:
        about = _cells(len(groups), len(plans))
        shared = [f"p-values are corrected together over the {count} comparisons of {about} (Holm)."]
    return [
        Result(key, plan, runs, analysis, (*notes, *lost, *shared))
        for (key, plan, runs, lost), analysis in zip(cells, analyses, strict=True)
    ]


def _cells(datasets: int, metrics: int) -> str:
    """Name what the comparisons of a family are about."""
    counts = [(datasets, "dataset"), (metrics, "further metric")]
    return enumerate_words([quantity(count, noun) for count, noun in counts if count > 1])


def _with_status(runs: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, list[str]]:
    """Count a run without a value of this metric as failed, and one whose value is not finite as diverged.

    Returns:
        The runs, and notes that say so.
    """
    values = runs[metric].to_numpy(dtype="float64")
    ended = (runs[STATUS] == "finished").to_numpy()
    notes = []
    for lost, state, why in (
        (ended & np.isnan(values), "failed", f"no {metric}"),
        (ended & np.isinf(values), "diverged", f"its {metric} is not finite"),
    ):
        if lost.any():
            runs = runs.assign(**{STATUS: runs[STATUS].where(~lost, state)})
            notes.append(note(labels(runs[lost]), f"counted as {state} for {metric}: {why}"))
    return runs, notes


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
                    "metric": result.plan.metric,
                    "higher_is_better": result.plan.higher_is_better,
                    "secondary": result.secondary,
                    "notes": list(result.notes),
                    "warnings": _warnings(result.analysis.warnings),
                    "variants": records(result.analysis.summary),
                    "comparisons": records(result.analysis.comparisons),
                }
                for result in results
            ],
        },
        indent=2,
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
            "warnings": _warnings(analysis.warnings),
            "variants": records(analysis.summary),
            "comparisons": records(analysis.comparison_table),
            "level": analysis.level or None,
            "pass_at_k": records(pd.DataFrame([vars(row) for row in analysis.passes])),
            "judges": records(pd.DataFrame([vars(row) for row in analysis.judges.findings] if analysis.judges else [])),
        },
        indent=2,
        allow_nan=False,
    )


def _warnings(warnings: Sequence[DataWarning]) -> list[dict[str, Any]]:
    return [
        {"code": warning.code, "variants": list(warning.variants), "sentence": warning.sentence} for warning in warnings
    ]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table of results; what is not known is null."""
    rows = [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
    return [{**row, "dataset": row["dataset"] or None} if "dataset" in row else row for row in rows]


def _plain(value: object) -> Any:
    if value is None or value is pd.NA:
        return None
    item = value.item() if hasattr(value, "item") else value
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    return item if isinstance(item, (bool, int, str)) else str(item)
