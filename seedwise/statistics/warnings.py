"""What readers should know about the runs before they trust a table: plain sentences, in a fixed order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.plan import Plan
from seedwise.statistics.arm import Arm, common_seeds
from seedwise.statistics.chance import gap_limit, negative_correlation_chance, spread_chance, widest_gap
from seedwise.statistics.intervals import rate_upper_bound
from seedwise.statistics.runs import arms
from seedwise.statistics.ties import Recorded, equal_variants, recorded, repeating, repeating_scores, unused_seed
from seedwise.statistics.ttest import spread, unequal_numbers

FALSE_ALARMS: Mapping[str, float] = {
    "gap_between_seeds": 0.02,
    "unequal_spread": 0.01,
    "negative_correlation": 0.01,
    "identical_runs": 0.003,
    "constant_arm": 0.003,
    "identical_variants": 0.004,
}
"""How often each warning that can arise by chance may appear in a study in which nothing is wrong: 5 % together.

Each rate is divided among the variants or comparisons that are looked at, so it is that of the whole report.
Where there are other metrics, `repeated_scores` has half of that of `identical_runs`.
"""

NOTE = "note"
"""Code of a sentence that has none of its own, such as how a table was read."""
SMALL_TEST_SET = 500
LEAST_SPREAD_RATIO = 2.0
_COARSE = "Few digits or few test examples can do this too."
_NAMED_AT_MOST = 5
_PROVENANCE = {
    "code_digest": "code",
    "data_digest": "data",
    "precision": "precision",
    "threads": "thread count",
    "device": "device",
    "hardware": "hardware",
}

_OF_A_RUN = {"variant", "seed", "status", "reason", "source_run", "epochs", "seconds", "determinism", "commit", "dirty"}
_OF_A_RUN |= {
    "run",
    "run_id",
    "id",
    "name",
    "date",
    "time",
    "created",
    "host",
    "user",
    "note",
    "notes",
    "comment",
    "tags",
}
"""Columns of runs.csv and of tables from elsewhere that may differ from run to run; so may all digests."""


@dataclass(frozen=True)
class DataWarning:
    """A warning: a stable code for programs, a sentence for readers, and the variants that it is about.

    No variants: it is about all of them, or about the study.
    """

    code: str
    sentence: str
    variants: tuple[str, ...] = ()


def note(sentence: str) -> DataWarning:
    """A sentence without a code of its own."""
    return DataWarning(NOTE, sentence)


@dataclass(frozen=True)
class _Sample:
    """The usable scores of a variant and their standard deviation, 0 if there is only one."""

    variant: str
    scores: NDArray[np.float64]
    std: float

    @property
    def n(self) -> int:
        return len(self.scores)


_Pairs = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def find_warnings(
    runs: pd.DataFrame,
    plan: Plan,
    n_test: int | None = None,
    *,
    other_metrics: Sequence[str] = (),
    known_columns: Collection[str] | None = (),
) -> list[DataWarning]:
    """Find everything about the runs that weakens a comparison of them.

    Args:
        runs: one row per run with the columns variant, seed, the plan's metric and, if known, status and provenance.
        plan: the declared plan.
        n_test: number of examples in the test set, if known.
        other_metrics: further columns of numbers in which two different runs can be expected to differ.
        known_columns: columns that may vary within a variant without a warning; None: all of them.

    Raises:
        DataError: as `seedwise.statistics.runs.arms`.
    """
    found = arms(runs, plan.metric)
    values = recorded(runs, [arm.variant for arm in found], [plan.metric, *other_metrics])
    samples = [_Sample(arm.variant, arm.scores, spread(arm.scores) if len(arm.scores) > 1 else 0.0) for arm in found]
    baseline = next((sample for sample in samples if sample.variant == plan.baseline), None)
    others = [sample for sample in samples if sample is not baseline]
    pairs = _paired(found, plan)
    return [
        *_few_seeds(samples, pairs, plan),
        *_lost_runs(found, plan),
        *_missing_seeds(runs, found, plan),
        *_unequal_numbers(others, baseline, plan),
        *_ties(values, plan),
        *_unlike_seeds(samples, plan, values.step),
        *_spreads(others, baseline, plan, values.step),
        *_pairs(samples, pairs, values.step),
        *_varying_columns(runs, plan, other_metrics, known_columns),
        *_tuning(runs, plan),
        *_test_set(n_test),
        *_provenance(runs, plan),
    ]


def _paired(found: Sequence[Arm], plan: Plan) -> _Pairs:
    """The scores that are compared with each other, by variant; empty unless the plan pairs."""
    baseline = next((arm for arm in found if arm.variant == plan.baseline), None)
    if plan.pairing != "seed" or baseline is None:
        return {}
    return {arm.variant: common_seeds(arm, baseline)[1:] for arm in found if arm is not baseline}


def _few_seeds(samples: Sequence[_Sample], pairs: _Pairs, plan: Plan) -> Iterator[DataWarning]:
    three = [sample.variant for sample in samples if sample.n == 3 and sample.std > 0]
    if three:
        yield DataWarning(
            "three_seeds",
            f"With 3 seeds the {plan.confidence:.0%} percentile bootstrap is just the observed range; for roughly "
            f"normal seed noise the range contains the true mean about 75% of the time ({_names(three)}).",
            tuple(three),
        )
    counts = {name: len(own) for name, (own, _) in pairs.items()}
    sizes = {sample.variant: sample.n for sample in samples}
    # Where both arms have these 3 seeds only, the sentence above says it.
    three = [name for name, n in counts.items() if n == 3 and max(sizes[name], sizes[plan.baseline]) > 3]
    if three:
        yield DataWarning(
            "three_seeds",
            f"Only 3 seeds have a usable run in both arms: the paired comparison with {plan.baseline} rests on 3 "
            f"differences ({_names(three)}).",
            tuple(three),
        )
    few = [name for name, count in (counts or sizes).items() if count < 5]
    if few:
        counted = "pairs of runs with one seed" if pairs else "usable seeds"
        yield DataWarning(
            "few_seeds", f"Fewer than 5 {counted}: only large differences can be detected ({_names(few)}).", tuple(few)
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
                (arm.variant,),
            )
    for arm in found:
        if arm.n_failed:
            yield DataWarning(
                "failed_runs",
                f"{arm.n_failed} {_runs(arm.n_failed)} of {arm.variant} failed and {_have(arm.n_failed)} no score; if "
                "failing depends on the variant, what is left is not a fair sample.",
                (arm.variant,),
            )
    for arm in found:
        unusable = len(arm.recorded) - len(arm.scores)
        if unusable:
            yield DataWarning(
                "not_finite",
                f"{unusable} finished {_runs(unusable)} of {arm.variant} {_have(unusable)} no finite {plan.metric}: "
                "nothing is claimed about this variant.",
                (arm.variant,),
            )


def _missing_seeds(runs: pd.DataFrame, found: Sequence[Arm], plan: Plan) -> Iterator[DataWarning]:
    if plan.pairing == "seed":
        return  # `unpaired_seeds` reports them
    # A lost run is in the table with its status; a seed that is missing altogether may be an unrecorded crash.
    names = [arm.variant for arm in found]
    if plan.baseline not in names:
        return
    variant = pd.Categorical(runs["variant"].astype(str), categories=names).codes
    seed, seeds = pd.factorize(runs["seed"])
    ran = np.zeros((len(names), len(seeds)), dtype=bool)
    ran[variant, seed] = True
    sharing = (ran & ran[names.index(plan.baseline)]).any(axis=1)
    every = ran[sharing].any(axis=0)
    fewer = [names[index] for index in np.flatnonzero(sharing & (ran < every).any(axis=1))]
    if fewer:
        yield DataWarning(
            "missing_seeds",
            "Some variants have no run with a seed that another has: a run that crashed belongs in the table as failed "
            f"or diverged, or the result is biased ({_names(fewer)}).",
            tuple(fewer),
        )


def _unequal_numbers(others: Sequence[_Sample], baseline: _Sample | None, plan: Plan) -> Iterator[DataWarning]:
    if baseline is None or plan.variance != "separate" or plan.pairing != "none":
        return
    unequal = [sample.variant for sample in others if unequal_numbers(sample.n, baseline.n)]
    if unequal:
        yield DataWarning(
            "unequal_numbers",
            f"At most 4 runs are compared with more than twice as many ({_names(unequal)}): Welch's test then "
            f"claims a difference between equal variants more often than in {100 * plan.alpha:.3g}% of "
            "studies (for 5%: 6.4% at 3 against 10 runs, 7.6% at 3 against 30).",
            tuple(unequal),
        )


def improbable_agreement(values: Recorded) -> tuple[list[str], list[str]]:
    """Return the variants of which all runs agree, and those in which some do, where chance does not explain it."""
    level = _level_of_ties(values)
    return unused_seed(values, FALSE_ALARMS["constant_arm"]), repeating(values, level)


def _level_of_ties(values: Recorded) -> float:
    return FALSE_ALARMS["identical_runs"] / (1 if values.telling == [0] else 2)


def _ties(values: Recorded, plan: Plan) -> Iterator[DataWarning]:
    unused, twins = improbable_agreement(values)
    if unused:
        yield DataWarning(
            "constant_arm",
            f"All runs of a variant agree to the last digit although their seeds differ: is the seed used? {_COARSE} "
            f"({_names(unused)})",
            tuple(unused),
        )
    yield from _flat(values, set(unused), plan)
    if twins:
        yield DataWarning(
            "identical_runs",
            "Runs with different seeds agree to the last digit, more of them than chance explains: is the seed used? "
            f"{_COARSE} ({_names(twins)})",
            tuple(twins),
        )
    shared = [name for name in repeating_scores(values, _level_of_ties(values)) if name not in twins]
    if shared:
        yield DataWarning(
            "repeated_scores",
            f"Most runs of a variant have exactly the {plan.metric} of another run, which its steps "
            f"({_short(values.step)}) do not explain, although they differ in other metrics: does the seed reach all "
            f"that decides {plan.metric}? ({_names(shared)})",
            tuple(shared),
        )
    equal = equal_variants(values, FALSE_ALARMS["identical_variants"])
    if equal:
        yield DataWarning(
            "identical_variants",
            "Variants agree seed by seed, to the last digit: did the setting in which they differ take effect? "
            f"({_names([_names(group, ' = ') for group in equal], '; ')})",
            tuple(name for group in equal for name in group),
        )


def _flat(values: Recorded, unused: Collection[str], plan: Plan) -> Iterator[DataWarning]:
    """Name the variants of which all scores are equal, where that is not a sign that the seed is unused."""
    flat = [arm for arm in values.constant() if values.names[arm] not in unused]
    reasons = {
        f"may come from its coarse steps ({_short(values.step)}) or from a seed that is not used, and is no certainty. "
        "More digits, or a loss beside it, would tell": [arm for arm in flat if values.distinct[arm] == 1],
        f"comes from its coarse steps ({_short(values.step)}), because the runs differ in other metrics, and is no "
        "certainty": [arm for arm in flat if values.distinct[arm] > 1],
    }
    for reason, found in reasons.items():
        names = [values.names[arm] for arm in found]
        if names:
            yield DataWarning(
                "no_spread",
                f"All runs of a variant have the same {plan.metric} ({_names(names)}): a standard deviation of 0 "
                f"{reason}.",
                tuple(names),
            )


def _unlike_seeds(samples: Sequence[_Sample], plan: Plan, step: float) -> Iterator[DataWarning]:
    tested = [sample for sample in samples if sample.n >= 3 and sample.std > 0]
    level = FALSE_ALARMS["gap_between_seeds"]
    for sample in tested:
        low, high, share = widest_gap(sample.scores, step)
        if share > gap_limit(sample.n, level / len(tested)):
            cause = (
                "Did a run diverge?" if _falls_behind(sample, plan) else "Did the runs differ in more than the seed?"
            )
            yield DataWarning(
                "gap_between_seeds",
                f"The seeds of {sample.variant} fall into two groups: no score lies between {_short(low)} and "
                f"{_short(high)}. {cause} (Normal noise makes so wide a gap anywhere in fewer than 1 of "
                f"{round(1 / level)} studies of this size.)",
                (sample.variant,),
            )


def _falls_behind(sample: _Sample, plan: Plan) -> bool:
    """Whether the score that is farthest from the median is a bad one, as that of a run that diverged is."""
    scores = sample.scores if plan.higher_is_better else -sample.scores
    middle = np.median(scores)
    above, below = scores.max() - middle, middle - scores.min()
    return bool(below > above or np.isclose(below, above))


def _spreads(others: Sequence[_Sample], baseline: _Sample | None, plan: Plan, step: float) -> Iterator[DataWarning]:
    if baseline is None or baseline.std == 0:
        return
    tested = [sample for sample in others if sample.std > 0]
    level = FALSE_ALARMS["unequal_spread"] / max(len(tested), 1)
    unlike, behind = {}, False
    for sample in tested:
        ratio = sample.std / baseline.std
        if max(ratio, 1 / ratio) < LEAST_SPREAD_RATIO:
            continue
        if spread_chance((sample.std, baseline.std), (sample.n, baseline.n), step) < level:
            unlike[sample.variant] = f"{sample.variant} ×{ratio:.2g}"
            behind |= _falls_behind(sample if ratio > 1 else baseline, plan)
    if unlike:
        cause = (
            "did a run of the wider one diverge" if behind else "did runs of the wider one differ in more than the seed"
        )
        yield DataWarning(
            "unequal_spread",
            f"The seed standard deviation is unlike that of {baseline.variant} ({_names(list(unlike.values()))}): "
            f"{cause}? {_remark_on_spreads(plan)}",
            tuple(unlike),
        )


def _remark_on_spreads(plan: Plan) -> str:
    if plan.variance == "pooled":
        return "Dunnett's test, which decides, assumes that they are equal."
    test = "The paired test" if plan.pairing == "seed" else "Welch's test"
    return f"{test}, which decides, allows for that; what pools the two does not."


def _pairs(samples: Sequence[_Sample], pairs: _Pairs, step: float) -> Iterator[DataWarning]:
    tested = {name: (a, b) for name, (a, b) in pairs.items() if len(a) > 2}
    level = FALSE_ALARMS["negative_correlation"] / max(len(tested), 1)
    negative = [name for name, (a, b) in tested.items() if negative_correlation_chance(a, b, step) < level]
    if negative:
        yield DataWarning(
            "negative_correlation",
            "Runs of one seed are negatively correlated with the baseline's: pairing costs power "
            f"({_names(negative)}).",
            tuple(negative),
        )
    most = max((sample.n for sample in samples if sample.variant not in pairs), default=0)  # of the baseline
    unmatched = [
        sample.variant
        for sample in samples
        if sample.variant in pairs and len(pairs[sample.variant][0]) < max(sample.n, most)
    ]
    if unmatched:
        yield DataWarning(
            "unpaired_seeds",
            "Some seeds have a usable run in one arm only and are left out of the paired comparison "
            f"({_names(unmatched)}).",
            tuple(unmatched),
        )


def _varying_columns(
    runs: pd.DataFrame, plan: Plan, other_metrics: Sequence[str], known: Collection[str] | None
) -> Iterator[DataWarning]:
    """A setting that varies within a variant hides in a table that was made elsewhere; runs.csv has no such column."""
    if known is None:
        return
    passed = {*_OF_A_RUN, *_PROVENANCE, plan.metric, *other_metrics, *known}
    finished = runs.loc[runs["status"] == "finished"] if "status" in runs.columns else runs
    finished = finished.reset_index(drop=True)
    for column in finished.columns:
        if column in passed or str(column).endswith("_digest"):
            continue
        given = finished.loc[
            finished[column].notna() & (finished[column].astype(str) != ""), ["variant", "seed", column]
        ]
        values = given[column].astype(str)
        distinct = values.nunique()
        # A column with a value for each run (a path, a score) or for each seed (a fold) is no setting.
        if not 2 <= distinct <= len(values) / 2 or given.groupby(values)["seed"].nunique().max() == 1:
            continue
        counts = values.groupby(given["variant"].astype(str), sort=False).nunique()
        mixed = [str(name) for name in counts.index[counts > 1]]
        if mixed:
            yield DataWarning(
                "varying_column",
                f"{column} varies within a variant: are its runs replicates of one setting? ({_names(mixed)})",
                tuple(mixed),
            )


def _tuning(runs: pd.DataFrame, plan: Plan) -> Iterator[DataWarning]:
    tuned = plan.tuned_on
    if tuned is None:
        return
    if tuned.split == "test":
        yield DataWarning(
            "tuned_on_test",
            "Settings or checkpoints were chosen on the test set: its scores are optimistic, and more so for a variant "
            "with more choices. The claim needs data that no choice has seen.",
        )
    used = {str(seed) for seed in runs["seed"]}
    reused = [str(seed) for seed in tuned.seeds or () if str(seed) in used]
    if reused:
        yield DataWarning(
            "tuning_seeds",
            f"Settings were chosen on {'seed' if len(reused) == 1 else 'seeds'} {_names(reused)} of this study: a "
            "setting that won on a seed partly by luck keeps that luck here (winner's curse).",
        )
    if isinstance(tuned.trials, dict):
        known = set(runs["variant"].astype(str))
        trials = {name: count for name, count in tuned.trials.items() if name in known}
        if len(set(trials.values())) > 1:
            budgets = _names([f"{name} {count}" for name, count in trials.items()])
            yield DataWarning(
                "unequal_tuning",
                f"The variants were tuned with unequal numbers of trials ({budgets}): a variant that was tuned more "
                "looks better for that alone.",
                tuple(trials),
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
        pairs = usable[["variant", column]].dropna().drop_duplicates().astype(str)
        if pairs[column].nunique() < 2:
            continue
        seen: dict[str, set[str]] = {}
        for variant, value in zip(pairs["variant"], pairs[column], strict=True):
            seen.setdefault(variant, set()).add(value)
        reference = seen.get(plan.baseline, set())
        names = dict.fromkeys(usable["variant"].astype(str))
        mixed = [name for name in names if len(seen.get(name, set()) | reference) > 1]
        if mixed:
            yield DataWarning(
                f"mixed_{column}",
                f"Runs that are compared differ in {word}: the difference may come from that ({_names(mixed)}).",
                tuple(mixed),
            )


def _names(variants: Sequence[str], separator: str = ", ") -> str:
    shown = separator.join(variants[:_NAMED_AT_MOST])
    more = len(variants) - _NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _short(value: float) -> str:
    return f"{value:.6g}"
