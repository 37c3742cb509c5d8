"""The answers in short, for who knows no statistics: which variant is better, how sure, what would settle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seedwise.basics.words import enumerate_words, quantity
from seedwise.plan import Plan
from seedwise.report.rows import Comparison, VariantSummary
from seedwise.report.text.format import interval, number, p_value, percent
from seedwise.report.text.look_section import level
from seedwise.report.text.sentences import alone_sentence, equivalence_confidence, metric_words, seeds_words
from seedwise.statistics.power import MAX_SEEDS
from seedwise.statistics.runs import PENDING, STATUSES
from seedwise.statistics.verdict import FEWEST_SEEDS, Verdict

ASKED_BY_NAME = 3
CLAIMS = (Verdict.BETTER, Verdict.WORSE, Verdict.EQUIVALENT)
FRESH = "in a new study with seeds of its own"


@dataclass(frozen=True)
class Answer:
    """What is said in short about one variant."""

    found: str
    sure: str
    settle: str


def question(comparisons: Sequence[Comparison], names: Mapping[str, str], plan: Plan) -> str:
    """What the study asks, in one sentence; empty where nothing is compared."""
    if not comparisons:
        return ""
    baseline, metric = names[plan.baseline], metric_words(plan)
    better = "higher" if plan.higher_is_better else "lower"
    asked = f"better or worse than {baseline} in {metric} ({better} is better)?"
    if len(comparisons) > ASKED_BY_NAME:
        return f"Which of {len(comparisons)} variants are {asked}"
    variants = [names[c.variant] for c in comparisons]
    return f"Is {variants[0]} {asked}" if len(variants) == 1 else f"Are {enumerate_words(variants)} {asked}"


def runs_line(statuses: Sequence[str], variants: int, seeds: int) -> str:
    """How many of the planned runs there are, and how they ended."""
    counts = {status: statuses.count(status) for status in STATUSES}
    planned, found = variants * seeds, sum(counts.values())
    counts |= {status: statuses.count(status) for status in PENDING if status in statuses}
    counted = ", ".join(f"{count} {status}" for status, count in counts.items())
    share = f"{found} of {planned} planned runs are in" if found != planned else f"all {planned} planned runs are in"
    return f"{share} ({quantity(variants, 'variant')} × {quantity(seeds, 'seed')}): {counted}."


def short_answers(
    summaries: Sequence[VariantSummary],
    comparisons: Sequence[Comparison],
    names: Mapping[str, str],
    plan: Plan,
    exploratory: bool,
    next_look: int | None = None,
) -> list[Answer]:
    """An answer for each comparison, or for each variant where nothing is compared.

    `next_look` is the number of seeds per variant of the next declared look, if one is due.
    """
    if not comparisons:
        return [Answer(alone_sentence(row, names, plan), "", "") for row in summaries]
    return [
        Answer(
            _found(c, names, plan, exploratory),
            _sure(c, plan, len(comparisons), exploratory),
            _settle(c, plan, len(comparisons), exploratory, next_look),
        )
        for c in comparisons
    ]


def headline(comparisons: Sequence[Comparison], names: Mapping[str, str], exploratory: bool) -> str:
    """Which variants are better, in one sentence or two; empty where nothing is compared."""
    if not comparisons:
        return ""
    baseline = names[comparisons[0].baseline]
    better = [names[c.variant] for c in comparisons if c.verdict == Verdict.BETTER]
    lead = "Exploratory, to be confirmed: " if exploratory else ""
    if not better:
        return f"{lead}no variant is shown to be better than {baseline}."
    verb = "is" if len(better) == 1 else "are"
    text = f"{lead}{enumerate_words(better)} {verb} better than {baseline}."
    if len(better) > 1:
        text += " Which of them is best was not asked: each is compared with the baseline only."
    return text


def _found(c: Comparison, names: Mapping[str, str], plan: Plan, exploratory: bool) -> str:
    variant, baseline = names[c.variant], names[c.baseline]
    verb = "looks" if exploratory else "is"
    match c.verdict:
        case Verdict.BETTER | Verdict.WORSE:
            return f"{variant} {verb} **{c.verdict.lower()}** than {baseline}: {_gap(c, plan)}."
        case Verdict.EQUIVALENT:
            return (
                f"{variant} {verb} **as good as** {baseline}, give or take the declared margin of "
                f"{number(plan.margin)}: {_gap(c, plan)}."
            )
        case Verdict.NOT_SUPPORTED:
            return f"{variant} against {baseline} is **not settled**: {_gap(c, plan)}."
        case Verdict.TOO_FEW_SEEDS:
            return f"{variant} against {baseline} **cannot be judged**: {seeds_words(c)} gave a result."
        case _:
            return (
                f"{variant} against {baseline} **cannot be judged**: the results do not vary between seeds, or one is "
                "not a finite number."
            )


def _gap(c: Comparison, plan: Plan) -> str:
    """The observed gap, and which true ones fit the runs."""
    if c.difference is None:
        return "there is no difference to show"
    up = (c.difference > 0) == plan.higher_is_better
    way = "the same" if c.difference == 0 else f"{number(abs(c.difference))} {'higher' if up else 'lower'}"
    text = f"its mean {metric_words(plan)} is {way}"
    if c.ci_low is None or c.ci_high is None:
        return text
    return f"{text}; true differences {_span(c.ci_low, c.ci_high)} fit these runs ({percent(plan.confidence)} CI)"


def _span(low: float, high: float) -> str:
    if low < 0 < high:
        return f"anywhere from {number(-low)} worse to {number(high)} better"
    near, far = sorted((abs(low), abs(high)))
    return f"from {number(near)} to {number(far)} {'better' if low >= 0 else 'worse'}"


def _sure(c: Comparison, plan: Plan, comparisons: int, exploratory: bool) -> str:
    if c.verdict not in (*CLAIMS, Verdict.NOT_SUPPORTED) or c.p_value is None:
        return ""
    corrected = c.p_value if c.test == "dunnett" else c.p_holm
    limit = f"below {level(plan.alpha)}"
    alone = comparisons > 1 and c.test != "dunnett" and c.verdict == Verdict.NOT_SUPPORTED and c.p_value < plan.alpha
    claim = "By the numbers, which confirm nothing here" if exploratory else _standard(plan)
    if c.verdict == Verdict.EQUIVALENT:
        each = ", each comparison on its own" if comparisons > 1 else ""
        lead = claim if exploratory else "Sure by the plan's standard"
        return (
            f"{lead}: the {equivalence_confidence(plan)} CI of the difference, "
            f"{interval(c.equivalence_low, c.equivalence_high)}, lies inside the margin; variants that differ by more "
            f"pass this in at most {_at_most(plan)} of studies{each}."
        )
    sure = "Not sure enough" if c.verdict == Verdict.NOT_SUPPORTED else claim
    text = (
        f"{sure}: equal variants would show a gap this large in {percent(c.p_value)} of studies (p {p_value(c.p_value)}"
    )
    if c.test == "dunnett":
        text += f", among {quantity(comparisons, 'comparison')})"
    elif comparisons > 1:
        text += f"; {p_value(corrected).removeprefix('= ')} after correcting for {comparisons} comparisons)"
    else:
        text += ")"
    if c.verdict == Verdict.NOT_SUPPORTED:
        chances = f" Alone it would pass; with {comparisons} chances to be fooled it does not." if alone else ""
        return f"{text}, and a claim needs p {limit}.{chances} This does not show that they are equal."
    fragile = " But the verdict is *fragile*: other common methods disagree." if c.fragile else ""
    return f"{text}, and a claim needs p {limit}.{fragile}"


def _standard(plan: Plan) -> str:
    return f"Sure by the plan's standard, by which luck alone passes in at most {_at_most(plan)} of studies"


def _at_most(plan: Plan) -> str:
    return percent(plan.alpha).removeprefix("less than ")


def _settle(c: Comparison, plan: Plan, comparisons: int, exploratory: bool, next_look: int | None) -> str:
    if next_look is not None and c.verdict not in CLAIMS:
        return f"The next declared look, at {quantity(next_look, 'seed')} per variant."
    if c.verdict in CLAIMS:
        if exploratory:
            return f"A confirmation: the same plan, unchanged, {FRESH}."
        if c.fragile:
            return f"A repeat {FRESH}; by the declared plan it is settled for this set-up."
        return "Nothing more: by the declared plan it is settled for this set-up and this test set."
    if c.verdict == Verdict.TOO_FEW_SEEDS:
        return f"At least {FEWEST_SEEDS} finished runs on both sides; 5 or more are better."
    if c.verdict == Verdict.UNDEFINED:
        return "Runs that finish with a finite result and differ between seeds; look at the warnings."
    return _seeds(c, plan, comparisons)


def _seeds(c: Comparison, plan: Plan, comparisons: int) -> str:
    """How many seeds would settle a comparison that is not."""
    if c.seeds_needed is None:
        return "Unknown: the spread between seeds cannot be estimated."
    size = "the size of the declared margin" if plan.margin else "the size seen here; the true one may be smaller"
    now = min(c.n, c.n_baseline)
    several = f" Correcting for {comparisons} comparisons takes some more." if comparisons > 1 else ""
    if c.seeds_needed >= MAX_SEEDS:
        return f"No practical number of seeds: {MAX_SEEDS} or more per variant for a gap of {size}."
    if c.seeds_needed <= now:
        return (
            f"More than {now} seeds per variant, {FRESH}: {c.seeds_needed:.0f} usually show a gap of {size}, but these "
            f"did not.{several}"
        )
    return (
        f"About {c.seeds_needed:.0f} seeds per variant instead of {now}, {FRESH}: 80% of such studies show a gap of "
        f"{size}.{several}"
    )
