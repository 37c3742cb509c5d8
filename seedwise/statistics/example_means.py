"""The mean difference over several datasets, each counting the same.

Datasets are independent, unless they share clusters: the questions about one text in several languages go together.
Then the deviations of a cluster are added up over its datasets before they are squared (CR2, Bell & McCaffrey 2002),
and the degrees of freedom are Satterthwaite's for errors that have the size of each dataset's own. Where no cluster
lies in two datasets, both are those of independent means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seedwise.statistics.clusters import cluster_codes, without_each
from seedwise.statistics.examples import ExampleDecision, ExamplePairs, verdict_by
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import upholds

Floats = NDArray[np.float64]
_NOISE = 1e-12  # share of the variance below which what is left of it is rounding
_MOST = 50  # clusters that are left out one by one


def average(tests: Sequence[TTest | None], means: Sequence[float]) -> TTest | None:
    """The mean of independent differences, one for each dataset, each dataset counting the same.

    Args:
        tests: of the differences; None where one does not vary.
        means: the differences.
    """
    errors = np.array([0.0 if test is None else test.standard_error for test in tests])
    if not errors.any():
        return None
    degrees = np.array([np.inf if test is None else test.df for test in tests])
    shares = errors**2 / (errors**2).sum()
    df = float(1 / (shares**2 / degrees).sum())  # by shares: squares of tiny variances would underflow
    return TTest(float(np.mean(means)), float(np.sqrt((errors**2).sum())) / len(tests), df)


def mean_test(parts: Sequence[ExamplePairs]) -> TTest | None:
    """The test of the mean difference over datasets; None where one has no example, or none has any spread."""
    if not all(own.scores.size for own in parts):
        return None
    if share_clusters(parts):
        return _test(*_by_cluster(parts)[1:])
    return average([own.test() for own in parts], [float(own.differences.mean()) for own in parts])


def share_clusters(parts: Sequence[ExamplePairs]) -> bool:
    """Whether a cluster has examples in two of the datasets."""
    own = [np.unique(part.clusters) for part in parts if part.clusters is not None]
    return bool(own) and np.unique(np.concatenate(own)).size < sum(labels.size for labels in own)


def _by_cluster(parts: Sequence[ExamplePairs]) -> tuple[NDArray[np.int64], Floats, Floats]:
    """The labels of the clusters, and for each of them and each dataset the number and the sum of the differences."""
    labels, codes = np.unique(np.concatenate([np.asarray(own.clusters) for own in parts]), return_inverse=True)
    places = np.repeat(np.arange(len(parts)), [own.scores.size for own in parts])
    key, size = codes * len(parts) + places, labels.size * len(parts)
    values = np.concatenate([own.differences for own in parts])
    shape = (labels.size, len(parts))
    sizes = np.bincount(key, minlength=size).reshape(shape).astype(np.float64)
    sums = np.asarray(np.bincount(key, weights=values, minlength=size), dtype=np.float64)
    return labels.astype(np.int64), sizes, sums.reshape(shape)


def _test(sizes: Floats, sums: Floats) -> TTest | None:
    """The test of the mean of the datasets' means, of clusters × datasets; None without spread, or with one cluster."""
    totals, count = sizes.sum(axis=0), sizes.shape[1]
    if not totals.all() or (sizes == totals).any():
        return None  # a dataset is empty, or of a single cluster
    means = sums.sum(axis=0) / totals
    correction = 1 / np.sqrt(1 - sizes / totals)
    deviations = correction * (sums - sizes * means) / (totals * count)
    variances = (deviations**2).sum(axis=0)
    variance = float((deviations.sum(axis=1) ** 2).sum())
    if variance <= _NOISE * variances.sum():
        return None
    # The variance of one difference, in each dataset, as its own clusters say, relative to the largest.
    scales = variances * totals
    scales = scales / scales.max()
    own = (sizes / totals**2) @ scales
    across = correction * sizes / totals**1.5 * np.sqrt(scales)
    squares = float((own**2).sum() + ((across.T @ across) ** 2).sum() - ((across**2).sum(axis=1) ** 2).sum())
    return TTest(float(means.mean()), math.sqrt(variance), float(own.sum() ** 2 / squares))


def mean_hanging_on(
    parts: Sequence[ExamplePairs], decision: ExampleDecision, alpha: float, margin: float | None
) -> list[tuple[int, int]]:
    """The clusters (or examples) of which leaving out any one gives the mean over datasets another verdict.

    Returns:
        Each as the number of its dataset, the first if it has several, and its label there.
    """
    left = _without_each_shared(parts) if share_clusters(parts) else _without_each(parts)
    return [label for label, test in left if not upholds(decision.verdict, verdict_by(test, decision, alpha, margin))]


def _without_each_shared(parts: Sequence[ExamplePairs]) -> list[tuple[tuple[int, int], TTest | None]]:
    labels, sizes, sums = _by_cluster(parts)
    totals = sizes.sum(axis=0)
    pull = ((sums - sizes * sums.sum(axis=0) / totals) / totals).sum(axis=1)
    order = np.argsort(pull, kind="stable")
    chosen = order if order.size <= _MOST else np.concatenate([order[: _MOST // 2], order[-(_MOST // 2) :]])
    found = []
    for cluster in chosen:
        kept = np.arange(labels.size) != cluster
        label = (int(np.argmax(sizes[cluster] > 0)), int(labels[cluster]))
        found.append((label, _test(sizes[kept], sums[kept])))
    return found


def _without_each(parts: Sequence[ExamplePairs]) -> list[tuple[tuple[int, int], TTest | None]]:
    tests, means = [own.test() for own in parts], [float(own.differences.mean()) for own in parts]
    found: list[tuple[tuple[int, int], TTest | None]] = []
    for place, own in enumerate(parts):
        codes = cluster_codes(own.clusters, own.scores.size)
        labels = np.arange(own.scores.size) if own.clusters is None else np.unique(own.clusters)
        for code, test in without_each(own.differences, codes):
            left = own.differences[codes != code]
            if not left.size:
                continue
            others = [*tests[:place], test, *tests[place + 1 :]]
            mean = average(others, [*means[:place], float(left.mean()), *means[place + 1 :]])
            found.append(((place, int(labels[code])), mean))
    return found
