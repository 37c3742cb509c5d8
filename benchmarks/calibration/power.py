"""The power that `seedwise.statistics.plan_seeds` promises, against the share of studies in which the decision claims.

Families are reduced to the means and variances of their arms, on which every decision here depends: one variant
differs from the baseline, the others do not. `tests/test_calibration.py` compares the decisions with those of
`seedwise.statistics.decision`, one study at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from benchmarks.calibration.draws import Counts, Floats
from benchmarks.calibration.measure import generator
from benchmarks.calibration.promises import REAL, SIMULATED, Effort, Promise, from_pool, measured, unmeasured
from benchmarks.calibration.rules import ALPHA
from benchmarks.calibration.runs import Pools
from seedwise.statistics import plan_seeds
from seedwise.statistics.multiple import dunnett, dunnett_critical
from seedwise.statistics.planning import POWER, SeedPlan, welch_thresholds

Flags = NDArray[np.bool_]

FAMILIES = (1, 5, 20)
SIZES = ((3, 3), (3, 10), (3, 30), (30, 3), (5, 5), (10, 10), (30, 30))
RATIOS = (1, 3, 10)
EQUAL_SIZES = (3, 5, 10, 30)
DIFFERENCES = (0.5, 1.0, 2.0)
REAL_SIZES = ((3, 3), (3, 10), (3, 30), (5, 5), (10, 10))
OBSERVED_QUANTILES = (0.1, 0.5, 0.9)
CORRELATION = 0.5
_CHUNK = 4_000


@dataclass(frozen=True)
class Families:
    """Means and variances (ddof=1) of studies of k variants with n runs each and a baseline.

    Attributes:
        n: runs of each variant; pairs, if runs are paired.
        n_baseline: runs of the baseline.
        means: of the variants, shape (studies, k); of the differences to the baseline, if runs are paired.
        variances: shape (studies, k).
        baseline_means: shape (studies, 1); 0 if runs are paired.
        baseline_variances: shape (studies, 1); 0 if runs are paired.
    """

    n: int
    n_baseline: int
    means: Floats
    variances: Floats
    baseline_means: Floats
    baseline_variances: Floats

    @property
    def differences(self) -> Floats:
        """Return variant minus baseline, shape (studies, k)."""
        return self.means - self.baseline_means

    def welch(self) -> tuple[Floats, Floats]:
        """Return the standard errors of the differences and their (Welch's, or the pairs') degrees of freedom."""
        own, other = self.variances / self.n, self.baseline_variances / self.n_baseline
        total = own + other
        share = np.divide(own, total, out=np.full_like(total, 0.5), where=total > 0)
        df = 1 / (share**2 / (self.n - 1) + (1 - share) ** 2 / (self.n_baseline - 1))
        return np.sqrt(total), df


def summarised(variants: Floats, baseline: Floats) -> Families:
    """Return the families of these runs; shapes (studies, k, n) and (studies, n_baseline)."""
    return Families(
        variants.shape[2], baseline.shape[1], variants.mean(axis=2), variants.var(axis=2, ddof=1),
        baseline.mean(axis=1, keepdims=True), baseline.var(axis=1, ddof=1, keepdims=True),
    )  # fmt: skip


def summarised_pairs(differences: Floats) -> Families:
    """Return the families of paired runs; shape (studies, k, n)."""
    n, nothing = differences.shape[2], np.zeros((len(differences), 1))
    return Families(n, n, differences.mean(axis=2), differences.var(axis=2, ddof=1), nothing, nothing)


def holm_claims(families: Families) -> Flags:
    """Return which differences are claimed by Welch's (or the paired) t test with Holm's correction."""
    error, df = families.welch()
    statistic = np.divide(np.abs(families.differences), error, out=np.zeros_like(error), where=error > 0)
    p_values = 2 * stdtr(df, -statistic)
    order = np.argsort(p_values, axis=1)
    k = p_values.shape[1]
    below = np.take_along_axis(p_values, order, axis=1) * np.arange(k, 0, -1) < ALPHA
    claimed = np.zeros(p_values.shape, dtype=np.bool_)
    np.put_along_axis(claimed, order, np.logical_and.accumulate(below, axis=1), axis=1)
    return claimed


def dunnett_claims(families: Families) -> Flags:
    """Return which differences Dunnett's test claims."""
    n, m, k = families.n, families.n_baseline, families.means.shape[1]
    squares = (n - 1) * families.variances.sum(axis=1, keepdims=True) + (m - 1) * families.baseline_variances
    variance = squares / (k * (n - 1) + m - 1)
    return np.asarray(np.abs(families.differences) > _critical(k, n, m) * np.sqrt(variance * (1 / n + 1 / m)))


@lru_cache(maxsize=64)
def _critical(k: int, n: int, m: int) -> float:
    return dunnett_critical([n] * k, m, 1 - ALPHA)


def equivalences(families: Families, margin: float) -> Flags:
    """Return which verdicts are EQUIVALENT: the 90 % interval lies inside the margin, and no difference is claimed."""
    error, df = families.welch()
    inside = np.abs(families.differences) + stdtrit(df, 1 - ALPHA) * error < margin
    return inside & ~holm_claims(families)


CLAIMS: dict[str, Callable[[Families], Flags]] = {
    "welch": holm_claims,
    "paired": holm_claims,
    "dunnett": dunnett_claims,
}


def better(families: Families, rule: str) -> Flags:
    """Return in which studies the first variant is BETTER."""
    return CLAIMS[rule](families)[:, 0] & (families.differences[:, 0] > 0)


# --- what is promised


def with_spread(n: int, std: float) -> Floats:
    """Return n scores with mean 0 and exactly this standard deviation."""
    scores = np.arange(n) - (n - 1) / 2
    return np.asarray(std * scores / scores.std(ddof=1))


def promise(
    rule: str, sizes: tuple[int, int, int], std: float, std_baseline: float,
    difference: float = 1.0, margin: float | None = None,
) -> SeedPlan:  # fmt: skip
    """Return the plan of a comparison whose arms have these standard deviations (paired: whose differences have `std`).

    Args:
        rule: what decides.
        sizes: comparisons, runs of each variant, runs of the baseline.
        std: of the variant, or of the differences.
        std_baseline: of the baseline and, for Dunnett's test, of the other variants.
        difference: that is observed.
        margin: smallest difference that matters.
    """
    k, n, m = sizes
    baseline = with_spread(m, std_baseline)
    variant = with_spread(n, std) + difference + (baseline if rule == "paired" else 0)
    others = [with_spread(n, std_baseline)] * (k - 1)
    joint = dunnett([variant, *others], baseline) if rule == "dunnett" else None
    return plan_seeds(
        [(variant, baseline)], ALPHA, paired=rule == "paired", dunnett=joint, margin=margin, comparisons=k
    )[0]


# --- normal noise


def normal_families(
    sizes: tuple[int, int, int], std: float, difference: float, studies: int, rng: np.random.Generator,
    std_others: float | None = None,
) -> Families:  # fmt: skip
    """Draw means and variances of normal runs: of the baseline (std 1), of a variant that differs, and of others."""
    k, n, m = sizes
    stds = np.full(k, std if std_others is None else std_others)
    stds[0] = std
    means = stds * rng.standard_normal((studies, k)) / np.sqrt(n)
    means[:, 0] += difference
    variances = stds**2 * rng.chisquare(n - 1, (studies, k)) / (n - 1)
    baseline = rng.standard_normal((studies, 1)) / np.sqrt(m)
    return Families(n, m, means, variances, baseline, rng.chisquare(m - 1, (studies, 1)) / (m - 1))


def normal_pairs(k: int, n: int, difference: float, studies: int, rng: np.random.Generator) -> Families:
    """Draw differences with standard deviation 1 of runs that share a baseline, and so correlate."""
    shared, own = rng.standard_normal((studies, 1, n)), rng.standard_normal((studies, k, n))
    differences = np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own
    differences[:, 0] += difference
    return summarised_pairs(differences)


def _share(draw: Callable[[int], Flags], studies: int) -> float:
    """Return the share of studies in which something holds, drawn in parts that fit in memory."""
    parts = [min(_CHUNK, studies - start) for start in range(0, studies, _CHUNK)]
    return sum(int(draw(part).sum()) for part in parts) / studies


def simulated_power(
    rule: str, sizes: tuple[int, int, int], ratio: float, effort: Effort, std_others: float | None = None
) -> list[Promise]:
    """Measure how often the detectable difference is detected.

    Args:
        rule: what decides.
        sizes: comparisons, runs of each variant, runs of the baseline.
        ratio: standard deviation of the variant over that of the baseline.
        effort: how many studies.
        std_others: standard deviation of the other variants over that of the baseline; None means `ratio`.
    """
    case = f"ratio {ratio}" if std_others is None else f"ratio {ratio}, others {std_others:g}"
    rng = generator("power", rule, *sizes, case)
    difference = promise(rule, sizes, ratio, 1.0).detectable_difference
    assert difference is not None
    row = unmeasured("power", SIMULATED, rule, case, sizes, effort.simulated, difference=difference, promised=POWER)

    def draw(studies: int) -> Flags:
        if rule == "paired":
            return better(normal_pairs(sizes[0], sizes[1], difference, studies, rng), rule)
        return better(normal_families(sizes, ratio, difference, studies, rng, std_others), rule)

    return [measured(row, _share(draw, row.studies))]


def simulated_seeds(k: int, difference: float, ratio: float, effort: Effort) -> list[Promise]:
    """Measure how often Welch's test detects a difference with the seeds said to be needed, and with one fewer."""
    case, scale = f"ratio {ratio}", float(np.sqrt((ratio**2 + 1) / 2))
    rng = generator("seeds", k, case, str(difference))
    true = difference * scale
    needed = promise("welch", (k, 5, 5), ratio, 1.0, difference=true).seeds_needed
    assert needed is not None
    rows = []
    for label, n in (("needed", needed), ("one fewer", needed - 1)):
        error = np.sqrt((ratio**2 + 1) / n)
        promised = float(welch_thresholds(n, n, ratio**2 / (ratio**2 + 1), ALPHA / k).power([true / error])[0])
        row = unmeasured("seeds", SIMULATED, "welch", f"{case}, {difference:g} std, {label}", (k, n, n),
                         effort.simulated, difference=true, promised=promised)  # fmt: skip
        draw = partial(_draw_better, (k, n, n), ratio, true, rng=rng)
        rows.append(measured(row, _share(draw, row.studies)))
    return rows


def _draw_better(
    sizes: tuple[int, int, int], ratio: float, difference: float, studies: int, rng: np.random.Generator
) -> Flags:
    return better(normal_families(sizes, ratio, difference, studies, rng), "welch")


@lru_cache(maxsize=256)
def enough_margin(rule: str, n: int, ratio: float) -> float:
    """Return the smallest margin for which n seeds are said to be enough to show equivalence.

    It is in units of the root mean square of both arms' standard deviations; paired, of that of the differences.
    """
    low, high = 0.1, 20.0
    while high / low > 1.0005:
        middle = float(np.sqrt(low * high))
        needed = promise(rule, (1, 5, 5), ratio, 1.0, margin=middle * _scale(rule, ratio)).seeds_for_equivalence
        assert needed is not None
        low, high = (middle, high) if needed > n else (low, middle)
    return high


def _scale(rule: str, ratio: float) -> float:
    return 1.0 if rule == "paired" else float(np.sqrt((ratio**2 + 1) / 2))


def simulated_equivalence(rule: str, k: int, n: int, ratio: float, effort: Effort) -> list[Promise]:
    """Measure how often equal variants are EQUIVALENT within the smallest margin for which n seeds are said to do."""
    case = f"ratio {ratio}"
    rng = generator("equivalence", rule, k, n, case)
    margin = enough_margin(rule, n, ratio)
    row = unmeasured("equivalence", SIMULATED, rule, case, (k, n, n), effort.simulated,
                     difference=margin, promised=POWER)  # fmt: skip
    draw = partial(_draw_equivalent, rule, (k, n, n), ratio, margin * _scale(rule, ratio), rng=rng)
    return [measured(row, _share(draw, row.studies))]


def _draw_equivalent(
    rule: str, sizes: tuple[int, int, int], ratio: float, margin: float, studies: int, rng: np.random.Generator
) -> Flags:
    k, n, _ = sizes
    if rule == "paired":
        return np.asarray(equivalences(normal_pairs(k, n, 0.0, studies, rng), margin)[:, 0])
    drawn = normal_families(sizes, ratio, 0.0, studies, rng)
    return np.asarray(equivalences(drawn, margin)[:, 0])


def observed_spreads(n: int, effort: Effort) -> list[Promise]:
    """Measure the true power at the detectable difference that a study computes from its own standard deviations.

    The rows are quantiles of this power, and how often it is below one half.
    """
    rng = generator("observed_spread", n)
    studies = max(50, effort.simulated // 20)
    scores = rng.standard_normal((studies, 2, n))
    plans = plan_seeds([(a, b) for a, b in scores], ALPHA, comparisons=1)
    differences = np.array([plan.detectable_difference for plan in plans], dtype=np.float64)
    powers = welch_thresholds(np.full(studies, n), n, 0.5, ALPHA).power(differences / np.sqrt(2 / n))
    found = {f"quantile {q:g}": float(np.quantile(powers, q)) for q in OBSERVED_QUANTILES}
    found["below 0.5"] = float((powers < 0.5).mean())
    rows = (unmeasured("observed_spread", SIMULATED, "welch", case, (1, n, n), studies) for case in found)
    return [measured(row, rate) for row, rate in zip(rows, found.values(), strict=True)]


# --- real noise: runs are drawn with replacement, so that the pool is the population and its standard deviation known


def families_from(
    pool: Counts, sizes: tuple[int, int, int], shift: float, studies: int, rng: np.random.Generator
) -> Families:
    """Draw all arms from one pool, and add `shift` to the first variant's scores."""
    k, n, m = sizes
    variants = rng.choice(pool, (studies, k, n)).astype(np.float64)
    variants[:, 0] += shift
    return summarised(variants, rng.choice(pool, (studies, m)).astype(np.float64))


def pairs_from(differences: Counts, n: int, shift: float, studies: int, rng: np.random.Generator) -> Families:
    """Draw differences of runs of one seed, recentred, and add `shift`."""
    return summarised_pairs(rng.choice(differences, (studies, 1, n)) - differences.mean() + shift)


def real_power(
    rule: str, sizes: tuple[int, int, int], name: str, pools: Sequence[Counts], effort: Effort
) -> list[Promise]:
    """Measure how often the detectable difference is detected, with real runs as noise.

    Args:
        rule: what decides.
        sizes: comparisons, runs of each variant, runs of the baseline.
        name: of the pool.
        pools: the pool; where runs are paired, the variant's and the baseline's.
        effort: how many studies.
    """
    rng = generator("power", REAL, rule, *sizes, name)

    def planned(own: Sequence[Counts]) -> tuple[Counts, float]:
        noise = own[0] - own[1] if rule == "paired" else own[0]
        std = float(noise.std())
        shift = promise(rule, sizes, std, std).detectable_difference
        assert shift is not None
        return noise, shift

    def rate(own: Sequence[Counts], studies: int, rng: np.random.Generator) -> float:
        noise, shift = planned(own)
        if rule == "paired":
            return float(better(pairs_from(noise, sizes[1], shift, studies, rng), rule).mean())
        return _share(lambda part: better(families_from(noise, sizes, shift, part, rng), rule), studies)

    noise, shift = planned(pools)
    row = unmeasured("power", REAL, rule, name, sizes, effort.drawn,
                     difference=shift / float(noise.std()), promised=POWER)  # fmt: skip
    return [from_pool(row, pools, rate, effort, rng)]


def real_equivalence(n: int, name: str, pool: Counts, effort: Effort) -> list[Promise]:
    """Measure the same for two arms of one pool."""
    rng = generator("equivalence", REAL, name, n)
    margin = enough_margin("welch", n, 1)

    def rate(own: Sequence[Counts], studies: int, rng: np.random.Generator) -> float:
        drawn = families_from(own[0], (1, n, n), 0.0, studies, rng)
        return float(equivalences(drawn, margin * float(own[0].std())).mean())

    row = unmeasured("equivalence", REAL, "welch", name, (1, n, n), effort.drawn, difference=margin, promised=POWER)
    return [from_pool(row, [pool], rate, effort, rng)]


# --- all of it


def tasks(pools: Pools, effort: Effort, families: Sequence[int] = FAMILIES) -> list[Callable[[], list[Promise]]]:
    """Return all measurements of power."""
    found: list[Callable[[], list[Promise]]] = []
    for k in sorted(families, reverse=True):
        found += [partial(simulated_power, "welch", (k, n, m), ratio, effort) for n, m in SIZES for ratio in RATIOS]
        found += [partial(simulated_power, "paired", (k, n, n), 1, effort) for n in EQUAL_SIZES]
        found += [partial(simulated_power, "dunnett", (k, n, m), 1, effort) for n, m in SIZES]
        found += [partial(simulated_power, "dunnett", (k, n, n), 3, effort, std_others=1.0) for n in EQUAL_SIZES]
        found += [partial(simulated_seeds, k, size, ratio, effort) for size in DIFFERENCES for ratio in (1, 3)]
        for rule, ratios in (("welch", RATIOS), ("paired", (1,))):
            found += [
                partial(simulated_equivalence, rule, k, n, ratio, effort) for n in EQUAL_SIZES for ratio in ratios
            ]
        for name, pool in (("baseline", pools.baseline), ("variant", pools.variant)):
            found += [
                partial(real_power, rule, (k, n, m), name, [pool], effort)
                for rule in ("welch", "dunnett")
                for n, m in REAL_SIZES
            ]
    if 1 in families:
        found += [partial(observed_spreads, n, effort) for n in EQUAL_SIZES]
        found += [
            partial(real_power, "paired", (1, n, n), "variant and baseline", [pools.variant, pools.baseline], effort)
            for n in (3, 5, 10)
        ]
        for name, pool in (("baseline", pools.baseline), ("variant", pools.variant)):
            found += [partial(real_equivalence, n, name, pool, effort) for n in (3, 5, 10)]
    return found
