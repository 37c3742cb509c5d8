"""The answers in short, for readers who know no statistics: which variant is better, how sure, what would settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedwise.basics.words import enumerate_words, quantity
from seedwise.report.rows import ComparisonRow, SummaryRow
from seedwise.report.text.format import confidence_percent, level, p_value, percent
from seedwise.report.text.sentences import (
    CLAIMED_BY_NAME,
    MANY_SEEDS,
    TOO_SMALL_TO_MATTER,
    UNCERTAIN_GAP,
    VERDICT_WORDS,
    WHY_UNJUDGED,
    alone_sentence,
    beyond,
    doubt_sentences,
    equivalence_confidence,
    fragile_sentence,
    is_worse,
    lost_runs_sentence,
    lost_values,
    lower_end,
    luck_words,
    no_more_than,
    not_finite_sentence,
    otherwise,
    seeds_words,
    too_uncertain,
    why_undefined,
)
from seedwise.report.wording import Wording
from seedwise.statistics.power import MAX_SEEDS
from seedwise.statistics.runs import PENDING, STATUSES
from seedwise.statistics.verdict import CLAIMS, FEWEST_SEEDS, Verdict, upholds

ASKED_BY_NAME = 3
FRESH = "in a new study with seeds of its own"
WORTH_PAIRING = 0.75
"""The share of the seeds that pairing must leave to be worth a sentence."""
DECLARE_A_MARGIN = "Declare a `margin`, the smallest difference that matters, for the next study"
WHAT_IT_DOES = "it says how many seeds to run, and lets a study show that two variants are as good as each other"


@dataclass(frozen=True)
class Answer:
    """What is said in short about one variant."""

    found: str
    sure: str
    settle: str


def question(comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """What the study asks, in one sentence; empty where nothing is compared."""
    if not comparisons:
        return ""
    names = wording.names
    asked = f"{_asked(names[wording.plan.baseline], wording)} in {wording.metric} ({wording.direction})?"
    if len(comparisons) > ASKED_BY_NAME:
        return f"Which of {len(comparisons)} variants are {asked}"
    variants = [names[row.variant] for row in comparisons]
    return f"Is {variants[0]} {asked}" if len(variants) == 1 else f"Are {enumerate_words(variants)} {asked}"


def runs_line(statuses: Sequence[str], variants: int, seeds: int | None) -> str:
    """How many of the planned runs there are, and how they ended; `seeds` is None where no plan is known."""
    counts = {status: statuses.count(status) for status in STATUSES}
    found = sum(counts.values())
    counts |= {status: statuses.count(status) for status in PENDING if status in statuses}
    counted = ", ".join(f"{count} {status}" for status, count in counts.items())
    if seeds is None:
        return f"{quantity(found, 'run')} of {quantity(variants, 'variant')}: {counted}."
    planned = variants * seeds
    share = f"{f'{found} of' if found != planned else 'all'} {planned} planned runs have ended"
    return f"{share} ({quantity(variants, 'variant')} × {quantity(seeds, 'seed')}): {counted}."


def short_answers(
    summaries: Sequence[SummaryRow],
    comparisons: Sequence[ComparisonRow],
    wording: Wording,
    next_look: int | None = None,
) -> list[Answer]:
    """An answer for each comparison, or for each variant where nothing is compared.

    `next_look` is the number of seeds per variant of the next declared look, if one is due.
    """
    if not comparisons:
        return [Answer(alone_sentence(row, wording), "", "") for row in summaries]
    count = max(wording.family, len(comparisons))
    return [
        Answer(_found(row, wording), _sure(row, wording, count), _settle(row, wording, next_look))
        for row in comparisons
    ]


def headline(summaries: Sequence[SummaryRow], comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """What was found, and what puts it in doubt, in a few sentences; empty where nothing is compared."""
    if not comparisons:
        return ""
    claims = [row for row in comparisons if row.verdict in CLAIMS]
    sentences = [
        _findings(comparisons, wording),
        *doubt_sentences(comparisons, wording, checks=True),
        fragile_sentence(claims, wording, short=True),
        lost_runs_sentence(summaries, comparisons, wording, partly=True),
        not_finite_sentence(summaries, wording),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _findings(comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """What was found about every variant: first what is claimed, then what is open."""
    baseline, parts = wording.names[comparisons[0].baseline], list[str]()
    for verdict in Verdict:
        group = [row for row in comparisons if row.verdict == verdict]
        if not group:
            continue
        if verdict in CLAIMS:
            parts.append(_claimed(group, "" if parts else f" than {baseline}", wording))
            continue
        names = [wording.names[row.variant] for row in group]
        who = enumerate_words(names) if len(names) <= ASKED_BY_NAME else f"{len(names)} {_others(parts)}"
        if verdict == Verdict.NO_RESULT:
            parts.append(f"{who} cannot be judged, because {_lost(group, wording)}")
            continue
        if verdict != Verdict.NOT_SUPPORTED:
            one = len(group) == 1 and verdict == Verdict.UNDEFINED
            why = why_undefined(group[0], wording) if one else WHY_UNJUDGED[verdict]
            parts.append(f"{who} cannot be judged: {why}")
            continue
        text = f"{who} {_are(names)} not settled"
        if not parts:
            them = "it" if len(names) == 1 else "them" if len(names) <= ASKED_BY_NAME else "any of them"
            text += f": these runs do not show {them} to be {_asked(baseline, wording)}"
        parts.append(text)
    # Where nothing is judged, there is nothing to be confirmed.
    exploratory = wording.exploratory and any(row.judged for row in comparisons)
    text = f"{'Exploratory, to be confirmed: ' if exploratory else ''}{'; '.join(parts)}."
    if sum(row.verdict == Verdict.BETTER for row in comparisons) > 1:
        text += " Which of them is best was not asked: each is compared with the baseline only."
    return text


def _asked(baseline: str, wording: Wording) -> str:
    """What is asked about each variant."""
    if wording.plan.non_inferiority_margin is not None:
        return no_more_than(wording.margin, baseline)
    return f"better or worse than {baseline}"


def _claimed(group: Sequence[ComparisonRow], than: str, wording: Wording) -> str:
    """The claim about all variants of one verdict; `than` names the baseline where it has not been named yet."""
    names, verdict = [wording.names[row.variant] for row in group], Verdict(group[0].verdict)
    listed = enumerate_words(names) if len(names) <= CLAIMED_BY_NAME else f"{len(names)} variants"
    who = f"{listed} {_are(names)}"
    if verdict == Verdict.EQUIVALENT:
        return f"{who} as good as {wording.names[group[0].baseline]}, give or take {wording.margin}"
    if verdict == Verdict.NON_INFERIOR:
        claim = f"{who} {no_more_than(wording.margin, wording.names[group[0].baseline])}"
        worse = [wording.names[row.variant] for row in group if is_worse(row, wording)]
        return f"{claim}, but {enumerate_words(worse)} {_are(worse)} worse" if worse else claim
    claim = f"{who} {verdict.lower()}{than}"
    small = [wording.names[row.variant] for row in group if row.is_below(wording.plan.equivalence_margin)]
    if not small:
        return claim
    which = f" ({enumerate_words(small)})" if len(small) < len(group) else ""
    return f"{claim}, {TOO_SMALL_TO_MATTER}{which}"


def _lost(group: Sequence[ComparisonRow], wording: Wording) -> str:
    """Whose runs were all lost; if it was the baseline, no comparison is left."""
    first = group[0]
    if first.n_lost_baseline and not first.n_baseline:
        who, lost = wording.names[first.baseline], first.n_lost_baseline
        return f"all {lost} runs of {who} were lost" if lost > 1 else f"the only run of {who} was lost"
    if len(group) > 1:
        return "all their runs were lost"
    return f"all {first.n_lost} of its runs were lost" if first.n_lost > 1 else "its only run was lost"


def _others(parts: Sequence[str]) -> str:
    return "others" if parts else "variants"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _found(row: ComparisonRow, wording: Wording) -> str:
    variant, baseline = wording.names[row.variant], wording.names[row.baseline]
    verb = "looks" if wording.exploratory else "is"
    match row.verdict:
        case Verdict.BETTER | Verdict.WORSE:
            small = ""
            if row.is_below(wording.plan.equivalence_margin):
                small = f", {TOO_SMALL_TO_MATTER} ({wording.margin})"
            gap = _gap(row, wording) + beyond(row, wording)
            return f"{variant} {verb} **{row.verdict.lower()}** than {baseline}{small}: {gap}."
        case Verdict.EQUIVALENT:
            margin = f"{wording.the_margin} of {wording.margin}"
            return f"{variant} {verb} **as good as** {baseline}, give or take {margin}: {_gap(row, wording)}."
        case Verdict.NON_INFERIOR:
            found = f"**no more than {wording.margin} worse** than {baseline}"
            worse = ", but worse" if is_worse(row, wording) else ""
            return f"{variant} {verb} {found}{worse}: {_gap(row, wording)}."
        case Verdict.NOT_SUPPORTED:
            return f"{variant} against {baseline} is **not settled**: {_gap(row, wording)}."
        case Verdict.TOO_FEW_SEEDS:
            return f"{variant} against {baseline} **cannot be judged**: only {seeds_words(row)} gave a result."
        case _:
            return f"{variant} against {baseline} **cannot be judged**: {why_undefined(row, wording)}."


def _gap(row: ComparisonRow, wording: Wording) -> str:
    """The observed gap, and the range in which the true one plausibly lies."""
    if row.difference is None:
        return "there is no difference to show"
    open_ = row.verdict not in (Verdict.BETTER, Verdict.WORSE)
    text = f"over the {quantity(row.n, 'seed')} that both have, " if row.test == "paired" else ""
    if row.difference == 0:
        text += f"the mean {wording.metric} is the same"
    else:
        higher = (row.difference > 0) == wording.plan.higher_is_better
        size = wording.digits.number(abs(row.difference))
        text += f"its mean {wording.metric} is {'higher' if higher else 'lower'} by {size}"
        if open_ and not wording.plan.higher_is_better:
            text += " (better)" if row.difference > 0 else " (worse)"
    if row.ci_low is None or row.ci_high is None:
        return text
    interval = f"{confidence_percent(wording.deciding.confidence)} CI"
    if row.test == "dunnett" and row.ci_low == row.simultaneous_low:
        interval += ", for all comparisons at once"
    number = wording.digits.number
    if row.ci_low < 0 < row.ci_high:
        worse, better = number(-row.ci_low), number(row.ci_high)
        known = row.verdict in (Verdict.EQUIVALENT, Verdict.NON_INFERIOR) or row.difference == 0
        link = "and" if known else "but"
        return f"{text}, {link} anything from {worse} worse to {better} better is plausible ({interval})"
    near, far = sorted((abs(row.ci_low), abs(row.ci_high)))
    alone = ", for this comparison alone" if row.verdict == Verdict.NOT_SUPPORTED else ""
    return f"{text}, plausibly by {number(near)} to {number(far)} ({interval}{alone})"


def _sure(row: ComparisonRow, wording: Wording, comparisons: int) -> str:
    if not row.judged or row.p_value is None:
        return ""
    plan, but = wording.deciding, _but(row, wording)
    claim = "By the numbers, which confirm nothing here" if wording.exploratory else "Sure enough"
    if row.doubt:
        claim += f", if {_premise(row)}"
    if row.verdict == Verdict.NON_INFERIOR:
        return (
            f"{claim}: {lower_end(row, wording)}. Variants that are worse by the margin pass this in "
            f"{wording.inferior_luck} of studies.{but}"
        )
    if row.verdict == Verdict.NOT_SUPPORTED and wording.plan.non_inferiority_margin is not None:
        return f"Not sure enough: {lower_end(row, wording)}. This does not show that it is worse.{but}"
    if row.difference == 0 and row.verdict == Verdict.NOT_SUPPORTED:
        return f"Not sure enough: no gap was seen, but that does not show that they are equal.{but}"
    if row.verdict == Verdict.EQUIVALENT:
        each = ", each comparison on its own" if comparisons > 1 else ""
        return (
            f"{claim}: the {equivalence_confidence(plan)} CI of the difference, "
            f"{wording.digits.interval(row.equivalence_low, row.equivalence_high)}, lies inside the margin; variants "
            f"that differ by more pass this in at most {wording.by_luck}{each}.{but}"
        )
    text = (
        f"{'Not sure enough' if row.verdict == Verdict.NOT_SUPPORTED else claim}: equal variants would show a gap "
        f"this large in {percent(row.p_value)} of studies{_p(row, comparisons)}; a claim needs p below "
        f"{level(plan.alpha)}."
    )
    if row.verdict == Verdict.NOT_SUPPORTED:
        alone = comparisons > 1 and row.test != "dunnett" and row.p_value < plan.alpha
        chances = f" Alone it would pass; with {comparisons} chances to be fooled it does not." if alone else ""
        return f"{text}{chances} This does not show that they are equal.{but}"
    luck = "" if wording.exploratory else f" By this standard luck alone passes in {luck_words(row, wording)}."
    return f"{text}{luck}{but}"


def _p(row: ComparisonRow, comparisons: int) -> str:
    """The p value that decides, after the share of studies that is the uncorrected one."""
    if row.test == "dunnett":
        return f" (p {p_value(row.p_value)}, among {quantity(comparisons, 'comparison')})"
    if comparisons == 1:
        return f" (p {p_value(row.p_value)})"
    return f". Corrected for {comparisons} comparisons, p {p_value(row.p)}"


def _but(row: ComparisonRow, wording: Wording) -> str:
    """What weakens a verdict, as sentences that follow it."""
    found = []
    if row.hangs_on_lost_runs:
        found.append("But runs were lost, and the verdict hangs on them.")
    if row.is_fragile:
        it = "It is also" if found else "But the verdict is"
        found.append(f"{it} *fragile*: it would be different {otherwise(row, wording)}.")
    return "".join(f" {sentence}" for sentence in found)


def _settle(row: ComparisonRow, wording: Wording, next_look: int | None) -> str:
    text = _settle_verdict(row, wording, next_look)
    if not (row.judged and row.doubt):
        return text
    first = f"First find out whether {_premise(row)}"
    if row.verdict in CLAIMS:
        return f"{first}; then {text[0].lower()}{text[1:]}"
    # Between variants that agree seed by seed, no number of seeds would show a gap.
    return f"{first}." if row.doubt == "identical" else f"{first}. {text}"


def _premise(row: ComparisonRow) -> str:
    """What is in doubt, and must hold for the verdict to mean anything."""
    return "the setting took effect" if row.doubt == "identical" else "the seed is used"


def _settle_verdict(row: ComparisonRow, wording: Wording, next_look: int | None) -> str:
    if row.hangs_on_lost_runs:
        return f"The lost runs: {_hanging(row, wording)}. Find out why they were lost; then repeat {FRESH}."
    if next_look is not None and row.verdict not in CLAIMS:
        return f"The next declared look, at {quantity(next_look, 'seed')} per variant, may decide it."
    if row.verdict in CLAIMS:
        if wording.exploratory:
            return f"A confirmation: the same plan, unchanged, {FRESH}."
        if row.is_fragile:
            return f"A repeat {FRESH}, before anyone relies on it, because the verdict is fragile."
        set_up = f"this set-up{' and this test set' if wording.test_set else ''}"
        if wording.declared:
            return f"Nothing more: by the declared plan it is settled for {set_up}."
        return f"Nothing more for {set_up}, if what decides was chosen before the results were seen."
    if row.verdict == Verdict.TOO_FEW_SEEDS:
        return f"At least {FEWEST_SEEDS} finished runs on both sides; 5 or more are better."
    if row.verdict == Verdict.NO_RESULT:
        return f"Find out why the runs were lost; then at least {FEWEST_SEEDS} finished runs on both sides."
    if row.verdict == Verdict.UNDEFINED:
        return _settle_undefined(row)
    paired = _seeds_if_paired(row, wording)
    if wording.plan.non_inferiority_margin is not None:
        return f"{_seeds_for_non_inferiority(row, wording)}{paired}"
    return " ".join(part for part in (f"{_seeds(row, wording)}{paired}", _seeds_for_equivalence(row)) if part)


def _seeds_if_paired(row: ComparisonRow, wording: Wording) -> str:
    """How far pairing would reduce the number of seeds of a new study; empty where it would hardly, or is not known."""
    paired, needed = wording.seeds_if_paired.get(row.variant), row.seeds_needed
    guess = wording.plan.margin is None and (row.p_value is None or row.p_value > UNCERTAIN_GAP)
    if paired is None or needed is None or guess or paired > WORTH_PAIRING * needed:
        return ""
    return (
        " Runs of one seed go up and down together here: a new study that pairs them (`pairing: seed`, declared before "
        f"its runs) would need about {paired}. That is no reason to judge these runs again by another test."
    )


def _settle_undefined(row: ComparisonRow) -> str:
    if row.difference is None:
        return "Runs that all finish with a finite result."
    if row.test == "paired" and (row.std or row.std_baseline):
        return "First find out why every seed gives exactly the same difference; then runs whose differences vary."
    return "First find out whether the seed is used; then runs that differ between seeds."


def _hanging(row: ComparisonRow, wording: Wording) -> str:
    """Which verdicts there would be, had the lost runs finished."""
    changed = [
        f"“{VERDICT_WORDS[Verdict(verdict)]}” had they finished {how}"
        for verdict, how in zip(row.verdicts_if_lost, lost_values(row, wording), strict=True)
        if verdict and not upholds(row.verdict, verdict)
    ]
    return f"the verdict would be {' and '.join(changed)}"


def _seeds(row: ComparisonRow, wording: Wording) -> str:
    """How many seeds would settle a comparison that is not, or what else would where seeds are not the way."""
    margin, needed, now = wording.plan.margin, row.seeds_needed, min(row.n, row.n_baseline)
    if row.difference == 0 and margin is None:
        return f"No gap was seen to plan on. {DECLARE_A_MARGIN}: {WHAT_IT_DOES}."
    if needed is None:
        return "Unknown: the spread between seeds cannot be estimated."
    if margin is None:
        gap, seen = "as large as the one seen here", "a gap as small as this one"
    else:
        seen = f"a gap as large as {wording.the_margin} ({wording.margin})"
        gap = seen.removeprefix("a gap ")
    if needed >= MANY_SEEDS:
        often = f"{MAX_SEEDS} or more" if needed >= MAX_SEEDS else f"about {float(f'{needed:.2g}'):.0f}"
        larger = "Declare a larger margin, if that is still small enough to matter"
        return (
            f"Hardly more seeds: {seen} takes {often} per variant. {DECLARE_A_MARGIN if margin is None else larger}, "
            "or look for a change with a larger effect."
        )
    if needed <= now:
        return (
            f"More than {now} seeds per variant, {FRESH}: {needed:.0f} show it in 80% of studies if the true gap is "
            f"{gap}; these did not."
        )
    if too_uncertain(row, margin):
        return f"The gap seen here is too uncertain to plan seeds on. {DECLARE_A_MARGIN}: {WHAT_IT_DOES}."
    caution = "" if margin is not None else " (it may well be smaller)"
    return (
        f"About {needed:.0f} seeds per variant instead of {_instead(now, wording)}, {FRESH}: 80% of such studies "
        f"claim a difference if the true gap is {gap}{caution}."
    )


def _instead(now: int, wording: Wording) -> str:
    """How many seeds were declared, and how many of them have a result where these are fewer."""
    return f"{wording.seeds} ({now} {'has' if now == 1 else 'have'} a result)" if now < wording.seeds else f"{now}"


def _seeds_for_non_inferiority(row: ComparisonRow, wording: Wording) -> str:
    """How many seeds show that a variant is not inferior, if it is as good as the baseline."""
    needed, now = row.seeds_needed, min(row.n, row.n_baseline)
    if needed is None:
        return "Unknown: the spread between seeds cannot be estimated."
    if needed >= MANY_SEEDS:
        often = f"{MAX_SEEDS} or more" if needed >= MAX_SEEDS else f"about {float(f'{needed:.2g}'):.0f}"
        return (
            f"Hardly more seeds: if it is as good as the baseline, showing it takes {often} per variant. Declare a "
            "larger margin, if such a loss can still be accepted."
        )
    if needed <= now:
        return (
            f"More than {now} seeds per variant, {FRESH}: if it is as good as the baseline, {needed:.0f} show it in "
            "80% of studies; these did not."
        )
    return (
        f"About {needed:.0f} seeds per variant instead of {_instead(now, wording)}, {FRESH}: if it is as good as "
        f"the baseline, 80% of such studies show that it is within {wording.the_margin} ({wording.margin})."
    )


def _seeds_for_equivalence(row: ComparisonRow) -> str:
    if row.seeds_for_equivalence is None:
        return ""
    if row.seeds_for_equivalence >= MAX_SEEDS:
        return f"If they are equal, it takes {MAX_SEEDS} seeds per variant or more to show it within the margin."
    seeds = quantity(row.seeds_for_equivalence, "seed")
    return f"If they are equal, 80% of studies with {seeds} per variant show it within the margin."
