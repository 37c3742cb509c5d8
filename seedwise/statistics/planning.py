"""The power of the test that decides: what these runs can detect, and how many seeds would be enough.

Every test here compares |difference| / standard error with a critical value. In units of the *true* standard error, a
difference is detected when |Z + shift| exceeds a threshold that depends only on the observed spreads: for Welch's test
(1947) on two independent χ² variables, for the paired t test and Dunnett's test (1955) on one. So power is the average
of Φ(shift − threshold) + Φ(−shift − threshold) over the χ² distributions, taken by Gauss–Legendre quadrature in their
quantiles. The observed standard deviations stand in for the true ones. `seedwise.statistics.power` has the textbook
power of the pooled t test, which promises too much where Welch's test decides.

Arrays have one entry per comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.special import chdtri, ndtr, ndtri, roots_legendre, stdtrit

from seedwise.statistics.multiple import Dunnett, dunnett_critical
from seedwise.statistics.power import MAX_SEEDS
from seedwise.statistics.ttest import difference_spread, mean_difference, spread
from seedwise.statistics.verdict import FEWEST_SEEDS

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Pair = tuple[Floats, Floats]
"""The scores of a variant and of the baseline."""
PowerAt = Callable[[Floats, Rows], Floats]
"""The power of some comparisons (their rows) with so many seeds, which need not be whole."""

POWER = 0.8
_NODES = 24
# With more seeds, the degrees of freedom of Welch's test hardly vary: one χ² variable is accurate within a seed.
_MANY_SEEDS = 100


@dataclass(frozen=True)
class SeedPlan:
    """What the seeds of a comparison can do, and how many would do more; None means "not defined".

    Attributes:
        detectable_difference: true difference, in units of the metric, that is detected with 80 % power. It is also the
            smallest margin within which variants that do not differ are shown to be non-inferior with that power:
            both ask that a difference of this size passes the same threshold, on either side of it.
        seeds_needed: per arm, with which the margin (without one, the observed difference) is detected with 80 % power,
            or equal variants are shown to be non-inferior within it.
        seeds_for_equivalence: per arm, with which equal variants are shown to be equivalent with 80 % power; None
            without a margin, and where the question is non-inferiority.
        exaggeration: mean observed |difference| of studies that claim a true difference of one seed standard deviation
            (paired: of one standard deviation of the differences), over the true one; Gelman & Carlin 2014 call it the
            type M error.
    """

    detectable_difference: float | None
    seeds_needed: int | None
    seeds_for_equivalence: int | None
    exaggeration: float | None


def plan_seeds(
    pairs: Sequence[Pair],
    alpha: float,
    *,
    paired: bool = False,
    dunnett: Dunnett | None = None,
    margin: float | None = None,
    equivalence: bool = True,
    comparisons: int | None = None,
    later_alpha: float | None = None,
) -> list[SeedPlan]:
    """The power of the test that decides about each pair; nothing is defined where an arm has fewer than two scores.

    Args:
        pairs: the scores that are compared.
        alpha: family-wise level. Holm's first step tests at alpha / comparisons, which is surely enough.
        paired: whether the paired t test decides.
        dunnett: Dunnett's test of these pairs, if it decides.
        margin: smallest difference that matters, if declared.
        equivalence: whether a verdict can be EQUIVALENT, given a margin.
        comparisons: size of the family; None means the number of pairs.
        later_alpha: family-wise level at which more seeds would be judged, if it is another one.
    """
    plans = [SeedPlan(None, None, None, None)] * len(pairs)
    family = max(1, len(pairs) if comparisons is None else comparisons)
    later_alpha = alpha if later_alpha is None else later_alpha
    usable, own, other = _usable(pairs, paired, dunnett)
    if not usable:
        return plans
    n, n_baseline = (np.array([len(pairs[i][arm]) for i in usable], dtype=np.float64) for arm in (0, 1))
    kind = _Paired if paired else _Welch
    test, later = (_test(pairs, own, other, level, family, paired, dunnett) for level in (alpha, later_alpha))
    detectable = test.now(n, n_baseline).shift(POWER) * test.error(n, n_baseline)
    exaggerated = _exaggerations(test, {(len(pairs[i][0]), len(pairs[i][1])) for i in usable})
    gaps = np.array([abs(mean_difference(*pairs[i])) for i in usable])
    target = gaps if margin is None else np.full(gaps.shape, margin)
    needed = _seeds_to_detect(later, target, later_alpha / family)
    equivalent: dict[int, int] = {}
    if margin is not None and equivalence:
        varied = np.flatnonzero(own + other > 0)
        own, other = own[varied], other[varied]
        one_sided, claim = kind(own, other, 2 * later_alpha), kind(own, other, later_alpha / family)
        found = _seeds_to_show_equivalence(one_sided, claim, margin, later_alpha)
        equivalent = dict(zip(varied.tolist(), found.tolist(), strict=True))
    for place, i in enumerate(usable):
        plans[i] = SeedPlan(
            float(detectable[place]) if min(len(pairs[i][0]), len(pairs[i][1])) >= FEWEST_SEEDS else None,
            int(needed[place]) if margin is not None or gaps[place] > 0 else None,
            equivalent.get(place),
            exaggerated[len(pairs[i][0]), len(pairs[i][1])],
        )
    return plans


def detectable_by_seeds(
    pairs: Sequence[Pair],
    seeds: Sequence[int],
    alpha: float,
    *,
    paired: bool = False,
    dunnett: Dunnett | None = None,
    comparisons: int | None = None,
) -> list[Floats | None]:
    """True differences that each pair would detect with 80 % power, by the number of seeds (at least 2) in both arms.

    With the numbers of runs that there are, it is the `detectable_difference` of `plan_seeds`, which has the other
    arguments. None where that is not defined.
    """
    usable, own, other = _usable(pairs, paired, dunnett)
    found: list[Floats | None] = [None] * len(pairs)
    if usable:
        test = _test(pairs, own, other, alpha, comparisons or len(pairs), paired, dunnett)
        rows = np.arange(len(usable))
        columns = [np.full(len(usable), float(n)) for n in seeds]
        curves = np.array([test.later(n, rows).shift(POWER) * test.error(n, n) for n in columns]).T
        for place, i in enumerate(usable):
            found[i] = curves[place]
    return found


def detectable_differences(n: ArrayLike, std: float, alpha: float) -> Floats:
    """True differences that Welch's test at the level `alpha` detects with 80 % power, for `n` runs in each arm.

    Args:
        n: numbers of runs, at least 2.
        std: seed standard deviation of both arms.
        alpha: two-sided level of the test.
    """
    n = np.asarray(n, dtype=np.float64)
    return welch_thresholds(n, n, 0.5, alpha).shift(POWER) * std * np.sqrt(2 / n)


def _usable(pairs: Sequence[Pair], paired: bool, dunnett: Dunnett | None) -> tuple[list[int], Floats, Floats]:
    """Positions of the pairs whose power is defined, and the variances of their arms."""
    noises = {i: _noise(a, b, paired) for i, (a, b) in enumerate(pairs) if min(len(a), len(b)) >= 2}
    usable = [i for i, noise in noises.items() if sum(noise) > 0 or dunnett is not None]
    own, other = (np.array([noises[i][arm] for i in usable]) for arm in (0, 1))
    return usable, own, other


def _test(
    pairs: Sequence[Pair],
    own: Floats,
    other: Floats,
    alpha: float,
    comparisons: int,
    paired: bool,
    dunnett: Dunnett | None,
) -> _Test:
    """The test that decides about pairs with these variances, at its family-wise level."""
    if dunnett is None:
        return (_Paired if paired else _Welch)(own, other, alpha / comparisons)
    # Two constant arms in a family that varies: their own noise is not known, but the pooled one is.
    flat = own + other == 0
    noise, other_noise = (np.where(flat, dunnett.variance, variances) for variances in (own, other))
    return _Dunnett(noise, other_noise, dunnett, _freedom(pairs), comparisons, alpha)


def _noise(a: Floats, b: Floats, paired: bool) -> tuple[float, float]:
    """Variances of the arms; of the differences and 0 where runs are paired."""
    return (difference_spread(a, b) ** 2, 0.0) if paired else (spread(a) ** 2, spread(b) ** 2)


class _Test(Protocol):
    """A test at its level, for arms whose variances are known."""

    def with_equal_noise(self) -> _Test:
        """The test of one comparison, all of whose standard deviations are 1."""

    def error(self, n: Floats, n_baseline: Floats, /) -> Floats:
        """True standard error of each difference."""

    def now(self, n: Floats, n_baseline: Floats, /) -> Thresholds:
        """Thresholds with so many runs."""

    def later(self, n: Floats, rows: Rows, /) -> Thresholds:
        """Thresholds of some comparisons with `n` runs in both arms."""

    def roughly(self, n: Floats, rows: Rows, /) -> Thresholds:
        """As `later` within a seed or so, but sooner."""


@dataclass(frozen=True)
class _Welch:
    """Welch's test of arms with these variances, at a two-sided level."""

    own: Floats
    other: Floats
    alpha: float

    def with_equal_noise(self) -> _Welch:
        return replace(self, own=np.ones(1), other=np.ones(1))

    def error(self, n: Floats, n_baseline: Floats) -> Floats:
        return np.asarray(np.sqrt(self.own / n + self.other / n_baseline))

    def now(self, n: Floats, n_baseline: Floats) -> Thresholds:
        return welch_thresholds(n, n_baseline, self.own / n / self.error(n, n_baseline) ** 2, self.alpha)

    def later(self, n: Floats, rows: Rows) -> Thresholds:
        return welch_thresholds(n, n, self._share(rows), self.alpha)

    def roughly(self, n: Floats, rows: Rows) -> Thresholds:
        share = self._share(rows)
        return t_thresholds((n - 1) / (share**2 + (1 - share) ** 2), self.alpha)

    def _share(self, rows: Rows) -> Floats:
        return np.asarray(self.own[rows] / (self.own[rows] + self.other[rows]))


@dataclass(frozen=True)
class _Paired:
    """The paired t test; `own` are variances of differences, `other` is 0, `n` counts pairs."""

    own: Floats
    other: Floats
    alpha: float

    def with_equal_noise(self) -> _Paired:
        return replace(self, own=np.ones(1))

    def error(self, n: Floats, _n_baseline: Floats) -> Floats:
        return np.asarray(np.sqrt(self.own / n))

    def now(self, n: Floats, _n_baseline: Floats) -> Thresholds:
        return t_thresholds(n - 1, self.alpha)

    def later(self, n: Floats, _rows: Rows) -> Thresholds:
        return t_thresholds(n - 1, self.alpha)

    roughly = later


@dataclass(frozen=True)
class _Dunnett:
    """Dunnett's test of a family whose arms need not scatter equally, as the test assumes.

    The pooled variance is a sum of χ² variables; Satterthwaite's degrees of freedom approximate it.
    """

    own: Floats
    other: Floats
    found: Dunnett
    freedom: float
    comparisons: int
    alpha: float

    def with_equal_noise(self) -> _Dunnett:
        return replace(self, own=np.ones(1), other=np.ones(1), found=replace(self.found, variance=1.0), freedom=1.0)

    def error(self, n: Floats, n_baseline: Floats) -> Floats:
        return np.asarray(np.sqrt(self.own / n + self.other / n_baseline))

    def now(self, n: Floats, n_baseline: Floats) -> Thresholds:
        assumed = np.sqrt(self.found.variance * (1 / n + 1 / n_baseline)) / self.error(n, n_baseline)
        return t_thresholds(np.full(n.shape, self.found.df * self.freedom), self.alpha, self.found.critical * assumed)

    def later(self, n: Floats, rows: Rows) -> Thresholds:
        assumed = np.sqrt(2 * self.found.variance / (self.own[rows] + self.other[rows]))
        critical = _dunnett_critical_by_n(self.comparisons, self.alpha)(1 / n) * assumed
        return t_thresholds((self.comparisons + 1) * (n - 1) * self.freedom, self.alpha, critical)

    roughly = later


def _freedom(pairs: Sequence[Pair]) -> float:
    """Satterthwaite's degrees of freedom of the pooled variance, as a share of those of arms that scatter equally."""
    arms = [arm for arm in (*(a for a, _ in pairs), pairs[0][1]) if len(arm) >= 2]
    degrees = np.array([len(arm) - 1.0 for arm in arms])
    variances = np.array([spread(arm) ** 2 for arm in arms])
    return float((degrees @ variances) ** 2 / (degrees @ variances**2) / degrees.sum())


@lru_cache(maxsize=64)
def _dunnett_critical_by_n(comparisons: int, alpha: float) -> Callable[[Floats], Floats]:
    """Dunnett's critical value as a function of 1/n, for arms of equal size, interpolated."""
    sizes = np.array([MAX_SEEDS, 60, 20, 10, 6, 4, FEWEST_SEEDS])
    found = [dunnett_critical([n] * comparisons, n, 1 - alpha) for n in sizes]
    spline = CubicSpline(1 / sizes, found)
    return lambda x: np.asarray(spline(x))


def _exaggerations(test: _Test, sizes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], float | None]:
    """`SeedPlan.exaggeration` by the numbers of runs; both arms scatter equally."""
    equal = test.with_equal_noise()
    found: dict[tuple[int, int], float | None] = {}
    for n, n_baseline in sizes:
        arms = np.array([float(n)]), np.array([float(n_baseline)])
        factor = float(equal.now(*arms).exaggeration(1 / equal.error(*arms))[0])
        found[n, n_baseline] = factor if math.isfinite(factor) else None
    return found


def _seeds_to_detect(test: _Test, differences: Floats, alpha: float) -> NDArray[np.int64]:
    """Seeds per arm with which true differences are detected with 80 % power; no difference of 0 ever is."""
    effects = np.maximum(differences / test.error(np.ones(1), np.ones(1)), 1e-12)
    start = ((ndtri(1 - alpha / 2) + ndtri(POWER)) / effects) ** 2 + 2
    return _fewest(
        lambda n, rows: test.roughly(n, rows).power(effects[rows] * np.sqrt(n)),
        lambda n, rows: test.later(n, rows).power(effects[rows] * np.sqrt(n)),
        start,
    )


def _seeds_to_show_equivalence(one_sided: _Test, claim: _Test, margin: float, alpha: float) -> NDArray[np.int64]:
    """Seeds per arm with which variants that do not differ get the verdict EQUIVALENT with 80 % power.

    `claim` is the test that must not claim a difference before `one_sided` may show equivalence.
    """
    limits = np.maximum(margin / one_sided.error(np.ones(1), np.ones(1)), 1e-12)
    start = ((ndtri(1 - alpha) + ndtri((1 + POWER) / 2)) / limits) ** 2 + 2
    return _fewest(
        lambda n, rows: one_sided.roughly(n, rows).equivalence_power(limits[rows] * np.sqrt(n), claim.roughly(n, rows)),
        lambda n, rows: one_sided.later(n, rows).equivalence_power(limits[rows] * np.sqrt(n), claim.later(n, rows)),
        start,
    )


def _fewest(roughly: PowerAt, exactly: PowerAt, start: Floats) -> NDArray[np.int64]:
    """The smallest numbers of seeds with enough power; few seeds are counted exactly."""
    found = smallest_n(roughly, start)
    few = np.flatnonzero(found < _MANY_SEEDS)
    if few.size:
        found[few] = smallest_n(lambda n, rows: exactly(n, few[rows]), found[few].astype(np.float64))
    return found


@dataclass(frozen=True)
class Thresholds:
    """When a difference is detected: thresholds in units of its true standard error (comparisons × nodes), weighted."""

    values: Floats
    weights: Floats

    def power(self, shift: Floats) -> Floats:
        """Probability that a true difference of `shift` true standard errors is detected."""
        column = np.asarray(shift, dtype=np.float64)[:, None]
        return np.asarray((ndtr(column - self.values) + ndtr(-column - self.values)) @ self.weights)

    def shift(self, power: float) -> Floats:
        """The true difference, in true standard errors, that is detected with probability `power`."""
        typical = np.log(self.values) @ self.weights

        def power_at(logarithm: Floats, rows: Rows) -> Floats:
            return Thresholds(self.values[rows], self.weights).power(np.exp(logarithm))

        # Between the logarithm and the normal quantile of the power the curve is nearly straight, also where few runs
        # spread the thresholds over orders of magnitude.
        start = np.log(np.exp(typical) + max(float(ndtri(power)), 0.1))
        return np.exp(_reach(power, power_at, start - 20, np.log(self.values.max(axis=1) + 10), start))

    def equivalence_power(self, margin: Floats, claims: Thresholds) -> Floats:
        """Probability of EQUIVALENT without a true difference: two one-sided tests pass (Schuirmann 1987), no claim.

        These are the thresholds of the one-sided tests, `claims` those of a claim that there is a difference, on the
        same nodes; `margin` is in true standard errors.
        """
        inside = np.minimum(np.asarray(margin, dtype=np.float64)[:, None] - self.values, claims.values)
        return np.asarray(np.maximum(2 * ndtr(inside) - 1, 0.0) @ self.weights)

    def exaggeration(self, shift: Floats) -> Floats:
        """Mean observed |difference| of the studies that detect a true difference of `shift`, divided by it, or NaN."""
        column = np.asarray(shift, dtype=np.float64)[:, None]
        above, below = column - self.values, -column - self.values
        density = (np.exp(-(above**2) / 2) + np.exp(-(below**2) / 2)) / math.sqrt(2 * math.pi)
        claimed = density + column * (ndtr(above) - ndtr(below))
        power = self.power(shift)
        # NaN where such a claim is so unlikely that its chance underflows.
        return np.asarray((claimed @ self.weights) / np.where(power > 0, power, np.nan) / shift)


def welch_thresholds(n: ArrayLike, n_baseline: ArrayLike, share: ArrayLike, alpha: float) -> Thresholds:
    """Thresholds of Welch's test.

    Args:
        n: runs of each variant, at least 2; need not be whole.
        n_baseline: runs of the baseline.
        share: of the variant in the variance of the difference: (σ²/n) / (σ²/n + σ_b²/n_b).
        alpha: two-sided level.
    """
    n, n_baseline, share = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, float)) for x in (n, n_baseline, share)))
    nodes, weights = _uniform()
    own = share[:, None] * _scaled_chi_square(n - 1, nodes)
    other = (1 - share)[:, None] * _scaled_chi_square(n_baseline - 1, nodes)
    squares = (own**2 / (n - 1)[:, None])[:, :, None] + (other**2 / (n_baseline - 1)[:, None])[:, None, :]
    total = own[:, :, None] + other[:, None, :]
    values = _quantile(alpha)(squares / total**2) * np.sqrt(total)
    return Thresholds(values.reshape(len(n), -1), np.outer(weights, weights).ravel())


def t_thresholds(degrees: ArrayLike, alpha: float, critical: ArrayLike | None = None) -> Thresholds:
    """Thresholds of a test with one estimate of the variance: the paired t test, or Dunnett's test.

    Args:
        degrees: of freedom of the variance.
        alpha: two-sided level; not used where `critical` is given.
        critical: the value that |t| must exceed; None for the t quantile.
    """
    degrees = np.atleast_1d(np.asarray(degrees, dtype=np.float64))
    nodes, weights = _uniform()
    limit = stdtrit(degrees, 1 - alpha / 2) if critical is None else np.broadcast_to(critical, degrees.shape)
    return Thresholds(np.asarray(limit[:, None] * np.sqrt(_scaled_chi_square(degrees, nodes))), weights)


@lru_cache(maxsize=1)
def _uniform() -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights that add up to 1."""
    nodes, weights = roots_legendre(_NODES)
    return (nodes + 1) / 2, weights / 2


def _scaled_chi_square(degrees: Floats, nodes: Floats) -> Floats:
    """Quantiles of χ²/degrees (comparisons × nodes)."""
    different, back = np.unique(degrees, return_inverse=True)
    found = np.asarray(chdtri(different[:, None], 1 - nodes[None, :]) / different[:, None])
    return found[back]


@lru_cache(maxsize=256)
def _quantile(alpha: float) -> Callable[[Floats], Floats]:
    """The t quantile at 1 − α/2 as a function of 1/df in [0, 1], interpolated on its logarithm."""
    inverse = np.linspace(0.0, 1.0, 257)
    tail = min(alpha / 2, 0.5 - 1e-9)  # at a level of 1 the quantile is 0 and has no logarithm
    exact = np.concatenate([[float(ndtri(1 - tail))], stdtrit(1 / inverse[1:], 1 - tail)])
    spline = CubicSpline(inverse, np.log(exact))
    return lambda x: np.asarray(np.exp(spline(np.minimum(x, 1.0))))


def smallest_n(power_at: PowerAt, start: Floats, power: float = POWER) -> NDArray[np.int64]:
    """Seeds with which each comparison reaches `power`, within `FEWEST_SEEDS` and `MAX_SEEDS`; `start` is a guess."""
    low, high = (np.full(start.shape, math.sqrt(edge)) for edge in (FEWEST_SEEDS, MAX_SEEDS))
    # The normal quantile of the power is nearly linear in √n.
    root = _reach(power, lambda at, rows: power_at(at**2, rows), low, high, np.clip(np.sqrt(start), low, high))
    return np.asarray(np.clip(np.ceil(root**2 - 1e-3), FEWEST_SEEDS, MAX_SEEDS), dtype=np.int64)


def _reach(power: float, power_at: PowerAt, low: Floats, high: Floats, start: Floats) -> Floats:
    """Where each comparison reaches `power`, as its argument grows from `low` to `high`; an end, if it never does.

    Secant steps on the normal quantile of the power, inside a shrinking bracket. A step that leaves the bracket, and
    every fourth one, goes to its middle. Only comparisons that have not converged are computed again.
    """
    goal = float(ndtri(power))
    at, low, high = start.copy(), low.copy(), high.copy()
    slope, last, last_excess = np.ones(at.shape), np.full(at.shape, np.nan), np.full(at.shape, np.nan)
    pending = np.arange(at.size)
    for turn in range(60):
        x = at[pending]
        excess = ndtri(np.clip(power_at(x, pending), 1e-9, 1 - 1e-9)) - goal
        low[pending] = np.where(excess < 0, x, low[pending])
        high[pending] = np.where(excess >= 0, x, high[pending])
        with np.errstate(invalid="ignore", divide="ignore"):
            secant = (excess - last_excess[pending]) / (x - last[pending])
        slope[pending] = np.where(np.isfinite(secant) & (secant > 1e-6), secant, slope[pending])
        last[pending], last_excess[pending] = x, excess
        following = x - excess / slope[pending]
        outside = ~((following > low[pending]) & (following < high[pending])) | (turn % 4 == 3)
        following[outside] = (low + high)[pending][outside] / 2
        done = (np.abs(excess) < 1e-6) | (high[pending] - low[pending] < 1e-5)
        at[pending] = np.where(done, x, following)
        pending = pending[~done]
        if not pending.size:
            break
    return at
