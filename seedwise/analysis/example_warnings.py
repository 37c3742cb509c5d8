"""What to know before believing a verdict about new examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from seedwise.analysis.example_findings import ALL_DATASETS, ExampleComparison
from seedwise.analysis.example_table import Answers, Cells
from seedwise.basics.words import quantity
from seedwise.statistics.examples import unequal_clusters
from seedwise.statistics.warnings import DataWarning

FEW_CLUSTERS = 10
LARGE_SHARE = 0.25


def warnings_of(answers: Answers, found: Sequence[Cells], rows: Sequence[ExampleComparison]) -> list[DataWarning]:
    """Warn about clusters, answers without a score, examples that are not shared, and lack of spread."""
    about_rows = [*_of_identical(answers, rows), *_of_no_spread(rows)]
    return [*_of_clusters(answers), *_of_coverage(answers, found, rows), *about_rows]


def _of_clusters(answers: Answers) -> Iterator[DataWarning]:
    clusters = answers.cluster_of
    if clusters is None:
        return
    for dataset, name in enumerate(answers.datasets):
        here = clusters[answers.dataset_of == dataset]
        count, where = int(np.unique(here).size), f" of {name}" if len(answers.datasets) > 1 else ""
        if count < FEW_CLUSTERS:
            yield DataWarning(
                "few_clusters",
                f"The examples{where} come from only {quantity(count, 'cluster')}: the standard error is itself "
                "uncertain, which the t interval allows for; more clusters help, more examples of these do not.",
            )
        if count > 1 and (share := unequal_clusters(here)) > max(LARGE_SHARE, 2 / count):
            yield DataWarning(
                "unequal_clusters",
                f"One cluster{where} has {100 * share:.0f}% of the examples, so that the verdict rests largely on "
                "it; the degrees of freedom allow for that.",
            )


def _of_coverage(answers: Answers, found: Sequence[Cells], rows: Sequence[ExampleComparison]) -> Iterator[DataWarning]:
    for variant, cell in enumerate(found):
        asked, missing = int(cell.asked.sum()), int(cell.asked.sum() - cell.counts.sum())
        if missing:
            yield DataWarning(
                "missing_answers",
                f"{missing} of {asked} answers of {answers.variants[variant]} have no score (errors, or not "
                "judged); they are left out, and counted at the worst score in a second verdict.",
                (answers.variants[variant],),
            )
    for row in rows:
        if row.n_dropped and row.dataset != ALL_DATASETS:
            where = f" of {row.dataset}" if len(answers.datasets) > 1 else ""
            yield DataWarning(
                "dropped_examples",
                f"{row.variant} and {row.baseline} are compared on {row.n_examples} of "
                f"{quantity(row.n_examples + row.n_dropped, 'example')}{where}: the others lack a score of one of "
                "them.",
                (row.variant, row.baseline),
            )


def _of_identical(answers: Answers, rows: Sequence[ExampleComparison]) -> Iterator[DataWarning]:
    for row in rows:
        if row.n_examples and not row.wins and not row.losses and row.dataset != ALL_DATASETS:
            where = f" of {row.dataset}" if len(answers.datasets) > 1 else ""
            yield DataWarning(
                "identical_answers",
                f"{row.variant} and {row.baseline} have the same score on every example{where}: are these two "
                "different models or prompts?",
                (row.variant, row.baseline),
            )


def _of_no_spread(rows: Sequence[ExampleComparison]) -> Iterator[DataWarning]:
    """Say which differences count as known exactly in a mean over datasets that has a test."""
    tested = {row.variant for row in rows if row.dataset == ALL_DATASETS and row.standard_error is not None}
    for row in rows:
        if row.dataset != ALL_DATASETS and row.variant in tested and row.standard_error is None:
            yield DataWarning(
                "no_spread",
                f"All examples of {row.dataset} have the same difference between {row.variant} and {row.baseline}: "
                f"how uncertain it is cannot be estimated. The interval of the mean over {ALL_DATASETS} counts it "
                "as known exactly, and can be too narrow.",
                (row.variant, row.baseline),
            )
