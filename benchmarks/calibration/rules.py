"""Decision rules applied to many studies at once.

Each rule returns a sign for every study: 1 for "the variant is better", -1 for "worse", 0 for "no claim". The t tests
are closed forms of `seedwise.statistics`, which does one study at a time; tests compare the two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import stdtr, stdtrit

from benchmarks.calibration.draws import Counts, Floats, Studies
from seedwise.statistics import bootstrap_cis, permutation_test

Signs = NDArray[np.int8]
ALPHA = 0.05
_LEVEL_TOLERANCE = 1e-12
_CHUNK = 1 << 22

LABELS = {
    "percentile_difference": "percentile bootstrap CI of the difference excludes 0",
    "percentile_overlap": "the two percentile bootstrap CIs do not overlap",
    "t_overlap": "the two t intervals do not overlap",
    "rule_separate": "difference > 2·√(s₁² + s₂²)",
    "rule_pooled": "difference > 2·pooled std",
    "permutation": "permutation test, p < 0.05",
    "pooled_t": "pooled t test, p < 0.05",
    "paired_t": "paired t test, p < 0.05",
    "welch": "Welch's t test, p < 0.05",
    "welch_family": "Welch's t test of two variants, any p < 0.05",
    "holm_welch": "Welch's t test of two variants, Holm p < 0.05",
}


def apply_rules(studies: Studies) -> dict[str, Signs]:
    """Return the claim of every rule about every study; the two rules for families are in `apply_family_rules`."""
    variant, baseline, _ = studies.arms
    difference = variant.mean(axis=1) - baseline.mean(axis=1)
    own, other = variant.var(axis=1, ddof=1), baseline.var(axis=1, ddof=1)
    n = variant.shape[1]
    half_width = stdtrit(n - 1, 1 - ALPHA / 2) / np.sqrt(n)
    claims = {
        "t_overlap": np.abs(difference) > half_width * (np.sqrt(own) + np.sqrt(other)),
        "rule_separate": np.abs(difference) > 2 * np.sqrt(own + other),
        "rule_pooled": np.abs(difference) > 2 * np.sqrt((own + other) / 2),
        "pooled_t": t_p_values(difference, (own + other) / n, 2 * n - 2) < ALPHA,
        "paired_t": t_p_values(difference, (variant - baseline).var(axis=1, ddof=1) / n, n - 1) < ALPHA,
        "welch": welch_p_values(variant, baseline) < ALPHA,
        "permutation": permutation_p_values(variant, baseline) < ALPHA,
    }
    direction = np.sign(difference).astype(np.int8)
    return {
        "percentile_difference": percentile_difference_signs(studies),
        "percentile_overlap": percentile_overlap_signs(studies),
        **{rule: direction * claimed for rule, claimed in claims.items()},
    }


def apply_family_rules(studies: Studies) -> dict[str, tuple[Signs, Signs]]:
    """Return the claims about the variant and the copy against the baseline, without and with Holm's correction."""
    variant, baseline, copy = studies.arms
    p_values = [welch_p_values(arm, baseline) for arm in (variant, copy)]
    signs = [np.sign((arm - baseline).mean(axis=1)).astype(np.int8) for arm in (variant, copy)]
    smaller, larger = np.minimum(*p_values), np.maximum(*p_values)
    first = 2 * smaller < ALPHA  # Holm 1979: the larger p is not doubled once the smaller, doubled, is significant
    holm = [(p == smaller) & first | (p == larger) & first & (larger < ALPHA) for p in p_values]
    return {
        "welch_family": (signs[0] * (p_values[0] < ALPHA), signs[1] * (p_values[1] < ALPHA)),
        "holm_welch": (signs[0] * holm[0], signs[1] * holm[1]),
    }


def t_p_values(difference: Floats, variance: Floats, df: Floats | float) -> Floats:
    """Return the two-sided p values of difference/√variance; 1 where the variance is 0 and the test undefined."""
    statistic = np.divide(np.abs(difference), np.sqrt(variance), out=np.zeros_like(difference), where=variance > 0)
    p_values: Floats = 2 * stdtr(df, -statistic)
    return p_values


def welch_p_values(variant: Floats, baseline: Floats) -> Floats:
    """Return the p values of Welch's (1947) test, row by row."""
    n = variant.shape[1]
    own, other = variant.var(axis=1, ddof=1) / n, baseline.var(axis=1, ddof=1) / n
    squares = own**2 + other**2
    df = np.divide((n - 1) * (own + other) ** 2, squares, out=np.ones_like(own), where=squares > 0)
    return t_p_values(variant.mean(axis=1) - baseline.mean(axis=1), own + other, df)


def permutation_p_values(variant: Floats, baseline: Floats) -> Floats:
    """Return the p values of the exact permutation test, row by row."""
    if variant.shape[1] <= 3:
        return np.ones(len(variant))  # the smallest possible p value for 3 v 3 is 0.10: nothing can be claimed
    return np.array([permutation_test(a, b).p_value for a, b in zip(variant, baseline, strict=True)])


def percentile_overlap_signs(studies: Studies) -> Signs:
    """Claim a difference where the percentile intervals of the arms do not overlap."""
    low, high = (limit + studies.variant_shift for limit in bootstrap_cis(studies.variant, 1 - ALPHA))
    low_0, high_0 = (limit + studies.baseline_shift for limit in bootstrap_cis(studies.baseline, 1 - ALPHA))
    return (low > high_0).astype(np.int8) - (high < low_0).astype(np.int8)


def percentile_difference_signs(studies: Studies) -> Signs:
    """Claim a difference where the percentile interval of the difference of means excludes 0.

    The interval itself is not needed. It is above 0 exactly if the bootstrap probability of a value ≤ 0 is less than
    2.5 %, and below 0 exactly if that of a value < 0 is at least 97.5 %.
    """
    count, n = studies.variant.shape
    # In sums of n counts, the difference is below 0 where that of the unshifted counts is below this.
    zero = n * (studies.baseline_shift - studies.variant_shift)
    longest = int(np.ptp(studies.variant, axis=1).max() + np.ptp(studies.baseline, axis=1).max()) * n + 1
    signs = np.empty(count, dtype=np.int8)
    block = max(1, _CHUNK // longest)
    for start in range(0, count, block):
        part = slice(start, start + block)
        probabilities, smallest = _difference_distribution(studies.variant[part], studies.baseline[part])
        cumulative = np.pad(np.cumsum(probabilities, axis=1), ((0, 0), (1, 0)))
        row, last = np.arange(len(cumulative)), cumulative.shape[1] - 1
        at_most = cumulative[row, np.clip(np.floor(zero[part]).astype(np.int64) - smallest + 1, 0, last)]
        below = cumulative[row, np.clip(np.ceil(zero[part]).astype(np.int64) - smallest, 0, last)]
        better = at_most < ALPHA / 2 - _LEVEL_TOLERANCE
        worse = below >= 1 - ALPHA / 2 - _LEVEL_TOLERANCE
        signs[part] = better.astype(np.int8) - worse.astype(np.int8)
    return signs


def _difference_distribution(a: Counts, b: Counts) -> tuple[Floats, Counts]:
    """Return the exact probabilities of Σa* − Σb* for each study, from its smallest value on, and that value.

    The sums of resampled counts are convolutions of the empirical distributions: powers of their Fourier transforms.
    """
    n = a.shape[1]
    low_a, high_b = a.min(axis=1), b.max(axis=1)
    offsets = a - low_a[:, None], high_b[:, None] - b
    length = next_fast_len(n * int(offsets[0].max() + offsets[1].max()) + 1, real=True)
    spectrum = np.ones((len(a), length // 2 + 1), dtype=np.complex128)
    for offset in offsets:
        flat = (offset + length * np.arange(len(a))[:, None]).ravel()
        masses = np.bincount(flat, minlength=len(a) * length).reshape(len(a), length) / n
        spectrum *= rfft(masses, axis=1) ** n
    return irfft(spectrum, length, axis=1), n * (low_a - high_b)
