"""What each source of randomness contributes to the seed-to-seed variance.

Bouthillier et al. (2021) hold all sources but one fixed to see what that one contributes; these studies do the same.
The runs of such a variant share one setting of the fixed sources, so a share describes that setting only. The shares of
single sources need not add up to 1, because sources interact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.special import fdtri

from seedwise.statistics.arm import Arm
from seedwise.statistics.intervals import as_scores, check_confidence, mean_std, sigma_interval
from seedwise.statistics.runs import arms


@dataclass(frozen=True)
class VarianceShare:
    """The ratio of two variances with its interval, whose ends are None if the first variance is 0."""

    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Contribution:
    """A row of sources.csv: how much the runs of a variant differ when only some sources of randomness vary.

    Attributes:
        variant: its name.
        varied: the sources that vary, joined by ";"; empty if none does.
        n: number of usable runs.
        std: standard deviation of the metric (ddof=1); None with fewer than two runs, or if a run has no finite value.
        std_low: with `std_high` the chi-square interval of σ.
        share: the variance as a share of that of `reference`.
        share_low: with `share_high` the interval of the share.
        reference: the variant in which all sources vary; empty if there is none, or if it is this variant.
    """

    variant: str
    varied: str
    n: int
    std: float | None
    std_low: float | None
    std_high: float | None
    share: float | None
    share_low: float | None
    share_high: float | None
    reference: str


def variance_share(
    scores: Sequence[float], reference: Sequence[float], confidence: float = 0.95
) -> VarianceShare | None:
    """Divide the variance of `scores` by that of `reference`; the interval is that of an F-distributed ratio.

    s₁²/s₂² · σ₂²/σ₁² ~ F(n₁ − 1, n₂ − 1) for independent normal samples (Snedecor & Cochran 1989). Runs of one seed
    share the source that varies in both samples. This correlation makes the ratio vary less than F says, so that the
    interval covers at least as often as it should. None if `reference` does not vary.

    Raises:
        DataError: fewer than two scores in a sample, or not finite.
    """
    confidence = check_confidence(confidence)
    first, second = as_scores(scores, minimum=2), as_scores(reference, minimum=2)
    std, reference_std = mean_std(first)[1], mean_std(second)[1]
    if reference_std == 0:
        return None
    ratio = (std / reference_std) ** 2
    if ratio == 0:
        return VarianceShare(0.0, None, None)
    tail, degrees = (1 - confidence) / 2, (first.size - 1, second.size - 1)
    return VarianceShare(ratio, ratio / float(fdtri(*degrees, 1 - tail)), ratio / float(fdtri(*degrees, tail)))


def contributions(
    runs: pd.DataFrame,
    metric: str,
    varied: Mapping[str, Sequence[str]],
    everything: Sequence[str],
    confidence: float = 0.95,
) -> list[Contribution]:
    """Compare the spread of variants that differ only in which sources of randomness vary.

    Args:
        runs: one row per run; columns as in `seedwise.statistics.runs.arms`.
        metric: column to analyse.
        varied: the sources that vary, by variant, in the order of the rows.
        everything: all sources; the first variant in which they all vary is the reference.
        confidence: of each interval on its own.

    Raises:
        DataError: as `arms`.
    """
    found = {arm.variant: arm for arm in arms(runs, metric, list(varied))}
    reference = next((name for name, streams in varied.items() if set(streams) == set(everything)), None)
    return [_contribution(found[name], varied[name], found.get(reference or ""), confidence) for name in varied]


def _contribution(arm: Arm, streams: Sequence[str], reference: Arm | None, confidence: float) -> Contribution:
    usable = _usable(arm)
    sigma = sigma_interval(arm.scores, confidence) if usable else None
    share = None
    if usable and reference is not None and _usable(reference) and reference is not arm:
        share = variance_share(arm.scores.tolist(), reference.scores.tolist(), confidence)
    return Contribution(
        variant=arm.variant,
        varied=";".join(streams),
        n=len(arm.scores),
        std=mean_std(arm.scores)[1] if usable else None,
        std_low=sigma.low if sigma else None,
        std_high=sigma.high if sigma and math.isfinite(sigma.high) else None,
        share=share.share if share else None,
        share_low=share.low if share else None,
        share_high=share.high if share else None,
        reference=reference.variant if reference is not None and reference is not arm else "",
    )


def _usable(arm: Arm) -> bool:
    return arm.complete and len(arm.scores) >= 2
