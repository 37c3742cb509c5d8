"""From an opened table, and what its user says about it, to results: one route for the command and for Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from pydantic import ValidationError

from seedwise.analysis.example_findings import ExampleAnalysis
from seedwise.analysis.example_groups import analyse_read_answers
from seedwise.analysis.result import Result, analyse_table
from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.basics.unicode_forms import as_written
from seedwise.basics.words import shortened
from seedwise.plan import Plan
from seedwise.runs.direction import higher_is_better
from seedwise.sources.answers import read_answers
from seedwise.sources.columns import with_baseline
from seedwise.sources.evaluations.whole import as_evaluation
from seedwise.sources.options import Options, refuse_unused
from seedwise.sources.runs import read_runs
from seedwise.sources.tables.table import Table
from seedwise.statistics.warnings import note


@dataclass(frozen=True)
class Compared:
    """What the runs of a table show.

    Attributes:
        plan: by which they were compared.
        results: for each dataset, then of the metrics that decide nothing.
        direction_assumed: whether the direction of the metric was read from its name.
    """

    plan: Plan
    results: Sequence[Result]
    direction_assumed: bool


@dataclass(frozen=True)
class Evaluated:
    """What the answers of an evaluation show.

    Attributes:
        plan: by which variants were compared.
        analysis: what the answers show.
        columns: what the table calls its columns, by their role.
        notes: sentences about how the table was read.
        direction_assumed: whether the direction of the metric was read from its name.
    """

    plan: Plan
    analysis: ExampleAnalysis
    columns: Mapping[str, str]
    notes: tuple[str, ...]
    direction_assumed: bool

    @property
    def said(self) -> ExampleAnalysis:
        """The analysis, with the notes before its warnings."""
        return replace(self.analysis, warnings=[*(note(sentence) for sentence in self.notes), *self.analysis.warnings])


def analyse_opened(table: Table, options: Options, given: Mapping[str, Any]) -> Compared | Evaluated:
    """Analyse a table of runs or of answers.

    Args:
        table: as it was opened.
        options: what the user says about it; `higher_is_better` is None where the user does not say it, and metrics
            after the first one decide nothing.
        given: keys of the plan without the metric and its direction.

    Raises:
        UserError: a mistake in what the user says, or in the table.
    """
    metric, said = options.metrics[0], options.higher_is_better
    logged = table.evaluation.higher_is_better.get(metric) if table.evaluation else None
    higher = next((way for way in (said, logged) if way is not None), None)
    higher = _direction(metric, options) if higher is None else higher
    plan = _plan({"metric": metric, "higher_is_better": higher, **given})
    if plan.question == "non-inferiority" and plan.margin is None:
        raise UserError(
            f"{options.spelled('question', 'non-inferiority')}: needs {options.named('margin')}, by which a variant "
            "may be worse"
        )
    if plan.pairing != "none" and options.number_runs:
        raise UserError(
            f"{options.spelled('pairing', plan.pairing)}: runs that are numbered in the order of the table are no "
            f"pairs; remove it, or name a column of seeds with {options.named('seed')}"
        )
    assumed = said is None and logged is None
    told = _contradiction(metric, options)
    if assumed and options.spelling == "arguments":  # a report has a place of its own for it
        told.append(f"That {'higher' if higher else 'lower'} is better was assumed from the name {metric}.")
    options = replace(as_evaluation(options, table), higher_is_better=higher)
    refuse_unused(options)
    if options.evaluation:
        refuse_of_runs(options, plan)
        answers = read_answers(table, options)
        _refuse_other_column(table, options, answers.answers["variant"])
        plan = _comparing(plan, answers.answers["variant"])
        analysis = analyse_read_answers(table.name, answers, plan, options)
        return Evaluated(plan, analysis, answers.columns, (*answers.notes, *told), assumed)
    found = read_runs(table, options)
    _refuse_other_column(table, options, found.runs["variant"])
    plan = _comparing(plan, found.runs["variant"])
    further = {name: _further(name, options, said) for name in options.metrics[1:]}
    results = analyse_table(table.name, found.runs, plan, [*found.notes, *told], further, options)
    return Compared(plan, results, assumed)


def _refuse_other_column(table: Table, options: Options, variants: pd.Series) -> None:
    """Refuse a column of variants without the baseline, where another column has it; raises UserError."""
    known = variants.dropna().unique()
    if as_written(str(options.baseline), map(str, known)) in known:
        return
    column = with_baseline(table, options)
    if column is not None and [column] != list(options.variant or ["variant"]):
        raise UserError(
            f"{table.name}: no baseline variant {options.baseline!r} among {shortened(list(map(str, known)))}; it "
            f"stands in {plain(column)}: {options.spelled('variant', column)}"
        )


def _comparing(plan: Plan, variants: pd.Series) -> Plan:
    """Return the plan with its baseline as the table writes it."""
    return plan.model_copy(update={"baseline": as_written(plan.baseline, map(str, variants.dropna().unique()))})


def refuse_of_runs(options: Options, plan: Plan) -> None:
    """Refuse what an evaluation cannot be compared by.

    Raises:
        UserError: something of it was given.
    """
    for name, wrong in (("pairing", plan.pairing != "none"), ("variance", plan.variance != "separate")):
        if wrong:
            raise UserError(
                f"{options.named(name)}: examples are always paired; remove it, or {options.named('example')} to "
                "compare runs"
            )
    if len(options.metrics) > 1:
        raise UserError(f"{options.named('metric')}: an evaluation has one score; analyse further ones by themselves")


def _plan(values: Mapping[str, Any]) -> Plan:
    try:
        return Plan(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{'.'.join(map(str, first['loc']))}: found {first['input']!r}; {first['msg']}") from None


def _direction(metric: str, options: Options) -> bool:
    """Return whether a higher value is better, as the name of the metric says.

    Raises:
        UserError: it does not.
    """
    found = higher_is_better(metric)
    if found is None:
        arguments = options.spelling == "arguments"
        way = "higher_is_better=True or False" if arguments else "--higher-is-better or --lower-is-better"
        raise UserError(f"{options.spelled('metric', metric)}: the name does not say which way is better: add {way}")
    return found


def _further(metric: str, options: Options, said: bool | None) -> bool:
    """Return whether a higher value of a metric that decides nothing is better, by its own name if that says it."""
    own = higher_is_better(metric)
    if own is None and said is not None:
        return said
    return _direction(metric, options)


def _contradiction(metric: str, options: Options) -> list[str]:
    """Point out a direction that is not the one that the metric's name suggests."""
    given, usual = options.higher_is_better, higher_is_better(metric)
    if given is None or usual is None or usual == given:
        return []
    way, other = ("higher", "lower") if given else ("lower", "higher")
    said = f"higher_is_better={given}" if options.spelling == "arguments" else f"--{way}-is-better"
    return [f"{said} was given, although of a metric named {metric} {other} values are usually better."]
