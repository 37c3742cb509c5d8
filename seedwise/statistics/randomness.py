"""Where the seed-to-seed variance comes from: variants in which only some sources of randomness vary.

Bouthillier et al. (2021) hold all sources but one fixed to see what that one contributes; so do these studies. The
runs of such a variant share one setting of the fixed sources, so a share tells about that setting, and shares of
single sources need not add up to 1: sources interact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from seedwise.statistics.intervals import as_scores, check_confidence, mean_std, sigma_interval
from seedwise.statistics.runs import Arm, arms


@dataclass(frozen=True)
class VarianceShare:
    """A variance divided by another, with its interval; the ends are None where a variance is 0."""

    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Contribution:
    """A row of sources.csv: the spread between the runs of a variant in which only `varied` varies.

    Attributes:
        variant: its name.
        varied: the sources that vary, ";"-joined; empty if none does.
        n: usable runs.
        std: standard deviation of the metric (ddof=1); None below two runs, or if a run has no finite value.
        std_low: with `std_high` the chi-square interval of σ.
        share: of the variance of `reference`.
        share_low: with `share_high` the interval of the share.
        reference: the variant in which everything varies; empty if there is none, or if this is it.
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
    """The variance of `scores` as a share of that of `reference`, with the F interval of the ratio.

    s₁²/s₂² · σ₂²/σ₁² ~ F(n₁ − 1, n₂ − 1) for independent normal samples (Snedecor & Cochran 1989). Runs of one seed
    share the source that varies in both samples; that correlation makes the ratio steadier than F says, so the
    interval then covers at least as often as its name says. None if `reference` does not vary.

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
    return VarianceShare(ratio, ratio / float(stats.f.isf(tail, *degrees)), ratio / float(stats.f.ppf(tail, *degrees)))


def contributions(
    runs: pd.DataFrame,
    metric: str,
    varied: Mapping[str, Sequence[str]],
    everything: Sequence[str],
    confidence: float = 0.95,
) -> list[Contribution]:
    """Compare the spread of variants that differ only in what varies.

    Args:
        runs: a row per run; columns as in `seedwise.statistics.runs.arms`.
        metric: column to analyse.
        varied: per variant the sources of randomness that vary, in the order of the rows.
        everything: all sources; the first variant that varies them is the reference of the shares.
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
