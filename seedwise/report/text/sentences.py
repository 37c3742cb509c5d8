"""What the numbers say, in sentences that are plain to readers who know no statistics and exact to those who do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from seedwise.basics.words import enumerate_words, quantity
from seedwise.plan import Plan
from seedwise.report.rows import ComparisonRow, SummaryRow
from seedwise.report.text.format import confidence_percent, level, p_value, percent
from seedwise.report.wording import Wording
from seedwise.statistics.ttest import unequal_numbers
from seedwise.statistics.verdict import FEWEST_SEEDS, Verdict

TESTS = {"welch": "Welch's t test", "paired": "the paired t test by seed", "dunnett": "Dunnett's test"}
VERDICT_WORDS = {
    Verdict.BETTER: "better",
    Verdict.WORSE: "worse",
    Verdict.EQUIVALENT: "equivalent",
    Verdict.NON_INFERIOR: "non-inferior",
    Verdict.NOT_SUPPORTED: "not settled",
    Verdict.TOO_FEW_SEEDS: "too few seeds",
    Verdict.TOO_FEW_EXAMPLES: "too few examples",
    Verdict.NO_RESULT: "no result",
    Verdict.UNDEFINED: "undefined",
}
"""What a verdict is called where it stands in a sentence or a table for readers."""
WHY_UNJUDGED = {
    Verdict.TOO_FEW_SEEDS: "too few seeds",
    Verdict.NO_RESULT: "every run was lost on one side",
    Verdict.UNDEFINED: "no usable noise estimate, or no finite result",
}
LISTED_IN_FULL = 3
CLAIMED_BY_NAME = 12
"""So many variants of one verdict are named in a headline."""
UNCERTAIN_GAP = 0.5
"""The p value above which an observed gap says nothing about the true one."""
MANY_SEEDS = 100
"""From so many seeds per variant on, another question is better advice than more seeds."""
TOO_SMALL_TO_MATTER = "by less than the smallest difference that matters"
_MORE = re.compile(r"without any one of (\d+) other ")
"""How `seedwise.statistics.fragility` counts the single runs that it does not name."""
DEPARTED = "**EXPLORATORY**: for the reasons listed at the top, no verdict confirms anything."
DEPARTED_ABOVE = "**EXPLORATORY**: for the reasons below, no verdict confirms anything."


def decided_by(comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """The test, correction and level that decide, from which a methods section can be written; empty without any."""
    if not comparisons:
        return ""
    test, count, name = comparisons[0].test, max(wording.family, len(comparisons)), wording.p_name
    correction = f" with Holm's correction for {count} comparisons" if name == "Holm p" else ""
    if test == "dunnett" and count > 1:
        correction = f", which corrects for {count} comparisons"
    forms = ""
    if wording.plan.equivalence_margin is not None:
        forms = f"; two one-sided tests for equivalence within {wording.span}"
    elif wording.plan.non_inferiority_margin is not None:
        forms = f"; its one-sided form for non-inferiority by {wording.margin}"
    return f"{TESTS[test]}{correction}, two-sided at the {level(wording.deciding.alpha)} level{forms}"


def verdict_word(verdict: str, exploratory: bool) -> str:
    """The verdict's code, prefixed when the study left its declared plan or is not finished."""
    return f"EXPLORATORY {verdict}" if exploratory else verdict


def seeds_words(row: ComparisonRow) -> str:
    """How many seeds were compared: `3 seeds`, `3 against 5 seeds` for unequal arms, or `3 pairs`."""
    if row.test == "paired":
        return quantity(row.n, "pair")
    if row.n == row.n_baseline:
        return quantity(row.n, "seed")
    return f"{row.n} against {quantity(row.n_baseline, 'seed')}"


def evidence(row: ComparisonRow, wording: Wording) -> str:
    """Difference, interval and p value of one comparison in brackets."""
    digits = wording.digits
    parts = [f"Δ = {digits.signed(row.difference)}"]
    if row.ci_low is not None and row.ci_high is not None:
        parts.append(f"{confidence_percent(wording.deciding.confidence)} CI {digits.interval(row.ci_low, row.ci_high)}")
    if row.non_inferiority_p is not None and row.verdict in (Verdict.NON_INFERIOR, Verdict.NOT_SUPPORTED):
        parts.append(f"one-sided {wording.p_name} {p_value(row.non_inferiority_p)}")
    elif row.p is not None:
        parts.append(f"{wording.p_name} {p_value(row.p)}")
    return f"({', '.join(parts)})"


def is_worse(row: ComparisonRow, wording: Wording) -> bool:
    """Whether a variant is shown to be worse; it can still be non-inferior."""
    return row.p is not None and row.p < wording.deciding.alpha and (row.difference or 0.0) < 0


def no_more_than(margin: str, than: str) -> str:
    """What non-inferiority says of a variant."""
    return f"no more than {margin} worse than {than}"


def lower_end(row: ComparisonRow, wording: Wording) -> str:
    """Where the interval that decides about non-inferiority ends, and whether that is above −margin."""
    corrected = f" (corrected for {wording.family} comparisons)" if wording.family > 1 else ""
    above = "above" if row.verdict == Verdict.NON_INFERIOR else "not above"
    end = wording.digits.number(row.non_inferiority_low)
    return f"the lower end of the interval of the difference{corrected} is {end}, {above} {wording.minus_margin}"


def verdict_sentence(row: ComparisonRow, wording: Wording) -> str:
    """One verdict as a sentence about one variant and the baseline."""
    variant, baseline = wording.names[row.variant], wording.names[row.baseline]
    shown = evidence(row, wording)
    match row.verdict:
        case "BETTER" | "WORSE" as verdict:
            text = f"{variant} is {verdict.lower()} than {baseline}{wording.basis} {shown}"
            if row.is_below(wording.plan.equivalence_margin):
                text += f", {TOO_SMALL_TO_MATTER} ({wording.margin})"
            return f"{text}{beyond(row, wording)}."
        case "EQUIVALENT":
            return (
                f"{variant} and {baseline} are equivalent within {wording.the_margin} ±{wording.margin}: the "
                f"{equivalence_confidence(wording.deciding)} CI of the difference, "
                f"{wording.digits.interval(row.equivalence_low, row.equivalence_high)}, lies inside it {shown}."
            )
        case "NON_INFERIOR":
            worse = f"worse than {baseline}, but {no_more_than(wording.margin, 'it')}"
            found = worse if is_worse(row, wording) else no_more_than(wording.margin, baseline)
            return f"{variant} is {found}{wording.basis}: {lower_end(row, wording)} {shown}."
        case "NOT_SUPPORTED" if wording.plan.non_inferiority_margin is not None:
            claim = no_more_than(wording.margin, baseline)
            return f"The data do not show that {variant} is {claim}: {lower_end(row, wording)} {shown}."
        case "NOT_SUPPORTED":
            return f"The data do not support a difference between {variant} and {baseline} {shown}."
        case "TOO_FEW_SEEDS":
            return (
                f"{variant} and {baseline} cannot be compared with {seeds_words(row)} that gave a result: a verdict "
                f"needs at least {FEWEST_SEEDS} on both sides."
            )
        case "NO_RESULT":
            return f"{variant} and {baseline} cannot be compared: {why_undefined(row, wording)}."
        case _:
            return f"The comparison of {variant} with {baseline} is undefined: {why_undefined(row, wording)}."


def beyond(row: ComparisonRow, wording: Wording) -> str:
    """Of a variant that is worse, whether by more than the margin of non-inferiority; empty for all others."""
    margin = wording.plan.non_inferiority_margin
    if margin is None or row.verdict != Verdict.WORSE:
        return ""
    if row.simultaneous_high is not None and row.simultaneous_high < -margin:
        return f", by more than {wording.the_margin} ({wording.margin})"
    return f"; that this is within {wording.the_margin} ({wording.margin}) is not shown"


def why_undefined(row: ComparisonRow, wording: Wording) -> str:
    """Why a comparison has no verdict although runs were made."""
    names = wording.names
    if row.verdict == Verdict.NO_RESULT:
        lost = [(row.variant, row.n, row.n_lost), (row.baseline, row.n_baseline, row.n_lost_baseline)]
        who = [names[name] for name, n, n_lost in lost if n_lost and not n]
        return f"every run of {enumerate_words(who)} was lost"
    if row.difference is None:
        return "a finished run has no finite result"
    if row.test == "paired" and (row.std or row.std_baseline):
        return "the *differences* between runs of one seed do not vary, so that the noise cannot be estimated"
    return "the results do not vary between seeds, so that the noise cannot be estimated"


def luck_words(row: ComparisonRow, wording: Wording) -> str:
    """In how many studies luck alone passes for a difference, at these numbers of runs."""
    unequal = row.test == "welch" and unequal_numbers(row.n, row.n_baseline)
    return f"{wording.by_luck}{', somewhat more at such unequal numbers of runs' if unequal else ''}"


def not_finite_sentence(summaries: Sequence[SummaryRow], wording: Wording) -> str:
    """Which variants have finished runs without a finite result; empty if none has."""
    found = [
        f"{row.n - len(row.values)} of {quantity(row.n, 'finished run')} of {wording.names[row.variant]}"
        for row in summaries
        if len(row.values) < row.n
    ]
    if not found:
        return ""
    verb = "has" if len(found) == 1 and found[0].startswith("1 ") else "have"
    return f"{enumerate_words(found)} {verb} no finite result."


def lost_values(row: ComparisonRow, wording: Wording) -> tuple[str, str]:
    """At which values lost runs are counted, in words: a bad one, and that of the others."""
    value = wording.digits.number(row.value_if_worst)
    if wording.plan.lost_value is None:
        what = "the worst value of any run here"
    else:
        what = f"the value {'declared' if wording.declared else 'given'} for a lost run"
    return f"at {value}, {what}", "at the mean of the others"


def doubt_sentences(comparisons: Sequence[ComparisonRow], wording: Wording, *, checks: bool = False) -> list[str]:
    """What to find out about the runs, each doubt once for all comparisons; `checks`: with how to find out."""
    judged = [row for row in comparisons if row.judged]
    repeating = {name: row for row in judged for name in row.repeating}
    alike = [row for row in judged if row.doubt == "identical"]
    found = []
    if repeating:
        stds = [row.std if name == row.variant else row.std_baseline for name, row in repeating.items()]
        runs = "Some runs" if any(stds) else "All runs"
        found.append(
            f"But is the seed used? {runs} of {_listed(list(repeating), wording)} agree to the last digit, although "
            f"their seeds differ.{_how_to_check('the seed is used', wording) if checks else ''}"
        )
    if repeated := list(dict.fromkeys(name for row in judged for name in row.repeating_scores)):
        counted = " Intervals and p values take each run for a new sample." if checks else ""
        found.append(
            f"But is the seed used? Most runs of {_listed(repeated, wording)} have exactly the {wording.metric} of "
            f"another run, which its steps do not explain, although they differ in other metrics.{counted}"
        )
    if alike:
        same = _listed([*(row.variant for row in alike), alike[0].baseline], wording)
        found.append(
            f"But did the setting take effect? {same} agree seed by seed to the last digit."
            f"{_how_to_check('it did', wording) if checks else ''}"
        )
    return found


def _listed(variants: Sequence[str], wording: Wording) -> str:
    many = len(variants) > LISTED_IN_FULL
    return f"{len(variants)} variants" if many else enumerate_words([wording.names[name] for name in variants])


def _how_to_check(sound: str, wording: Wording) -> str:
    finer = "a finer metric, such as a loss" if wording.plan.higher_is_better else "a finer metric"
    return (
        f" Compare their logs, or {finer}: if these differ, {sound}, and {wording.metric} is too coarse to show it "
        "(few digits, or few test examples)."
    )


def too_uncertain(row: ComparisonRow, margin: float | None) -> bool:
    """Whether the observed gap is too uncertain to plan seeds on; a margin that is declared is not."""
    needed, now = row.seeds_needed, min(row.n, row.n_baseline)
    if margin is not None or needed is None or row.p_value is None:
        return False
    return now < needed < MANY_SEEDS and row.p_value > UNCERTAIN_GAP


def otherwise(row: ComparisonRow, wording: Wording) -> str:
    """What would change a fragile verdict: `without seed 2 of the variant or by the permutation test`."""
    return enumerate_words([wording.escape(reason) for reason in row.fragile_because.split("; ")], "or")


def _otherwise_in_short(row: ComparisonRow) -> str:
    """The same for a headline: on how many single runs a verdict hangs, and whether on the test, but not on which."""
    reasons = row.fragile_because.split("; ")
    single = [reason for reason in reasons if reason.startswith("without ")]
    runs = sum(int(more[1]) if (more := _MORE.match(reason)) else 1 for reason in single)
    unit = "seeds" if row.test == "paired" else "runs"
    parts = [f"without {'any one of ' + str(runs) if runs > 1 else 'one of the'} {unit}"] if runs else []
    tests = len(reasons) - len(single)
    return enumerate_words([*parts, *(["by another test" if tests == 1 else "by other tests"] if tests else [])], "or")


def fragile_sentence(comparisons: Sequence[ComparisonRow], wording: Wording, *, short: bool = False) -> str:
    """Which verdicts are fragile; empty if none is. `short`: for a headline."""
    fragile = [row for row in comparisons if row.is_fragile]
    names = [wording.names[row.variant] for row in fragile]
    if len(fragile) > 1:
        return (
            f"The verdicts on {enumerate_words(names)} are fragile: a single run or another method would change them."
        )
    return "".join(
        f"The verdict on {name} is fragile: it would be different "
        f"{_otherwise_in_short(row) if short else otherwise(row, wording)}."
        for row, name in zip(fragile, names, strict=True)
    )


def lost_runs_sentence(
    summaries: Sequence[SummaryRow], comparisons: Sequence[ComparisonRow], wording: Wording, *, partly: bool = False
) -> str:
    """How many runs were lost, and whether the verdicts hang on them; empty where none was.

    `partly`: variants all of whose runs were lost were named already; they are left out where no verdict is judged.
    """
    names = wording.names
    if partly and not any(row.judged and row.verdict_if_worst for row in comparisons):
        summaries = [row for row in summaries if row.n]
    lost = [
        f"{row.n_lost} of {quantity(row.n + row.n_lost, 'run')} of {names[row.variant]}"
        for row in summaries
        if row.n_lost
    ]
    if not lost:
        return ""
    one = len(lost) == 1 and lost[0].startswith("1 ")
    counted = f"{enumerate_words(lost)} {'was' if one else 'were'} lost"
    judged = [row for row in comparisons if row.judged and row.verdict_if_worst]
    hanging = [names[row.variant] for row in judged if row.hangs_on_lost_runs]
    if hanging:
        subject = "verdict on" if len(hanging) == 1 else "verdicts on"
        verb = "hangs" if len(hanging) == 1 else "hang"
        return f"{counted}, and the {subject} {enumerate_words(hanging)} {verb} on {'it' if one else 'them'}."
    if judged:
        how = ", or ".join(lost_values(judged[0], wording))
        which = f" on {names[judged[0].variant]}" if len(judged) < len(comparisons) else ""
        verdicts = f"the verdict{which}" if len(judged) == 1 else "the verdicts"
        return f"{counted}; had {'it' if one else 'they'} finished {how}, {verdicts} would be the same."
    return f"{counted}."


def equivalence_confidence(plan: Plan) -> str:
    """Confidence of the interval that two one-sided tests at the plan's alpha amount to (Schuirmann 1987)."""
    return confidence_percent(1 - 2 * plan.alpha)


def group_sentence(verdict: str, group: Sequence[ComparisonRow], wording: Wording) -> str:
    """One sentence for all variants that share a verdict; evidence is listed only where few share it."""
    if len(group) == 1:
        return verdict_sentence(group[0], wording)
    listed = group[0].judged and len(group) <= LISTED_IN_FULL
    names = wording.names
    variants = enumerate_words([names[row.variant] + (f" {evidence(row, wording)}" if listed else "") for row in group])
    baseline = names[group[0].baseline]
    match verdict:
        case "BETTER" | "WORSE":
            return f"{variants} are {verdict.lower()} than {baseline}{wording.basis}."
        case "EQUIVALENT":
            return f"{variants} are each equivalent to {baseline} within {wording.the_margin} ±{wording.margin}."
        case "NON_INFERIOR":
            worse = [names[row.variant] for row in group if is_worse(row, wording)]
            those = (
                f" {enumerate_words(worse)} {'is' if len(worse) == 1 else 'are'} worse, but by less than that."
                if worse
                else ""
            )
            return f"{variants} are each {no_more_than(wording.margin, baseline)}{wording.basis}.{those}"
        case "NOT_SUPPORTED" if wording.plan.non_inferiority_margin is not None:
            return f"The data do not show that {variants} are {no_more_than(wording.margin, baseline)}."
        case "NOT_SUPPORTED":
            return f"The data do not support a difference from {baseline} for {variants}."
        case "TOO_FEW_SEEDS":
            return (
                f"{variants} cannot be compared with {baseline}: a verdict needs at least {FEWEST_SEEDS} seeds with a "
                "result on both sides."
            )
        case "NO_RESULT":
            return f"{variants} cannot be compared with {baseline}: all runs of the one or the other were lost."
        case _:
            return (
                f"The comparisons of {variants} with {baseline} are undefined: the noise cannot be estimated, or a "
                "finished run has no finite result."
            )


def not_equality(group: Sequence[ComparisonRow], wording: Wording) -> str:
    """Why "not supported" is no evidence of the opposite, with what these seeds could have shown."""
    digits, inferiority = wording.digits, wording.plan.non_inferiority_margin is not None
    opposite = f"that {'it is' if len(group) == 1 else 'they are'} worse" if inferiority else "of equality"
    limits = [row.detectable_difference for row in group if row.detectable_difference is not None]
    if not limits:
        return f"This is not evidence {opposite}."
    seeds = {seeds_words(row) for row in group}
    with_seeds = f"with {seeds.pop()}" if len(seeds) == 1 else "with these seeds"
    low, high = digits.number(min(limits)), digits.number(max(limits))
    above = low if low == high else f"{low} to {high}, depending on the variant,"
    if inferiority:
        return (
            f"This is not evidence {opposite}: {with_seeds}, variants as good as the baseline pass 80% of the time "
            f"only where the margin is at least {above.rstrip(',')}."
        )
    return (
        f"This is not evidence of equality: {with_seeds} only differences above {above} would be detected 80% of the "
        "time."
    )


def bottom_line(summaries: Sequence[SummaryRow], comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """The answer in one paragraph."""
    sentences = [DEPARTED] if wording.exploratory else []
    if not comparisons:
        return " ".join([*sentences, *(alone_sentence(row, wording) for row in summaries)])
    for verdict in Verdict:
        group = [row for row in comparisons if row.verdict == verdict]
        if group:
            sentences.append(group_sentence(verdict, group, wording))
        if group and verdict == "NOT_SUPPORTED":
            sentences.append(not_equality(group, wording))
    sentences += [
        fragile_sentence(comparisons, wording),
        lost_runs_sentence(summaries, comparisons, wording),
        not_finite_sentence(summaries, wording),
    ]
    sentences += doubt_sentences(comparisons, wording)
    if any(row.judged for row in comparisons):
        cover = "intervals cover" if len(comparisons) > 1 else "interval covers"
        scope = "new seeds on this test set, not new test sets" if wording.test_set else "new seeds only"
        sentences.append(f"The {cover} {scope}.")
    return " ".join(sentence for sentence in sentences if sentence)


def alone_sentence(row: SummaryRow, wording: Wording) -> str:
    """What can be said of a variant that is compared with nothing."""
    name, digits = wording.names[row.variant], wording.digits
    if row.n == 0 or row.mean is None:
        return f"{name} has no mean {wording.metric}: no run finished, or a value is not finite."
    if row.n == 1:
        return (
            f"The {wording.metric} of {name} is {digits.number(row.mean)} ({wording.direction}) with a single seed, "
            "which supports no claim: how far another seed would move it is unknown. No other variant is compared "
            "with it."
        )
    if row.std == 0:
        return (
            f"All {quantity(row.n, 'run')} of {name} have the same {wording.metric}, {digits.number(row.mean)} "
            f"({wording.direction}): without a spread there is no interval, and nothing is known of another seed. No "
            "other variant is compared with it."
        )
    return (
        f"{name} has a mean {wording.metric} of {digits.number(row.mean)} ({wording.direction}) over "
        f"{quantity(row.n, 'seed')}, {confidence_percent(wording.plan.confidence)} t interval "
        f"{digits.interval(row.t_low, row.t_high)}. No other variant is compared with it."
    )


def plus_minus(summaries: Sequence[SummaryRow], varied: Mapping[str, str]) -> str:
    """What "mean ± std" of these runs is, as one sentence to paste under a table; empty without a spread.

    `varied` are the sources of randomness that the seed sets, by their words; empty where they are not known.
    """
    sizes = sorted({row.n for row in summaries if row.std is not None})
    if not sizes:
        return ""
    n = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    sources = f" (which sets {enumerate_words(list(varied.values()))})" if varied else ""
    return f"Values are mean ± sample standard deviation over n = {n} runs that differ in their seed{sources}."


def percentile_worth(summaries: Sequence[SummaryRow], wording: Wording) -> str:
    """What the percentile bootstrap interval is worth at each number of seeds in the study."""
    usable = {row.variant: row.n if row.mean is not None else 0 for row in summaries}
    constant = [row for row in summaries if row.std == 0]
    varied = [row for row in summaries if row.std != 0]
    by_n = {n: [row for row in varied if usable[row.variant] == n] for n in sorted({usable[r.variant] for r in varied})}
    return " ".join([*(_worth_at(n, group, wording) for n, group in by_n.items()), *_constant(constant, wording)])


def _constant(group: Sequence[SummaryRow], wording: Wording) -> list[str]:
    if not group:
        return []
    names = enumerate_words([wording.names[row.variant] for row in group])
    return [f"All runs of {names} agree: without a spread there is no interval, and nothing is known of another seed."]


def _worth_at(n: int, group: Sequence[SummaryRow], wording: Wording) -> str:
    names, confidence = wording.names, confidence_percent(wording.plan.confidence)
    if n == 0:
        return f"There is no mean and no interval for {enumerate_words([names[row.variant] for row in group])}."
    if n == 1:
        return "With 1 seed there is no interval: nothing shows how far off another seed would be."
    # The interval is the range when drawing the smallest value n times is likelier than the tail it may cut off.
    is_range = n**-n > wording.plan.alpha / 2
    kind = "just the observed range" if is_range else "narrower than its name says"
    worth = ""
    coverages = [row.bootstrap_coverage for row in group if row.bootstrap_coverage is not None]
    if coverages:
        worth = f"; for roughly normal seed noise it contains the true mean about {percent(coverages[0])} of the time"
    first = group[0]
    others = "; the table has it for the others" if len(group) > 1 else ""
    return (
        f"With {n} seeds the {confidence} percentile bootstrap is {kind}{worth}. The t interval ({confidence}) is "
        f"{wording.digits.interval(first.t_low, first.t_high)} for {names[first.variant]}{others}."
    )


def diverged_sentence(diverged: int, runs: int, rate_high: float | None) -> str:
    """How many runs diverged, and which rates that leaves possible (Clopper & Pearson 1934)."""
    if not runs:
        return "no run has ended."
    counted = f"{diverged} of {quantity(runs, 'run')} diverged"
    if rate_high is None or diverged == runs:
        return f"{counted}."
    return f"{counted}; {quantity(runs, 'run')} cannot rule out a rate of up to {percent(rate_high)}."
