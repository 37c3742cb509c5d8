"""Small studies drawn without replacement from pools of many runs.

A study of n seeds drawn from a pool of N runs scatters less around the pool's mean than n fresh runs around the true
one: its variance is (1 - n/N) S²/n (Cochran 1977, section 2.5). Where a study's distance from the pool's mean matters
(power, coverage), that distance is therefore stretched by 1/√(1 - n/N); the spread within an arm needs no such
correction. Two arms drawn from *one* pool differ by 2 S²/n on average, as fresh arms do, and are left as they are.

Scores are counts of correctly classified test images, because exact bootstraps are quick on whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Studies:
    """Studies of a variant, the baseline and a copy of the baseline, n runs in each.

    Attributes:
        variant: counts, shape (studies, n).
        baseline: counts, shape (studies, n); its column i shares a seed with the variant's where the setting says so.
        copy: counts, shape (studies, n), of further runs of the baseline.
        variant_shift: what is added to every score of the variant, shape (studies,).
        baseline_shift: the same for the baseline and its copy.
    """

    variant: Counts
    baseline: Counts
    copy: Counts
    variant_shift: Floats
    baseline_shift: Floats

    @property
    def arms(self) -> tuple[Floats, Floats, Floats]:
        """Variant, baseline and copy with the shifts applied."""
        variant, other = self.variant_shift[:, None], self.baseline_shift[:, None]
        return self.variant + variant, self.baseline + other, self.copy + other


class Source(Protocol):
    """Where studies come from."""

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw studies of n seeds an arm."""


@dataclass(frozen=True)
class OnePool:
    """Both arms are different runs of one variant: the null hypothesis is exactly true."""

    pool: Counts

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Deal three groups of n runs from the pool; arms are paired at random, as equal seeds mean equal runs."""
        variant, baseline, copy = np.split(self.pool[positions(len(self.pool), 3 * n, studies, rng)], 3, axis=1)
        return Studies(variant, baseline, copy, np.zeros(studies), np.zeros(studies))

    def resampled(self, rng: np.random.Generator) -> OnePool:
        """The pool that a repetition of the whole experiment might have given."""
        return OnePool(rng.choice(self.pool, len(self.pool)))


@dataclass(frozen=True)
class TwoPools:
    """A variant's runs and the baseline's.

    Attributes:
        variant: counts, shape (N,).
        baseline: counts, shape (M,).
        aligned: entry i of both pools is of one seed.
        same_seeds: a study uses the same seeds in both arms; needs aligned pools.
        recentred: the pools' difference is taken away, so that the null hypothesis is exactly true.
    """

    variant: Counts
    baseline: Counts
    aligned: bool
    same_seeds: bool
    recentred: bool = False

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw the arms, and stretch their distances from their pools' means."""
        chosen = positions(len(self.baseline), 2 * n, studies, rng)
        own = chosen[:, :n] if self.same_seeds else positions(len(self.variant), n, studies, rng)
        variant, baseline, copy = self.variant[own], self.baseline[chosen[:, :n]], self.baseline[chosen[:, n:]]
        shift = stretch(variant, self.variant)
        if self.recentred:
            shift -= self.variant.mean() - self.baseline.mean()
        return Studies(variant, baseline, copy, shift, stretch(baseline, self.baseline))

    def resampled(self, rng: np.random.Generator) -> TwoPools:
        """The pools that a repetition of the whole experiment might have given."""
        seeds = rng.integers(len(self.baseline), size=len(self.baseline))
        own = seeds if self.aligned else rng.integers(len(self.variant), size=len(self.variant))
        return replace(self, variant=self.variant[own], baseline=self.baseline[seeds])


@dataclass(frozen=True)
class NormalNoise:
    """Normal scores rounded to whole counts: what theory is about.

    Attributes:
        means: of variant and baseline.
        stds: of variant and baseline.
        correlation: between runs of one seed.
    """

    means: tuple[float, float]
    stds: tuple[float, float]
    correlation: float = 0.0

    def draw(self, n: int, studies: int, rng: np.random.Generator) -> Studies:
        """Draw fresh runs."""
        shared, own, copy = rng.standard_normal((3, studies, n))
        z = self.correlation * shared + np.sqrt(1 - self.correlation**2) * own
        (m, m0), (s, s0) = self.means, self.stds
        variant, baseline, third = (np.rint(x).astype(np.int64) for x in (m + s * z, m0 + s0 * shared, m0 + s0 * copy))
        return Studies(variant, baseline, third, np.zeros(studies), np.zeros(studies))


def positions(size: int, n: int, studies: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """For each study n different positions of a pool, in random order; shape (studies, n)."""
    return np.argsort(rng.random((studies, size)), axis=1)[:, :n]


def stretch(scores: Counts, pool: Counts) -> Floats:
    """What must be added to each study's scores for their mean to vary as that of fresh runs would; (studies,)."""
    factor = 1 / np.sqrt(1 - scores.shape[1] / len(pool))
    shift: Floats = (factor - 1) * (scores.mean(axis=1) - pool.mean())
    return shift
