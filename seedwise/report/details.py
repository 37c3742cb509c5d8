"""The evidence behind each verdict: one paragraph a comparison, with every method that readers may ask for."""

from __future__ import annotations

from collections.abc import Mapping

from seedwise.plan import Plan
from seedwise.report import rule_of_thumb
from seedwise.report.rows import Comparison, VariantSummary
from seedwise.report.sentences import TESTS, is_claim, seeds_words, verdict_sentence
from seedwise.report.tables import interval, number, p_value, percent, quantity
from seedwise.statistics.power import MAX_SEEDS

PERMUTATION_TESTS = {"permutation": "permutation test", "sign-flip": "sign-flip test"}


def comparison_paragraph(
    comparison: Comparison,
    means: Mapping[str, VariantSummary],
    names: Mapping[str, str],
    plan: Plan,
    comparisons: int,
    exploratory: bool,
) -> str:
    """All evidence on one variant against the baseline; `comparisons` is how many verdicts share the error rate."""
    if comparison.difference is None:
        return verdict_sentence(comparison, names, plan, exploratory)
    sentences = [
        verdict_sentence(comparison, names, plan, exploratory),
        _means(comparison, means),
        _test(comparison, plan, comparisons),
        _effect(comparison, plan),
        _rule_of_thumb(comparison),
        _permutation(comparison, plan),
        _probability(comparison, names),
        _bootstrap(comparison, plan),
        _fragile(comparison),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _means(c: Comparison, means: Mapping[str, VariantSummary]) -> str:
    variant, baseline = means[c.variant], means[c.baseline]
    text = f"The means are {number(variant.mean)} and {number(baseline.mean)}"
    if variant.std is None or baseline.std is None:
        return f"{text}."
    spreads = f"{number(variant.std)} and {number(baseline.std)}"
    return f"{text}; seeds scatter around them with standard deviations of {spreads}."


def _test(c: Comparison, plan: Plan, comparisons: int) -> str:
    if c.p_value is None:
        return ""
    text = f"The test is {TESTS[c.test]}"
    if comparisons == 1:
        return f"{text}."
    if c.test == "dunnett":
        return f"{text}, which like its interval is corrected for {comparisons} comparisons."
    text += f"; before correcting for {comparisons} comparisons p {p_value(c.p_value)}"
    if c.simultaneous_low is not None and c.simultaneous_high is not None:
        text += ", and the interval that holds for all of them at once is "
        text += interval(c.simultaneous_low, c.simultaneous_high)
    if c.verdict == "NOT_SUPPORTED" and c.p_value < plan.alpha:
        text += ". On its own this comparison would pass; corrected for the number of comparisons it does not"
    return f"{text}."


def _effect(c: Comparison, plan: Plan) -> str:
    if c.hedges_g is None:
        return ""
    text = f"The effect size is Hedges' g = {number(c.hedges_g, 2)} seed standard deviations"
    if c.hedges_g_low is not None and c.hedges_g_high is not None:
        text += f" ({percent(plan.confidence)} CI {interval(c.hedges_g_low, c.hedges_g_high, 2)})"
    return f"{text}."


def _rule_of_thumb(c: Comparison) -> str:
    if c.rule_separate_threshold is None or c.rule_pooled_threshold is None:
        return ""
    yes, no = "exceeded", "not exceeded"
    text = (
        'The rule of thumb "the difference exceeds 2 combined standard deviations" has two readings: '
        f"with √(s₁² + s₂²) the threshold is {number(c.rule_separate_threshold)}, {yes if c.rule_separate else no}; "
        f"with the pooled standard deviation it is {number(c.rule_pooled_threshold)}, {yes if c.rule_pooled else no}"
    )
    if min(c.n, c.n_baseline) < 2:
        return f"{text}."
    separate = percent(rule_of_thumb.separate_false_positives(c.n, c.n_baseline))
    pooled = percent(rule_of_thumb.pooled_false_positives(c.n, c.n_baseline))
    found = percent(rule_of_thumb.separate_power(c.n, c.n_baseline))
    return (
        f"{text}. For independent normal noise and {seeds_words(c)} they claim a difference between equal variants "
        f"in {separate} and {pooled} of studies, and the first finds a true one of 2 seed standard deviations in "
        f"{found}."
    )


def _permutation(c: Comparison, plan: Plan) -> str:
    if c.permutation_p is None:
        return ""
    test = PERMUTATION_TESTS[c.permutation_test]
    text = f"The {test} gives p {p_value(c.permutation_p)}"
    if c.permutation_p_min is None:
        return f"{text}."
    smallest = p_value(c.permutation_p_min).removeprefix("= ")
    if c.permutation_p_min >= plan.alpha:
        level = number(plan.alpha, 2)
        return f"{text}; with {seeds_words(c)} it cannot go below {smallest}, so it can never reach {level}."
    return f"{text} (the smallest it can reach with {seeds_words(c)} is {smallest})."


def _probability(c: Comparison, names: Mapping[str, str]) -> str:
    if c.wins is None or not c.pairs:
        return ""
    ties = ", counting ties as half" if c.wins != int(c.wins) else ""
    return (
        f"A run of {names[c.variant]} beats a run of {names[c.baseline]} in {c.wins:g} of "
        f"{quantity(c.pairs, 'pair')}{ties}."
    )


def _bootstrap(c: Comparison, plan: Plan) -> str:
    if c.bootstrap_low is None or c.bootstrap_high is None:
        return ""
    text = (
        f"The {percent(plan.confidence)} percentile bootstrap of the difference is "
        f"{interval(c.bootstrap_low, c.bootstrap_high)}"
    )
    if (c.n, c.n_baseline, plan.confidence) == (3, 3, 0.95):
        text += "; with 3 seeds it excludes 0 in 19.5% of studies of equal variants"
    return f"{text}."


def _fragile(c: Comparison) -> str:
    if not (c.fragile and is_claim(c)):
        return ""
    return (
        "**Fragile**: the rule of thumb, the permutation test (where it can reach significance) and the paired and "
        "unpaired tests do not agree, so a few more seeds may change this verdict."
    )


def seeds_needed_cell(c: Comparison) -> str:
    """How many seeds per variant would be enough, for a table."""
    if c.seeds_needed is None:
        return "—"
    return f"{MAX_SEEDS} or more" if c.seeds_needed >= MAX_SEEDS else f"{c.seeds_needed:.0f}"
