"""What readers should know about the runs before they trust a table: plain sentences, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seedwise.plan import Plan
from seedwise.statistics.arm import Arm, common_seeds
from seedwise.statistics.intervals import rate_upper_bound
from seedwise.statistics.runs import arms
from seedwise.statistics.ttest import spread

SMALL_TEST_SET = 500
STD_RATIO = 3.0
_NAMED_AT_MOST = 5

# By n: the share of the range that the largest gap between neighbours exceeds in 5 % of normal samples, simulated with
# at least 200 000 samples each.
_GAP_SHARE = {
    3: 0.97,
    4: 0.851,
    5: 0.742,
    6: 0.659,
    7: 0.599,
    8: 0.551,
    10: 0.484,
    12: 0.439,
    15: 0.395,
    20: 0.349,
    30: 0.302,
    50: 0.259,
}

_PROVENANCE = {
    "code_digest": "code",
    "data_digest": "data",
    "precision": "precision",
    "threads": "thread count",
    "device": "device",
    "hardware": "hardware",
}


@dataclass(frozen=True)
class DataWarning:
    """A warning: a stable code for programs and a sentence for readers."""

    code: str
    sentence: str


def find_warnings(
    runs: pd.DataFrame, plan: Plan, n_test: int | None = None, *, other_metrics: Sequence[str] = ()
) -> list[DataWarning]:
    """Find everything about the runs that weakens a comparison of them.

    Args:
        runs: one row per run with the columns variant, seed, the plan's metric and, if known, status and provenance.
        plan: the declared plan.
        n_test: number of examples in the test set, if known.
        other_metrics: further columns of numbers in which two different runs can be expected to differ.

    Raises:
        DataError: as `seedwise.statistics.runs.arms`.
    """
    found = arms(runs, plan.metric)
    return [
        *_few_seeds(found, plan),
        *_lost_runs(found, plan),
        *_missing_seeds(runs, found, plan),
        *_unlike_seeds(found),
        *_spreads(found, plan),
        *_pairs(found, plan),
        *_identical(runs, found, [plan.metric, *other_metrics]),
        *_test_set(n_test),
        *_provenance(runs, plan),
    ]


def _few_seeds(found: Sequence[Arm], plan: Plan) -> Iterator[DataWarning]:
    three = [arm.variant for arm in found if len(arm.scores) == 3]
    if three:
        yield DataWarning(
            "three_seeds",
            f"With 3 seeds the {plan.confidence:.0%} percentile bootstrap is just the observed range; for roughly "
            f"normal seed noise the range contains the true mean about 75% of the time ({_names(three)}).",
        )
    few = [arm.variant for arm in found if len(arm.scores) < 5]
    if few:
        yield DataWarning(
            "few_seeds", f"Fewer than 5 usable seeds: only large differences can be detected ({_names(few)})."
        )


def _lost_runs(found: Sequence[Arm], plan: Plan) -> Iterator[DataWarning]:
    for arm in found:
        if arm.n_diverged:
            total = len(arm.recorded) + arm.n_diverged
            high = rate_upper_bound(arm.n_diverged, total, plan.confidence)
            yield DataWarning(
                "diverged_runs",
                f"{arm.n_diverged} of {total} runs of {arm.variant} diverged (rates up to {high:.0%} remain "
                "compatible): its mean and intervals describe the runs that finished, and no finite interval covers "
                "a metric that may diverge.",
            )
    for arm in found:
        if arm.n_failed:
            yield DataWarning(
                "failed_runs",
                f"{arm.n_failed} {_runs(arm.n_failed)} of {arm.variant} failed and {_have(arm.n_failed)} no score; if "
                "failing depends on the variant, what is left is not a fair sample.",
            )
    for arm in found:
        unusable = len(arm.recorded) - len(arm.scores)
        if unusable:
            yield DataWarning(
                "not_finite",
                f"{unusable} finished {_runs(unusable)} of {arm.variant} {_have(unusable)} no finite {plan.metric}: "
                "nothing is claimed about this variant.",
            )


def _missing_seeds(runs: pd.DataFrame, found: Sequence[Arm], plan: Plan) -> Iterator[DataWarning]:
    if plan.pairing == "seed":
        return  # `unpaired_seeds` reports them
    # A lost run is in the table with its status; a seed that is missing altogether may be an unrecorded crash.
    seeds: dict[str, set[object]] = {arm.variant: set() for arm in found}
    for variant, seed in zip(runs["variant"].astype(str), runs["seed"], strict=True):
        seeds[variant].add(seed)
    reference = seeds.get(plan.baseline, set())
    every = set().union(*(own for own in seeds.values() if own & reference))
    fewer = [arm.variant for arm in found if seeds[arm.variant] & reference and seeds[arm.variant] < every]
    if fewer:
        yield DataWarning(
            "missing_seeds",
            "Some variants have no run with a seed that another has: a run that crashed belongs in the table as failed "
            f"or diverged, or the result is biased ({_names(fewer)}).",
        )


def _unlike_seeds(found: Sequence[Arm]) -> Iterator[DataWarning]:
    for arm in found:
        n = len(arm.scores)
        if n < 3 or spread(arm.scores) <= 0:
            continue
        ordered = np.sort(arm.scores)
        gaps = np.diff(ordered)
        largest = int(np.argmax(gaps))
        if gaps[largest] / (ordered[-1] - ordered[0]) > _gap_limit(n):
            yield DataWarning(
                "gap_between_seeds",
                f"The seeds of {arm.variant} fall into two groups: no score lies between "
                f"{_short(ordered[largest])} and {_short(ordered[largest + 1])}. Did a run diverge? (Among {n} normal "
                "scores, chance alone makes a gap this wide 1 time in 20.)",
            )


def _gap_limit(n: int) -> float:
    sizes = sorted(_GAP_SHARE)
    return float(np.interp(n, sizes, [_GAP_SHARE[size] for size in sizes]))


def _spreads(found: Sequence[Arm], plan: Plan) -> Iterator[DataWarning]:
    baseline = next((arm for arm in found if arm.variant == plan.baseline and len(arm.scores) > 1), None)
    if baseline is None:
        return
    reference = spread(baseline.scores)
    unlike = []
    for arm in found:
        if arm is not baseline and len(arm.scores) > 1:
            low, high = sorted([spread(arm.scores), reference])
            if high > STD_RATIO * low:
                unlike.append(arm.variant)
    if unlike:
        yield DataWarning(
            "unequal_spread",
            f"The seed standard deviation differs from the baseline's by more than a factor of {STD_RATIO:g}: do not "
            f"assume equal variances ({_names(unlike)}).",
        )


def _pairs(found: Sequence[Arm], plan: Plan) -> Iterator[DataWarning]:
    baseline = next((arm for arm in found if arm.variant == plan.baseline), None)
    if plan.pairing != "seed" or baseline is None:
        return
    negative, unmatched = [], []
    for arm in found:
        if arm is baseline:
            continue
        _, a, b = common_seeds(arm, baseline)
        if len(a) > 2 and spread(a) > 0 and spread(b) > 0 and float(np.corrcoef(a, b)[0, 1]) < 0:
            negative.append(arm.variant)
        if len(a) < max(len(arm.scores), len(baseline.scores)):
            unmatched.append(arm.variant)
    if negative:
        yield DataWarning(
            "negative_correlation",
            "Runs of one seed are negatively correlated with the baseline's: pairing costs power "
            f"({_names(negative)}).",
        )
    if unmatched:
        yield DataWarning(
            "unpaired_seeds",
            "Some seeds have a usable run in one arm only and are left out of the paired comparison "
            f"({_names(unmatched)}).",
        )


def _identical(runs: pd.DataFrame, found: Sequence[Arm], metrics: Sequence[str]) -> Iterator[DataWarning]:
    # A metric that counts correct answers ties by chance; a loss beside it does not.
    columns = list(dict.fromkeys(metrics))
    finished = runs.loc[runs["status"] == "finished"] if "status" in runs.columns else runs
    recorded = finished.loc[finished[metrics[0]].notna(), ["variant", *columns]]
    twins = set(recorded.loc[recorded.duplicated(), "variant"])
    names = [arm.variant for arm in found if arm.variant in twins]
    if names:
        yield DataWarning(
            "identical_runs",
            f"Two runs with different seeds agree to the last digit: is the seed used? ({_names(names)})",
        )


def _test_set(n_test: int | None) -> Iterator[DataWarning]:
    if n_test is not None and n_test < SMALL_TEST_SET:
        yield DataWarning(
            "small_test_set",
            f"The test set has {n_test} examples, fewer than {SMALL_TEST_SET}: another test set may change the result "
            "more than other seeds would.",
        )


def _provenance(runs: pd.DataFrame, plan: Plan) -> Iterator[DataWarning]:
    """Check each variant against the baseline only, because other variants are never compared with each other."""
    usable = runs.loc[runs["status"] == "finished"] if "status" in runs.columns else runs
    for column, word in _PROVENANCE.items():
        if column not in usable.columns:
            continue
        by_variant = usable.groupby("variant")[column]
        seen = {str(variant): frozenset(values.dropna().astype(str)) for variant, values in by_variant}
        reference = seen.get(plan.baseline, frozenset())
        mixed = [str(name) for name in usable["variant"].unique() if len(seen[str(name)] | reference) > 1]
        if mixed:
            yield DataWarning(
                f"mixed_{column}",
                f"Runs that are compared differ in {word}: the difference may come from that ({_names(mixed)}).",
            )


def _names(variants: Sequence[str]) -> str:
    shown = ", ".join(variants[:_NAMED_AT_MOST])
    more = len(variants) - _NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _short(value: float) -> str:
    return f"{value:.6g}"
