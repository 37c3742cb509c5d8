"""The report as data: results.md, page.html, the tables for papers and the figures read this and nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from seedwise.analysis.findings import NewTestSetFinding
from seedwise.analysis.looks import Look
from seedwise.plan import Plan
from seedwise.registration.facts import Registration
from seedwise.report.digits import LARGE, SIGNIFICANT, Digits, digits_of_metric, digits_of_runs
from seedwise.report.rows import ComparisonRow, SummaryRow, is_missing, p_name, read_rows
from seedwise.report.text.format import MISSING, config_value, escape
from seedwise.report.wording import Wording
from seedwise.runs.history import HistoryOfRun
from seedwise.runs.metrics import metric_label
from seedwise.runs.table import LOST, metric_columns
from seedwise.statistics.analysis import seeds_if_paired

EFFORT = {"epochs": Digits(0), "seconds": Digits(1)}
"""Columns of a table of runs that say what a run took, if it has them, and how they are written."""
MANY_VARIANTS = 25
"""From so many on, figures have a narrow row for each variant, and panels only for some."""
MOST_PANELS = 24
MOST_RUNS_IN_TEXT = 1000
"""Results.md lists so many runs; GitHub shows no Markdown above half a megabyte."""


@dataclass(frozen=True)
class ReportVariant:
    """A variant as the report shows it; `changes` says what differs from the baseline, e.g. `model.dropout = 0.2`."""

    name: str
    label: str
    changes: str


class Cell(NamedTuple):
    """A number of one run: exactly as in runs.csv, and as it is shown. Both are empty or a dash where there is none."""

    exact: str
    shown: str


@dataclass(frozen=True)
class RunRow:
    """One run in the table of all runs.

    Attributes:
        variant: its name.
        seed: its seed.
        status: how it ended, or that it has not.
        value: of the compared metric; a lost run may have one too, which is no result.
        cells: one for each of `Report.run_columns`.
        reason: why it was lost; empty if that is not known.
    """

    variant: str
    seed: int | str
    status: str
    value: float | None
    cells: Sequence[Cell]
    reason: str = ""

    @property
    def lost(self) -> bool:
        """Whether it diverged or failed."""
        return self.status in LOST


@dataclass(frozen=True)
class Report:
    """Everything that a report says.

    Attributes:
        title: heading of the report.
        study: name of the study; None for a table of results that no study made. Then setup, changes, commit and
            versions are unknown and left out.
        config_file: where the study was declared, or the table that was analysed.
        plan: everything that decides a verdict.
        plan_hash: its hash, with the seeds and the variants.
        choices: what else decides, by its key in the config, where it is not the default.
        variants: in the order of the study, which fixes their colours.
        seeds: of the runs so far.
        runs: runs.csv.
        summary: summary.csv.
        comparisons: comparisons.csv.
        commands: shell lines that make the report again.
        corrected_for: how many comparisons p-values are corrected for, if other tables' count too.
        direction_assumed: whether the direction of the metric was read from its name.
        exploratory: why the verdicts confirm nothing; empty if they do.
        warnings: what to know before believing a verdict.
        setup: what was run, by its name in plain words.
        planned_seeds: those of the last look, where they are not all of `seeds`.
        look: the look that was taken, in a study that declares looks.
        test_set: what new test examples would change, where that is known.
        has_test_set: whether runs are tested on a fixed set of examples.
        pulled: whether the runs were recorded elsewhere.
        commit: git commit of the code that made the runs.
        dirty: whether that code had uncommitted changes.
        uncommitted: files of the study and its code that the commit does not contain.
        whole_commit: a commit that contains all of it as the runs used it, where theirs do not; empty if there is none.
        commits: how many runs were made from each commit.
        versions: of the packages that made the runs.
        figures: paths of the figures by name, relative to results.md.
        randomness: sources.csv, where variants differ only in what varies between their runs.
        effects: effects.csv, of a factorial study.
        design: levels by factor (`factors`) and by variant (`cells`), of a factorial study.
        step: what the steps of a history are called: epoch.
        panels: columns of the histories that the figure of curves shows, if the trainer says which.
        streams: the sources of randomness of a run, each with what it is called in a sentence.
        histories: of the runs that left one.
        registration: what the ledger of the study says; None for a table, and in reports of earlier versions.
    """

    title: str
    study: str | None
    config_file: str
    plan: Plan
    plan_hash: str
    variants: Sequence[ReportVariant]
    seeds: Sequence[int | str]
    runs: pd.DataFrame
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    commands: Sequence[str]
    choices: Mapping[str, Any] = field(default_factory=dict)
    corrected_for: int = 0
    direction_assumed: bool = False
    exploratory: Sequence[str] = ()
    warnings: Sequence[str] = ()
    setup: Mapping[str, str] = field(default_factory=dict)
    planned_seeds: Sequence[int | str] | None = None
    look: Look | None = None
    test_set: Sequence[NewTestSetFinding] = ()
    has_test_set: bool = False
    pulled: bool = False
    commit: str | None = None
    dirty: bool | None = None
    uncommitted: Sequence[str] = ()
    whole_commit: str = ""
    commits: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    randomness: pd.DataFrame | None = None
    effects: pd.DataFrame | None = None
    design: Mapping[str, Any] = field(default_factory=dict)
    step: str = "step"
    panels: Sequence[str] = ()
    streams: Mapping[str, str] = field(default_factory=dict)
    histories: HistoryOfRun = field(default_factory=dict)
    registration: Registration | None = None

    @cached_property
    def deciding(self) -> Plan:
        """The plan that decides about differences; at a look it has the look's level."""
        return self.plan.at_level(self.look.nominal_alpha) if self.look else self.plan

    @cached_property
    def labels(self) -> dict[str, str]:
        """Labels as they were given."""
        return {variant.name: variant.label for variant in self.variants}

    @cached_property
    def escaped(self) -> dict[str, str]:
        """Labels as literal Markdown."""
        return {name: escape(label) for name, label in self.labels.items()}

    @cached_property
    def metric(self) -> str:
        """What the compared metric is called."""
        return metric_label(self.plan.metric)

    @cached_property
    def summary_rows(self) -> list[SummaryRow]:
        """A row for each variant; raises KeyError where a column is missing."""
        return read_rows(SummaryRow, self.summary)

    @cached_property
    def comparison_rows(self) -> list[ComparisonRow]:
        """A row for each comparison with the baseline; raises KeyError where a column is missing."""
        return read_rows(ComparisonRow, self.comparisons)

    @property
    def lists_runs(self) -> bool:
        """Whether results.md lists every run; it refers to runs.csv where they are too many."""
        return self.study is None or len(self.runs) <= MOST_RUNS_IN_TEXT

    @property
    def has_many_variants(self) -> bool:
        """Whether there are too many variants for bars and wide rows."""
        return len(self.variants) >= MANY_VARIANTS

    @cached_property
    def variants_with_panels(self) -> list[str]:
        """The variants that have a panel each in a figure: all but the baseline, or of many those with the lowest p."""
        others = [name for name in self.labels if name != self.plan.baseline]
        p_values = {row.variant: row.p for row in self.comparison_rows if row.p is not None}
        if len(others) <= MOST_PANELS:
            return others
        clearest = set(sorted(others, key=lambda name: p_values.get(name, 1.0))[:MOST_PANELS])
        return [name for name in others if name in clearest]

    @cached_property
    def p_name(self) -> str:
        """What the p values that decide are called."""
        return p_name(self.comparison_rows, self.family)

    @property
    def family(self) -> int:
        """How many comparisons p-values are corrected for together; those of other tables may count too."""
        return max(self.corrected_for, len(self.comparison_rows))

    @cached_property
    def digits(self) -> Digits:
        """How every value of the compared metric is written."""
        return digits_of_metric(self.summary_rows, self.comparison_rows)

    @cached_property
    def wording(self) -> Wording:
        """What the sentences of the report share; names of variants are bold Markdown."""
        return Wording(
            {name: f"**{label}**" for name, label in self.escaped.items()},
            escape(self.metric),
            self.plan,
            self.deciding,
            self.digits,
            exploratory=bool(self.exploratory),
            declared=self.declared_first,
            p_name=self.p_name,
            family=self.family,
            seeds=0 if self.study is None else len(self.seeds),
            test_set=self.has_test_set,
            seeds_if_paired=seeds_if_paired(self.runs, self.plan, list(self.labels), family=self.family),
            escape=escape,
        )

    @cached_property
    def plain_wording(self) -> Wording:
        """As `wording`, with names that are not bold."""
        return replace(self.wording, names=self.escaped)

    @cached_property
    def declared_first(self) -> bool:
        """Whether the plan is known to be older than the results."""
        before = self.registration is not None and self.registration.before_results
        return before and not (self.exploratory or self.pulled)

    @cached_property
    def plan_title(self) -> str:
        """Heading of the section on the plan: declared only where it is known to have been."""
        return "The declared plan" if self.declared_first else "The plan"

    @cached_property
    def declared(self) -> list[tuple[str, str | None]]:
        """The plan: each key with its value, None where it was left open."""
        values = {**self.plan.model_dump(mode="json"), "seeds": list(self.planned_seeds or self.seeds)}
        if self.plan.question is None:
            values.pop("question")  # whether variants differ is what every report asks
        return [(key, config_value(value)) for key, value in {**values, **self.choices}.items()]

    @cached_property
    def next_look(self) -> int | None:
        """Seeds per variant of the next declared look, if one is due."""
        look = self.look
        return look.looks[look.number] if look and look.decision == "go on" else None

    @cached_property
    def metric_columns(self) -> list[str]:
        """The metrics of runs.csv that any run has, the compared one first."""
        others = [name for name in metric_columns(map(str, self.runs.columns)) if name != self.plan.metric]
        return [self.plan.metric, *(name for name in others if _is_numeric(self.runs[name]))]

    @cached_property
    def run_columns(self) -> list[str]:
        """Columns of the table of all runs: the metrics, then what the runs took."""
        return [*self.metric_columns, *(name for name in EFFORT if name in self.runs and _is_numeric(self.runs[name]))]

    @cached_property
    def run_rows(self) -> list[RunRow]:
        """Every run; the compared metric with all the digits of runs.csv, other numbers rounded."""
        digits = {name: EFFORT.get(name) or self._digits_of(name) for name in self.run_columns}
        compared = _all_digits([_number(value) for value in self.runs[self.plan.metric]])
        return [
            RunRow(
                str(run["variant"]),
                run["seed"],
                str(run["status"]),
                _number(run[self.plan.metric]),
                [
                    _compared_cell(value, compared) if name == self.plan.metric else _cell(value, digits[name])
                    for name in self.run_columns
                    for value in [_number(run[name])]
                ],
                "" if is_missing(run.get("reason")) else str(run["reason"]),
            )
            for run in self.runs.to_dict("records")
        ]

    def _digits_of(self, column: str) -> Digits:
        groups = self.runs.groupby("variant", sort=False)[column]
        return digits_of_runs([value for value in map(_number, group) if value is not None] for _, group in groups)


def _cell(value: float | None, digits: Digits) -> Cell:
    return Cell("", MISSING) if value is None else Cell(repr(value), digits.number(value))


def _compared_cell(value: float | None, digits: Digits | None) -> Cell:
    """A value of the compared metric, which a program can read from the report."""
    if value is None:
        return Cell("", MISSING)
    return Cell(repr(value), repr(value) if digits is None else digits.ascii(value))


def _all_digits(values: Sequence[float | None]) -> Digits | None:
    """As many places for each value of a column as the longest needs; None where that are more than anyone reads."""
    texts = [repr(value) for value in values if value is not None]
    plain = [re.fullmatch(r"-?\d+\.(\d+)", text) for text in texts]
    places = max((len(match[1]) for match in plain if match), default=0)
    large = any(abs(value) >= LARGE for value in values if value is not None)
    return Digits(places) if all(plain) and 0 < places <= SIGNIFICANT and not large else None


def _parse(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _number(value: object) -> float | None:
    found = None if is_missing(value) else _parse(value)
    return found if found is not None and math.isfinite(found) else None


def _is_numeric(column: pd.Series) -> bool:
    """Whether a column has a number, and nothing but numbers; in a table that users bring, numbers are text."""
    filled = [value for value in column if not is_missing(value)]
    return bool(filled) and all(_parse(value) is not None for value in filled)
