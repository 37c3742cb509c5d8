"""What the numbers say, in sentences for a reader who knows no statistics and exact for one who does.

Names of variants arrive ready to print (escaped, bold) in the mapping `names`; every other argument is data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seedwise.basics.words import enumerate_words, quantity
from seedwise.plan import Plan
from seedwise.report.rows import Comparison, VariantSummary
from seedwise.report.text.format import interval, number, p_value, percent, signed
from seedwise.statistics.verdict import FEWEST_SEEDS, Verdict

TESTS = {"welch": "Welch's t test", "paired": "the paired t test by seed", "dunnett": "Dunnett's test"}
LISTED_IN_FULL = 3
DEPARTED = "**EXPLORATORY**: for the reasons listed at the top, no verdict confirms anything."


def metric_words(plan: Plan) -> str:
    """The compared metric in words: `test_accuracy` reads `test accuracy`."""
    return plan.metric.replace("_", " ")


def direction_words(plan: Plan) -> str:
    """Which way of the metric is good."""
    return "higher is better" if plan.higher_is_better else "lower is better"


def verdict_word(verdict: str, exploratory: bool) -> str:
    """The verdict's code, prefixed when the study left its declared plan or is not finished."""
    return f"EXPLORATORY {verdict}" if exploratory else verdict


def seeds_words(comparison: Comparison) -> str:
    """How many seeds were compared: `3 seeds`, or `3 against 5 seeds` for unequal arms."""
    if comparison.n == comparison.n_baseline:
        return quantity(comparison.n, "seed")
    return f"{comparison.n} against {quantity(comparison.n_baseline, 'seed')}"


def adjusted_p(comparison: Comparison) -> str:
    """The p value that decides, by its name; Dunnett's test is corrected for the number of comparisons by itself."""
    if comparison.test == "dunnett":
        return f"Dunnett p {p_value(comparison.p_value)}"
    return f"Holm p {p_value(comparison.p_holm)}"


def evidence(comparison: Comparison, plan: Plan) -> str:
    """Difference, interval and p value of one comparison in brackets."""
    parts = [f"Δ = {signed(comparison.difference)}"]
    if comparison.ci_low is not None and comparison.ci_high is not None:
        parts.append(f"{percent(plan.confidence)} CI {interval(comparison.ci_low, comparison.ci_high)}")
    if comparison.p_holm is not None or (comparison.test == "dunnett" and comparison.p_value is not None):
        parts.append(adjusted_p(comparison))
    return f"({', '.join(parts)})"


def basis(exploratory: bool) -> str:
    """What a claim rests on."""
    return "in this exploratory analysis" if exploratory else "under the declared plan"


def is_claim(comparison: Comparison) -> bool:
    """Whether the verdict answers the question at all; only then can other methods contradict it."""
    return comparison.verdict not in (Verdict.TOO_FEW_SEEDS, Verdict.UNDEFINED)


def verdict_sentence(comparison: Comparison, names: Mapping[str, str], plan: Plan, exploratory: bool = False) -> str:
    """One verdict as a sentence about one variant and the baseline."""
    variant, baseline = names[comparison.variant], names[comparison.baseline]
    shown = evidence(comparison, plan)
    match comparison.verdict:
        case "BETTER" | "WORSE" as verdict:
            return f"{variant} is {verdict.lower()} than {baseline} {basis(exploratory)} {shown}."
        case "EQUIVALENT":
            return (
                f"{variant} and {baseline} are equivalent within the declared margin ±{number(plan.margin)}: the "
                f"{equivalence_confidence(plan)} CI of the difference, "
                f"{interval(comparison.equivalence_low, comparison.equivalence_high)}, lies inside it {shown}."
            )
        case "NOT_SUPPORTED":
            return f"The data do not support a difference between {variant} and {baseline} {shown}."
        case "TOO_FEW_SEEDS":
            return (
                f"{variant} and {baseline} cannot be compared with {seeds_words(comparison)} that gave a result: a "
                f"verdict needs at least {FEWEST_SEEDS} on both sides."
            )
        case _:
            return (
                f"The comparison of {variant} with {baseline} is undefined: either no result varies between seeds, so "
                "that the noise cannot be estimated, or a result is not finite."
            )


def equivalence_confidence(plan: Plan) -> str:
    """Confidence of the interval that two one-sided tests at the plan's alpha amount to (Schuirmann 1987)."""
    return percent(1 - 2 * plan.alpha)


def group_sentence(
    verdict: str, group: Sequence[Comparison], names: Mapping[str, str], plan: Plan, exploratory: bool
) -> str:
    """One sentence for all variants that share a verdict; evidence is listed only where few share it."""
    if len(group) == 1:
        return verdict_sentence(group[0], names, plan, exploratory)
    listed = is_claim(group[0]) and len(group) <= LISTED_IN_FULL
    variants = enumerate_words([names[c.variant] + (f" {evidence(c, plan)}" if listed else "") for c in group])
    baseline = names[group[0].baseline]
    match verdict:
        case "BETTER" | "WORSE":
            return f"{variants} are {verdict.lower()} than {baseline} {basis(exploratory)}."
        case "EQUIVALENT":
            return f"{variants} are each equivalent to {baseline} within the declared margin ±{number(plan.margin)}."
        case "NOT_SUPPORTED":
            return f"The data do not support a difference from {baseline} for {variants}."
        case "TOO_FEW_SEEDS":
            return (
                f"{variants} cannot be compared with {baseline}: a verdict needs at least {FEWEST_SEEDS} seeds with a "
                "result on both sides."
            )
        case _:
            return f"The comparisons of {variants} with {baseline} are undefined: the noise cannot be estimated."


def not_equality(group: Sequence[Comparison]) -> str:
    """Why "no difference supported" is not "equal", with what these seeds could have detected."""
    limits = [c.detectable_difference for c in group if c.detectable_difference is not None]
    if not limits:
        return "This is not evidence of equality."
    seeds = {seeds_words(c) for c in group}
    with_seeds = f"with {seeds.pop()}" if len(seeds) == 1 else "with these seeds"
    low, high = number(min(limits)), number(max(limits))
    above = low if low == high else f"{low} to {high}, depending on the variant,"
    return (
        f"This is not evidence of equality: {with_seeds} only differences above {above} would be detected 80% of the "
        "time."
    )


def bottom_line(
    summaries: Sequence[VariantSummary],
    comparisons: Sequence[Comparison],
    names: Mapping[str, str],
    plan: Plan,
    exploratory: bool,
) -> str:
    """The answer in one paragraph."""
    sentences = [DEPARTED] if exploratory else []
    if not comparisons:
        return " ".join([*sentences, *(alone_sentence(row, names, plan) for row in summaries)])
    for verdict in Verdict:
        group = [c for c in comparisons if c.verdict == verdict]
        if group:
            sentences.append(group_sentence(verdict, group, names, plan, exploratory))
        if group and verdict == "NOT_SUPPORTED":
            sentences.append(not_equality(group))
    fragile = [names[c.variant] for c in comparisons if c.fragile and is_claim(c)]
    if fragile:
        subject = "verdict on" if len(fragile) == 1 else "verdicts on"
        copula = "is" if len(fragile) == 1 else "are"
        sentences.append(f"The {subject} {enumerate_words(fragile)} {copula} fragile: other common methods disagree.")
    lost = [
        f"{row.n_diverged} of {quantity(row.n + row.n_diverged, 'run')} of {names[row.variant]}"
        for row in summaries
        if row.n_diverged
    ]
    if lost:
        sentences.append(f"{enumerate_words(lost)} diverged; only the runs that finished are compared.")
    if any(is_claim(c) for c in comparisons):
        cover = "intervals cover" if len(comparisons) > 1 else "interval covers"
        sentences.append(f"The {cover} new seeds on this test set, not new test sets.")
    return " ".join(sentences)


def alone_sentence(row: VariantSummary, names: Mapping[str, str], plan: Plan) -> str:
    """What can be said of a variant that is compared with nothing."""
    name, metric = names[row.variant], metric_words(plan)
    if row.n == 0 or row.mean is None:
        return f"{name} has no mean {metric}: no run finished, or a value is not finite."
    if row.n == 1:
        return (
            f"{name} has a {metric} of {number(row.mean)} ({direction_words(plan)}) with a single seed, which "
            "supports no claim: how far another seed would move it is unknown. No other variant is compared with it."
        )
    t_interval = interval(row.t_low, row.t_high)
    return (
        f"{name} has a mean {metric} of {number(row.mean)} ({direction_words(plan)}) over {quantity(row.n, 'seed')}, "
        f"{percent(plan.confidence)} t interval {t_interval}. No other variant is compared with it."
    )


def percentile_worth(summaries: Sequence[VariantSummary], names: Mapping[str, str], plan: Plan) -> str:
    """What the percentile bootstrap interval is worth at each number of seeds in the study."""
    usable = {row.variant: row.n if row.mean is not None else 0 for row in summaries}
    by_n = {n: [row for row in summaries if usable[row.variant] == n] for n in sorted(set(usable.values()))}
    return " ".join(_worth_at(n, group, names, plan) for n, group in by_n.items())


def _worth_at(n: int, group: Sequence[VariantSummary], names: Mapping[str, str], plan: Plan) -> str:
    confidence = percent(plan.confidence)
    if n == 0:
        return f"There is no mean and no interval for {enumerate_words([names[row.variant] for row in group])}."
    if n == 1:
        return "With 1 seed there is no interval: nothing tells how far another seed would be."
    # The interval is the range when drawing the smallest value n times is likelier than the tail it may cut off.
    is_range = n**-n > plan.alpha / 2
    kind = "just the observed range" if is_range else "narrower than its name says"
    worth = ""
    # The coverage is not defined where all seeds agree to the last digit.
    coverages = [row.bootstrap_coverage for row in group if row.bootstrap_coverage is not None]
    if coverages:
        worth = f"; for roughly normal seed noise it contains the true mean about {percent(coverages[0])} of the time"
    first = group[0]
    others = "; the table has it for the others" if len(group) > 1 else ""
    return (
        f"With {n} seeds the {confidence} percentile bootstrap is {kind}{worth}. The t interval ({confidence}) is "
        f"{interval(first.t_low, first.t_high)} for {names[first.variant]}{others}."
    )


def diverged_sentence(diverged: int, runs: int, rate_high: float | None) -> str:
    """How many runs diverged, and which rates that leaves possible (Clopper & Pearson 1934)."""
    counted = f"{diverged} of {quantity(runs, 'run')} diverged"
    return f"{counted}." if rate_high is None else f"{counted}; rates up to {percent(rate_high)} remain compatible."
