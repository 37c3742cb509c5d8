"""The committed runs as pools of scores, and a description of their seed noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.calibration.draws import Counts

TEST_IMAGES = 10_000
BASELINE = "baseline"


@dataclass(frozen=True)
class Noise:
    """Seed noise of a pool; accuracies in percentage points. The errors of skewness and kurtosis are for normal noise.

    Kurtosis is the excess over a normal distribution's.
    """

    n: int
    mean: float
    std: float
    lowest: float
    highest: float
    skewness: float
    skewness_se: float
    kurtosis: float
    kurtosis_se: float


@dataclass(frozen=True)
class Pools:
    """Correctly classified test images per run, in the order of the seeds; entry i of both pools has the same seed."""

    name: str
    variant: Counts
    baseline: Counts

    @property
    def difference(self) -> float:
        """Variant minus baseline, in counts."""
        return float(self.variant.mean() - self.baseline.mean())

    @property
    def std(self) -> float:
        """Pooled standard deviation of one run, in counts."""
        return float(np.sqrt((self.variant.var(ddof=1) + self.baseline.var(ddof=1)) / 2))

    @property
    def difference_se(self) -> float:
        """Standard error of the difference, in counts, from the differences at equal seeds."""
        return float((self.variant - self.baseline).std(ddof=1) / np.sqrt(len(self.baseline)))

    @property
    def effect_se(self) -> float:
        """Standard error of difference / std, to first order in the errors of both."""
        effect = self.difference / self.std
        return float(np.hypot(self.difference_se / self.std, effect / np.sqrt(4 * len(self.baseline))))

    @property
    def correlation(self) -> float:
        """Correlation between runs with the same seed."""
        return float(np.corrcoef(self.variant, self.baseline)[0, 1])


def read_pools(runs: pd.DataFrame) -> Pools:
    """Return the pools of the baseline and the one other variant in runs.csv.

    Raises:
        ValueError: not exactly two variants with the same seeds, an unfinished run, or scores that are not counts.
    """
    names = [name for name in runs["variant"].unique() if name != BASELINE]
    if len(names) != 1 or not (runs["status"] == "finished").all():
        raise ValueError(f"needs finished runs of {BASELINE} and one other variant; found also {names}")
    wide = runs.pivot_table(index="seed", columns="variant", values="test_accuracy").sort_index()
    counts = np.rint(wide.to_numpy() * TEST_IMAGES)
    if not np.allclose(counts, wide.to_numpy() * TEST_IMAGES, atol=1e-6):
        raise ValueError(f"every variant needs the same seeds, and test accuracies must be counts / {TEST_IMAGES}")
    whole = pd.DataFrame(counts.astype(np.int64), columns=wide.columns)
    return Pools(str(names[0]), whole[names[0]].to_numpy(), whole[BASELINE].to_numpy())


def describe(pool: Counts) -> Noise:
    """Return the size and shape of the seed noise (bias-corrected skewness and kurtosis, Joanes & Gill 1998)."""
    n, points = len(pool), pool * 100 / TEST_IMAGES
    skewness_se = np.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
    return Noise(
        n=n,
        mean=float(points.mean()),
        std=float(points.std(ddof=1)),
        lowest=float(points.min()),
        highest=float(points.max()),
        skewness=float(stats.skew(points, bias=False)),
        skewness_se=float(skewness_se),
        kurtosis=float(stats.kurtosis(points, bias=False)),
        kurtosis_se=float(2 * skewness_se * np.sqrt((n**2 - 1) / ((n - 3) * (n + 5)))),
    )
