"""Verdicts on a table from Python: a path, a pattern, or a data frame of pandas or polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from seedwise.analysis.example_findings import ExampleAnalysis
from seedwise.analysis.from_table import Compared, Evaluated, analyse_opened
from seedwise.analysis.result import Result
from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.plan import Plan
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.example_terminal import examples_terminal
from seedwise.report.text.terminal import verdict_table
from seedwise.sources.cells.numbers import NumberFormat
from seedwise.sources.choices import DECIMALS, DUPLICATES, SAMPLES, THOUSANDS, Duplicates, Sample
from seedwise.sources.open import open_frame, open_table
from seedwise.sources.options import Options, parse_states
from seedwise.sources.tables.files import FileOptions
from seedwise.sources.taking import parse_take


@dataclass(frozen=True)
class TableFindings:
    """What a table shows; `print` shows the verdicts.

    Attributes:
        plan: how runs were compared.
        results: the analysis on each dataset; a single one where the table does not distinguish any.
    """

    plan: Plan
    results: Sequence[Result]

    @property
    def summary(self) -> pd.DataFrame:
        """A row per variant, and dataset if there are several; the columns of summary.csv."""
        return self._joined([result.analysis.summary for result in self.results])

    @property
    def comparisons(self) -> pd.DataFrame:
        """A row per comparison with the baseline, and dataset; the columns of comparisons.csv."""
        return self._joined([result.analysis.comparisons for result in self.results])

    @property
    def notes(self) -> list[str]:
        """Sentences about whatever was left out, assumed or recognised while the table was read."""
        return list(dict.fromkeys(note for result in self.results for note in result.notes))

    def _joined(self, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        if len(frames) == 1:
            return frames[0]
        named = [frame.assign(dataset=result.dataset) for frame, result in zip(frames, self.results, strict=True)]
        return pd.concat(named, ignore_index=True)

    def __str__(self) -> str:
        parts = []
        for result in self.results:
            table = verdict_table(result.analysis, result.plan, notes=result.notes)
            parts.append(f"{result.dataset}:\n{table}" if result.dataset else table)
        return "\n\n".join(parts)


@dataclass(frozen=True)
class EvaluationFindings:
    """What an evaluation shows, with the examples as the sample; `print` shows the verdicts.

    Attributes:
        plan: how variants were compared.
        analysis: everything that was found: also pass@k, the judges and the warnings.
        notes: sentences about whatever was left out, assumed or recognised while the table was read.
    """

    plan: Plan
    analysis: ExampleAnalysis
    notes: list[str]
    _report: ExamplesReport

    @property
    def summary(self) -> pd.DataFrame:
        """A row per variant, and dataset if there are several; the columns of summary.csv."""
        return self.analysis.summary

    @property
    def comparisons(self) -> pd.DataFrame:
        """A row per comparison with the baseline, and dataset; the columns of comparisons.csv."""
        return self.analysis.comparison_table

    def __str__(self) -> str:
        return examples_terminal(self._report)


def analyse(
    table: str | Path | Any,
    *,
    metric: str,
    baseline: str,
    higher_is_better: bool | None = None,
    pairing: Literal["none", "seed"] = "none",
    variance: Literal["separate", "pooled"] = "separate",
    question: Literal["difference", "non-inferiority"] = "difference",
    margin: float | None = None,
    confidence: float = 0.95,
    variant: str | Sequence[str] = (),
    seed: str | None = None,
    number_runs: bool = False,
    status: str | None = None,
    created: str | None = None,
    dataset: str | None = None,
    sample: Sample | None = None,
    example: str | None = None,
    cluster: str | None = None,
    repeat: str | None = None,
    judge: str | None = None,
    digest: str | None = None,
    where: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    states: Mapping[str, str] | None = None,
    duplicates: Duplicates | None = None,
    take: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    layout: str | None = None,
    run_name: str | None = None,
    path_name: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    sheet: str | None = None,
) -> TableFindings | EvaluationFindings:
    """Compare the variants of a table with a baseline, as `seedwise analyse` does, by the rules of docs/tables.md.

    Args:
        table: a path, a pattern of paths, or a data frame of pandas or polars, with a row per run, per step of a
            run, or per answer of an evaluation.
        metric: column to compare.
        baseline: variant with which all others are compared.
        higher_is_better: direction of the metric; None takes it from its name, or from the log of an evaluation.
        pairing: seed compares runs with the same seed.
        variance: separate is Welch's test with Holm's correction; pooled is Dunnett's test.
        question: non-inferiority asks whether a variant is not worse by more than the margin.
        margin: smallest difference that matters.
        confidence: of every interval.
        variant: column of the variant, or several that make it together.
        seed: column of the seed.
        number_runs: whether the table has no seeds, and each row is a run, numbered in the order of the table.
        status: column that says how runs ended.
        created: column with the time at which they were made.
        dataset: column of datasets; each gets a verdict, all corrected together.
        sample: what is new next time: runs, or the examples of an evaluation; None lets `example` decide.
        example: column with what was asked; makes the table an evaluation (docs/evaluations.md).
        cluster: column of what examples share, such as a text, so that they are not independent.
        repeat: column with the number of the answer, where a model answered several times.
        judge: column that says who scored the answer.
        digest: column with a digest of what was asked.
        where: conditions that a row must meet, such as `env=Hopper-v4`.
        ignore: columns that may vary between runs of a variant.
        rename: variants by the name that they have in the table.
        states: what words of the status mean: finished, diverged, failed or running.
        duplicates: which of several runs with one seed counts; None is the latest by date.
        take: which row of a run's history counts.
        decimal: decimal mark of numbers that are text.
        thousands: mark between their groups of three digits.
        layout: of the table; None recognises it.
        run_name: what names of runs say, such as `{variant}-s{seed}`.
        path_name: what paths of files say, such as `runs/{variant}/seed{seed}/metrics.csv`.
        encoding: of text; None finds out.
        separator: between cells; None finds out.
        sheet: of an Excel file, or table of a database.

    Raises:
        UserError: a mistake in the arguments or in the table, in one line.
    """
    _check("duplicates", duplicates or "latest", DUPLICATES)
    _check("sample", sample, (None, *SAMPLES))
    _check("decimal", decimal, DECIMALS)
    _check("thousands", thousands, (None, *(mark for mark in THOUSANDS if mark != decimal)))
    if separator is not None and len(separator) != 1:
        raise UserError(f"separator: found {quote(separator)}; write one character")
    options = Options(
        metrics=(metric,),
        variant=_several(variant),
        baseline=baseline,
        seed=seed,
        number_runs=number_runs,
        status=status,
        created=created,
        dataset=dataset,
        sample=sample,
        example=example,
        cluster=cluster,
        repeat=repeat,
        judge=judge,
        digest=digest,
        where=_several(where),
        ignore=_several(ignore),
        rename=dict(rename or {}),
        states=parse_states(dict(states or {}), "states"),
        numbers=NumberFormat(decimal, thousands),
        files=FileOptions(encoding, separator, sheet),
        duplicates=duplicates,
        layout=layout,
        take=parse_take(take) if take else None,
        run_name=run_name,
        path_name=path_name,
        higher_is_better=higher_is_better,
        spelling="arguments",
    )
    opened = open_table(str(table), options) if isinstance(table, (str, Path)) else open_frame(table, options)
    given = {
        "baseline": baseline,
        "pairing": pairing,
        "variance": variance,
        "question": question,
        "margin": margin,
        "confidence": confidence,
    }
    found = analyse_opened(opened, options, given)
    if isinstance(found, Compared):
        return TableFindings(found.plan, found.results)
    return _findings(opened.name, found)


def _findings(name: str, found: Evaluated) -> EvaluationFindings:
    report = ExamplesReport(name, found.plan, found.said, "", found.columns)
    return EvaluationFindings(found.plan, found.analysis, list(found.notes), report)


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check(name: str, value: str | None, known: Sequence[str | None]) -> None:
    if value not in known:
        raise UserError(f"{name}: found {value!r}; use one of {', '.join(map(repr, known))}")
