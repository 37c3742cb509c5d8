"""From a table of results that no study made to what results.md says about it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from seedwise.basics.words import enumerate_words
from seedwise.plan import Plan
from seedwise.report.text.results import ReportInput, ReportVariant
from seedwise.statistics.analysis import Analysis


def build_report(
    table: str, runs: pd.DataFrame, analysis: Analysis, plan: Plan, command: str, figures: Mapping[str, str]
) -> ReportInput:
    """Gather a report; `table` is the name of the file with the results, `command` what analysed it."""
    variants = list(analysis.summary["variant"])
    others = [name for name in variants if name != plan.baseline]
    seeds = sorted(set(runs["seed"]))
    return ReportInput(
        title=_title(others, plan.baseline),
        study=None,
        config_file=table,
        plan=plan,
        plan_hash=plan.digest(seeds),
        exploratory=[],
        setup={},
        variants=[ReportVariant(name, name, "") for name in variants],
        seeds=seeds,
        runs=runs,
        summary=analysis.summary,
        comparisons=analysis.comparisons,
        warnings=[warning.sentence for warning in analysis.warnings],
        commands=[command],
        commit=None,
        dirty=None,
        versions={},
        figures=figures,
    )


def _title(others: list[str], baseline: str) -> str:
    if not others:
        return f"Results of {baseline}"
    compared = enumerate_words(others) if len(others) <= 3 else f"{len(others)} variants"
    return f"{compared} compared with {baseline}"
