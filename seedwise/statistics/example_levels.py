"""New repeats and new seeds: would the difference hold with other answers, or with models that are trained again?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedwise.statistics.clusters import cluster_codes
from seedwise.statistics.crossed import welch_df
from seedwise.statistics.example_means import average
from seedwise.statistics.examples import ExamplePairs
from seedwise.statistics.ttest import TTest

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Variance of a mean difference, by source.

    Attributes:
        example: between examples, whatever the repeats or seeds; between clusters, if examples have any.
        seed: between seeds, whatever the examples; 0 where repeats are nested in examples.
        residual: between repeats within an example, or what seeds and examples do together.
    """

    example: float
    seed: float
    residual: float


@dataclass(frozen=True)
class OtherQuestions:
    """Whether the difference would hold with new seeds or repeats; None where there is no variance to estimate it from.

    Attributes:
        same_examples: new repeats or seeds on these examples.
        both: new repeats or seeds on new examples.
        parts: the variances.
    """

    same_examples: TTest | None
    both: TTest | None
    parts: Parts


def other_questions(parts: Sequence[ExamplePairs], test: TTest | None) -> OtherQuestions | None:
    """Answer the questions about new seeds or repeats; None without either, or where examples do not vary.

    Args:
        parts: the pairs of each dataset; of several, the mean is meant.
        test: of the difference over examples.
    """
    if test is None or not parts:
        return None
    if all(own.tables is not None for own in parts):
        return _of_seeds(parts, test)
    if all(own.tables is None and own.repeat_variance is not None for own in parts):
        return _of_repeats(parts, test)
    return None


def _of_repeats(parts: Sequence[ExamplePairs], test: TTest) -> OtherQuestions:
    variances = [own.repeat_variance or 0.0 for own in parts]
    tests = [
        TTest(0.0, math.sqrt(within), own.repeat_df) if within > 0 else None
        for own, within in zip(parts, variances, strict=True)
    ]
    same = average(tests, [float(own.differences.mean()) for own in parts])
    item, within = test.standard_error**2, sum(variances) / len(parts) ** 2
    return OtherQuestions(same, test, Parts(max(item - within, 0.0), 0.0, min(within, item)))


def _of_seeds(parts: Sequence[ExamplePairs], test: TTest) -> OtherQuestions:
    """The seeds of a variant are the same models on every dataset, so that what they share does not average out."""
    item = test.standard_error**2
    seeds, residual, sizes = [], 0.0, []
    for side in (0, 1):
        tables = [own.tables[side] for own in parts if own.tables is not None]
        means = np.mean([table.mean(axis=1) for table in tables], axis=0)
        seeds.append(float(means.var(ddof=1)) / means.size)
        sizes.append(means.size)
        residual += _residual(tables, [own.clusters for own in parts])
    between = sum(seeds)
    df = welch_df(seeds, sizes)
    same = TTest(test.difference, math.sqrt(between), df) if between > 0 else None
    both = TTest(test.difference, math.sqrt(max(between + item - residual, between, item)), df)
    return OtherQuestions(same, both, Parts(max(item - residual, 0.0), max(between - residual, 0.0), residual))


def _residual(tables: Sequence[Floats], clusters: Sequence[NDArray[np.int64] | None]) -> float:
    """The residual part of the mean over datasets; of a single one it is `seedwise.statistics.crossed.residual_part`.

    What a cluster has in several datasets is added up before it is squared.
    """
    if clusters[0] is None:
        firsts = np.cumsum([0, *(table.shape[1] for table in tables[:-1])])
        labels = [first + cluster_codes(None, table.shape[1]) for first, table in zip(firsts, tables, strict=True)]
    else:
        labels = [np.asarray(own) for own in clusters]
    codes = np.unique(np.concatenate(labels), return_inverse=True)[1]
    rows = []
    for table, own in zip(tables, labels, strict=True):
        residuals = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
        groups = np.unique(own).size
        rows.append(residuals * (math.sqrt(groups / (groups - 1)) / (table.shape[1] * len(tables))))
    whole = np.concatenate(rows, axis=1)
    sums = np.array([np.bincount(codes, weights=row) for row in whole])
    seeds = len(whole)
    return float(np.square(sums).sum()) / (seeds * (seeds - 1))
