"""The answers in short, for readers who know no statistics: which variant is better, how sure, what would settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedwise.basics.words import enumerate_words, quantity
from seedwise.report.rows import ComparisonRow, SummaryRow
from seedwise.report.text.format import confidence_percent, level, p_cell, p_value, percent
from seedwise.report.text.sentences import (
    TOO_SMALL_TO_MATTER,
    alone_sentence,
    doubt_sentence,
    equivalence_confidence,
    lost_runs_sentence,
    lost_values,
    luck_words,
    not_finite_sentence,
    otherwise,
    seeds_words,
    why_undefined,
)
from seedwise.report.wording import Wording
from seedwise.statistics.power import MAX_SEEDS
from seedwise.statistics.runs import PENDING, STATUSES
from seedwise.statistics.verdict import FEWEST_SEEDS, Verdict

ASKED_BY_NAME = 3
CLAIMS = (Verdict.BETTER, Verdict.WORSE, Verdict.EQUIVALENT)
FRESH = "in a new study with seeds of its own"
UNCERTAIN_GAP = 0.5
"""The p value above which an observed gap says nothing about the true one."""


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
    asked = f"better or worse than {names[wording.plan.baseline]} in {wording.metric} ({wording.direction})?"
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
    share = f"{found} of {planned} planned runs are in" if found != planned else f"all {planned} planned runs are in"
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
    count = len(comparisons)
    return [
        Answer(_found(row, wording), _sure(row, wording, count), _settle(row, wording, next_look))
        for row in comparisons
    ]


def headline(summaries: Sequence[SummaryRow], comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """Which variants are better, and what puts that in doubt, in a few sentences; empty where nothing is compared."""
    if not comparisons:
        return ""
    sentences = [
        _verdicts(comparisons, wording),
        lost_runs_sentence(summaries, comparisons, wording),
        not_finite_sentence(summaries, wording),
    ]
    doubts = dict.fromkeys(doubt_sentence(row, wording) for row in comparisons if row.judged)
    return " ".join(sentence for sentence in (*doubts, *sentences) if sentence)


def _verdicts(comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    names, baseline = wording.names, wording.names[comparisons[0].baseline]
    better, worse = (
        [names[row.variant] for row in comparisons if row.verdict == verdict]
        for verdict in (Verdict.BETTER, Verdict.WORSE)
    )
    lead = "Exploratory, to be confirmed: " if wording.exploratory else ""
    if better:
        text = f"{lead}{enumerate_words(better)} {_are(better)} better than {baseline}"
        text += f", and {enumerate_words(worse)} {_are(worse)} worse" if worse else ""
    else:
        text = f"{lead}{'no' if lead else 'No'} variant is shown to be better than {baseline}"
        text += f"; {enumerate_words(worse)} {_are(worse)} worse" if worse else ""
    text += f"{_how_small(comparisons, wording)}."
    if len(better) > 1:
        text += " Which of them is best was not asked: each is compared with the baseline only."
    return text


def _how_small(comparisons: Sequence[ComparisonRow], wording: Wording) -> str:
    """Which claimed differences are shown to be smaller than the margin, as the end of a sentence."""
    claimed = [row for row in comparisons if row.verdict in (Verdict.BETTER, Verdict.WORSE)]
    small = [wording.names[row.variant] for row in claimed if row.is_below(wording.plan.margin)]
    if not small:
        return ""
    which = f" ({enumerate_words(small)})" if len(small) < len(claimed) else ""
    return f", {TOO_SMALL_TO_MATTER}{which}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _found(row: ComparisonRow, wording: Wording) -> str:
    variant, baseline = wording.names[row.variant], wording.names[row.baseline]
    verb = "looks" if wording.exploratory else "is"
    match row.verdict:
        case Verdict.BETTER | Verdict.WORSE:
            small = ""
            if row.is_below(wording.plan.margin):
                small = f", {TOO_SMALL_TO_MATTER} ({wording.margin})"
            return f"{variant} {verb} **{row.verdict.lower()}** than {baseline}{small}: {_gap(row, wording)}."
        case Verdict.EQUIVALENT:
            return (
                f"{variant} {verb} **as good as** {baseline}, give or take the declared margin of {wording.margin}: "
                f"{_gap(row, wording)}."
            )
        case Verdict.NOT_SUPPORTED:
            return f"{variant} against {baseline} is **not settled**: {_gap(row, wording)}."
        case Verdict.TOO_FEW_SEEDS:
            return f"{variant} against {baseline} **cannot be judged**: only {seeds_words(row)} gave a result."
        case _:
            return f"{variant} against {baseline} **cannot be judged**: {why_undefined(row, wording)}."


def _gap(row: ComparisonRow, wording: Wording) -> str:
    """The observed gap, and which true ones fit the runs."""
    if row.difference is None:
        return "there is no difference to show"
    up = (row.difference > 0) == wording.plan.higher_is_better
    size = wording.digits.number(abs(row.difference))
    way = "the same" if row.difference == 0 else f"{size} {'higher' if up else 'lower'}"
    pairs = f"over the {quantity(row.n, 'seed')} that both have, " if row.test == "paired" else ""
    text = f"{pairs}its mean {wording.metric} is {way}"
    if row.ci_low is None or row.ci_high is None:
        return text
    confidence = confidence_percent(wording.deciding.confidence)
    together = ", for all comparisons at once" if row.test == "dunnett" and row.ci_low == row.simultaneous_low else ""
    return f"{text}; {_span(row.ci_low, row.ci_high, wording)} fits these runs ({confidence} CI{together})"


def _span(low: float, high: float, wording: Wording) -> str:
    number = wording.digits.number
    if low < 0 < high:
        return f"any true difference from {number(-low)} worse to {number(high)} better"
    near, far = sorted((abs(low), abs(high)))
    return f"a true difference of {number(near)} to {number(far)} {'in its favour' if low >= 0 else 'against it'}"


def _sure(row: ComparisonRow, wording: Wording, comparisons: int) -> str:
    if not row.judged or row.p_value is None:
        return ""
    plan = wording.deciding
    limit = f"below {level(plan.alpha)}"
    claim = "By the numbers, which confirm nothing here" if wording.exploratory else _standard(row, wording)
    but = _but(row, wording)
    if row.difference == 0 and row.verdict == Verdict.NOT_SUPPORTED:
        return f"Not sure enough: no gap was seen, but that does not show that they are equal.{but}"
    if row.verdict == Verdict.EQUIVALENT:
        each = ", each comparison on its own" if comparisons > 1 else ""
        lead = claim if wording.exploratory else "Sure by the plan's standard"
        return (
            f"{lead}: the {equivalence_confidence(plan)} CI of the difference, "
            f"{wording.digits.interval(row.equivalence_low, row.equivalence_high)}, lies inside the margin; variants "
            f"that differ by more pass this in at most {wording.by_luck}{each}.{but}"
        )
    sure = "Not sure enough" if row.verdict == Verdict.NOT_SUPPORTED else claim
    found = percent(row.p_value)
    text = f"{sure}: equal variants would show a gap this large in {found} of studies (p {p_value(row.p_value)}"
    if row.test == "dunnett":
        text += f", among {quantity(comparisons, 'comparison')})"
    elif comparisons > 1:
        corrected = p_cell(row.p)
        same = corrected == p_cell(row.p_value)
        text += f"; {'the same' if same else corrected} after correcting for {comparisons} comparisons)"
    else:
        text += ")"
    if row.verdict == Verdict.NOT_SUPPORTED:
        alone = comparisons > 1 and row.test != "dunnett" and row.p_value < plan.alpha
        chances = f" Alone it would pass; with {comparisons} chances to be fooled it does not." if alone else ""
        return f"{text}, and a claim needs p {limit}.{chances} This does not show that they are equal.{but}"
    return f"{text}, and a claim needs p {limit}.{but}"


def _but(row: ComparisonRow, wording: Wording) -> str:
    """What weakens a verdict, as sentences that follow it."""
    found = []
    if row.doubt:
        found.append("But first the doubt about the runs has to be settled.")
    if row.hangs_on_lost_runs:
        found.append("But runs were lost, and the verdict hangs on them.")
    if row.is_fragile:
        found.append(f"But the verdict is *fragile*: it would be different {otherwise(row, wording)}.")
    return "".join(f" {sentence}" for sentence in found)


def _standard(row: ComparisonRow, wording: Wording) -> str:
    return f"Sure by the plan's standard, by which luck alone passes in {luck_words(row, wording)}"


def _settle(row: ComparisonRow, wording: Wording, next_look: int | None) -> str:
    if row.judged and row.doubt:
        return f"First find out {_doubted(row)}."
    if row.hangs_on_lost_runs:
        return f"The lost runs: {_hanging(row, wording)}. Find out why they were lost; then repeat {FRESH}."
    if next_look is not None and row.verdict not in CLAIMS:
        return f"The next declared look, at {quantity(next_look, 'seed')} per variant, may decide it."
    if row.verdict in CLAIMS:
        if wording.exploratory:
            return f"A confirmation: the same plan, unchanged, {FRESH}."
        if row.is_fragile:
            return (
                f"A repeat {FRESH}, before anyone relies on it: the declared plan decided, but the verdict is fragile."
            )
        test_set = " and this test set" if wording.test_set else ""
        return f"Nothing more: by the declared plan it is settled for this set-up{test_set}."
    if row.verdict == Verdict.TOO_FEW_SEEDS:
        return f"At least {FEWEST_SEEDS} finished runs on both sides; 5 or more are better."
    if row.verdict == Verdict.NO_RESULT:
        return f"Find out why the runs were lost; then at least {FEWEST_SEEDS} finished runs on both sides."
    if row.verdict == Verdict.UNDEFINED:
        return _settle_undefined(row)
    return " ".join(part for part in (_seeds(row, wording), _seeds_for_equivalence(row)) if part)


def _doubted(row: ComparisonRow) -> str:
    if row.doubt == "identical":
        return "whether the setting took effect: both variants agree seed by seed to the last digit"
    return "whether the seed is used: runs with different seeds agree to the last digit"


def _settle_undefined(row: ComparisonRow) -> str:
    if row.difference is None:
        return "Runs that all finish with a finite result."
    if row.test == "paired" and (row.std or row.std_baseline):
        return "First find out why every seed gives exactly the same difference; then runs whose differences vary."
    return "First find out whether the seed is used; then runs that differ between seeds."


def _hanging(row: ComparisonRow, wording: Wording) -> str:
    """Which verdicts there would be, had the lost runs finished."""
    changed = [
        f"{verdict} had they finished {how}"
        for verdict, how in zip(row.verdicts_if_lost, lost_values(row, wording), strict=True)
        if verdict not in ("", row.verdict)
    ]
    return f"the verdict would be {' and '.join(changed)}"


def _seeds(row: ComparisonRow, wording: Wording) -> str:
    """How many seeds would settle a comparison that is not."""
    plan = wording.plan
    if row.difference == 0 and plan.margin is None:
        return "No gap was seen to plan on; a declared margin would ask whether they are equal."
    if row.seeds_needed is None:
        return "Unknown: the spread between seeds cannot be estimated."
    gap = f"as large as the declared margin, {wording.margin}"
    if plan.margin is None:
        gap = "as large as the one seen here (it may well be smaller)"
        if row.p_value is not None and row.p_value > UNCERTAIN_GAP:
            gap = "as large as the one seen here, which is too uncertain to plan on"
    now = min(row.n, row.n_baseline)
    if row.seeds_needed >= MAX_SEEDS:
        return f"No practical number of seeds: {MAX_SEEDS} or more per variant, if the true gap is {gap}."
    about = f"{row.seeds_needed:.0f}" if row.seeds_needed < 100 else f"{float(f'{row.seeds_needed:.2g}'):.0f}"
    if row.seeds_needed <= now:
        return (
            f"More than {now} seeds per variant, {FRESH}: {about} show it in 80% of studies if the true gap is {gap}; "
            "these did not."
        )
    return (
        f"About {about} seeds per variant instead of {now}, {FRESH}: 80% of such studies claim a difference if the "
        f"true gap is {gap}."
    )


def _seeds_for_equivalence(row: ComparisonRow) -> str:
    if row.seeds_for_equivalence is None:
        return ""
    if row.seeds_for_equivalence >= MAX_SEEDS:
        return f"If they are equal, it takes {MAX_SEEDS} or more to show it within the margin."
    return f"If they are equal, 80% of studies with {row.seeds_for_equivalence:.0f} show it within the margin."
