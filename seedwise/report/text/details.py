"""The evidence behind each verdict: one table per comparison, with every method that readers may ask for."""

from __future__ import annotations

from seedwise.basics.words import quantity
from seedwise.plan import Plan
from seedwise.report.digits import EFFECT, Digits
from seedwise.report.rows import ComparisonRow
from seedwise.report.text.format import (
    MISSING,
    SMALLEST_P,
    confidence_percent,
    level,
    markdown_table,
    p_cell,
    p_value,
    percent,
)
from seedwise.report.text.sentences import TESTS, equivalence_confidence, otherwise, seeds_words, verdict_sentence
from seedwise.report.wording import Wording
from seedwise.statistics.rule_rates import pooled_false_positives, separate_false_positives, separate_power
from seedwise.statistics.verdict import FEWEST_SEEDS, Verdict

PERMUTATION_TESTS = {"permutation": "Permutation test", "sign-flip": "Sign-flip test"}
SHOWN, NOT_SHOWN = "a difference", "no difference shown"
NO_VERDICT = f"nothing: a verdict needs {FEWEST_SEEDS} seeds on both sides"
LEAST_EXAGGERATION, CLEAR_EFFECT = 1.1, 2.0
"""What is said of exaggeration is left out below this factor, and where the effect is surely larger than this."""
ALONE = " (alone)"
HEADER = ["Method", "Result", "Says", "False claims"]

Row = list[str]


def comparison_text(row: ComparisonRow, wording: Wording) -> str:
    """The verdict on one variant, its gap beside the spread of single runs, and what weakens it."""
    sentences = [verdict_sentence(row, wording)]
    if row.difference is not None:
        sentences += [_means(row, wording.digits), _exaggeration(row), _fragile(row, wording)]
    return " ".join(sentence for sentence in sentences if sentence)


def evidence_table(row: ComparisonRow, wording: Wording, comparisons: int) -> str:
    """Every method's result on one comparison, and what it is worth; empty where nothing could be computed.

    `comparisons` is how many verdicts share the error rate.
    """
    if row.difference is None:
        return ""
    plan, digits = wording.deciding, wording.digits
    rows = [
        *_test(row, wording, comparisons),
        *_equivalence(row, wording, comparisons),
        *_permutation(row, plan, comparisons),
        *_rules_of_thumb(row, digits),
        *_bootstrap(row, plan, digits),
        *_effect(row, plan),
        *_wins(row, plan),
    ]
    return markdown_table(HEADER, rows) if rows else ""


def evidence_note(c: ComparisonRow, comparisons: int) -> str:
    """What the false claims of the table hold for."""
    by_seed = c.test == "paired"
    if c.rule_separate_threshold is None or min(c.n, c.n_baseline) < 2:
        return ""
    found = percent(separate_power(c.n, c.n_baseline, correlation=c.correlation or 0.0))
    noise = "independent normal noise"
    if by_seed and c.correlation is not None:
        noise = f"normal noise that correlates within a pair as here (r = {EFFECT.number(c.correlation)})"
    return (
        f"False claims: in how many studies of two equal variants the method sees a difference, for {noise} of equal "
        f"size and {seeds_words(c)}. Of true differences of 2 seed standard deviations the rule of thumb with "
        f"√(s₁² + s₂²) finds {found}."
        + (" Rows that say “alone”, and the rules of thumb, judge this comparison alone." if comparisons > 1 else "")
        + (" The rules of thumb, Hedges' g and the pairs of runs take the arms as independent." if by_seed else "")
    )


def _means(c: ComparisonRow, digits: Digits) -> str:
    which = f"Over the {quantity(c.n, 'pair')} of runs with one seed, the" if c.test == "paired" else "The"
    text = f"{which} means are {digits.number(c.mean)} and {digits.number(c.mean_baseline)}"
    if c.std is None or c.std_baseline is None:
        return f"{text}."
    spreads = f"{digits.number(c.std)} and {digits.number(c.std_baseline)}"
    return f"{text}; seeds scatter around them with standard deviations of {spreads}."


def _exaggeration(c: ComparisonRow) -> str:
    claimed = c.verdict in (Verdict.BETTER, Verdict.WORSE)
    if not claimed or c.exaggeration is None or c.exaggeration < LEAST_EXAGGERATION:
        return ""
    bounds = [abs(g) for g in (c.hedges_g_low, c.hedges_g_high) if g is not None]
    if bounds and min(bounds) > CLEAR_EFFECT:
        return ""  # a gap this large is hardly exaggerated
    unit = "standard deviation of these differences" if c.test == "paired" else "seed standard deviation"
    return (
        f"Claims from {seeds_words(c)} exaggerate: if the true difference were one {unit}, the studies that claim it "
        f"would show {c.exaggeration:.1f} times as much on average."
    )


def _fragile(c: ComparisonRow, wording: Wording) -> str:
    if not c.is_fragile:
        return ""
    return f"**Fragile**: it would be different {otherwise(c, wording)}; a repeat may decide otherwise."


def _says(difference: bool | None) -> str:
    return MISSING if difference is None else SHOWN if difference else NOT_SHOWN


def _test(c: ComparisonRow, wording: Wording, comparisons: int) -> list[Row]:
    if c.p_value is None:
        return []
    plan, digits = wording.deciding, wording.digits
    name, looks = TESTS[c.test], ", over all looks" if wording.plan.looks else ""
    limit = wording.luck + looks + (f", over all {comparisons}" if comparisons > 1 else "")
    about = "" if wording.plan.non_inferiority_margin is None else " about BETTER and WORSE"
    title = f"**{name[0].upper()}{name[1:]}**" + (f", which decides{about}" if c.judged else "")
    if not c.judged:
        return [[title, f"p {p_value(c.p_value)}", NO_VERDICT, MISSING]]
    if c.test == "dunnett":
        result = f"p {p_value(c.p_value)}, corrected for {quantity(comparisons, 'comparison')}"
        return [[title, result, _says(c.p_value < plan.alpha), limit]]
    if comparisons == 1 or c.p_holm is None:
        return [[title, f"p {p_value(c.p_value)}", _says(c.p_value < plan.alpha), limit]]
    corrected = f"corrected for {comparisons} comparisons"
    same = p_cell(c.p_holm) == p_cell(c.p_value)
    result = f"p {p_value(c.p_value)}{f', also {corrected}' if same else f'; {corrected} {p_cell(c.p_holm)}'}"
    only_alone = c.p_value < plan.alpha <= c.p_holm
    says = f"{NOT_SHOWN} (alone it would pass, corrected it does not)" if only_alone else _says(c.p_holm < plan.alpha)
    rows = [[title, result, says, limit]]
    if c.simultaneous_low is not None and c.simultaneous_high is not None:
        span = digits.interval(c.simultaneous_low, c.simultaneous_high)
        excludes = c.simultaneous_low > 0 or c.simultaneous_high < 0
        rows.append(
            [f"{confidence_percent(plan.confidence)} interval that holds for all at once", span, _says(excludes), limit]
        )
    return rows


def _equivalence(c: ComparisonRow, wording: Wording, comparisons: int) -> list[Row]:
    """What decides where a margin is declared: two one-sided tests about EQUIVALENT, or one about NON_INFERIOR."""
    if wording.plan.margin is None or not c.judged or c.equivalence_low is None:
        return []
    if wording.plan.non_inferiority_margin is not None:
        return _non_inferiority(c, wording, comparisons)
    decides = ", which decides about EQUIVALENT" if c.verdict in (Verdict.EQUIVALENT, Verdict.NOT_SUPPORTED) else ""
    span = wording.digits.interval(c.equivalence_low, c.equivalence_high)
    inside = c.is_below(wording.plan.margin)
    result = (
        f"{equivalence_confidence(wording.deciding)} CI {span} {'inside' if inside else 'not inside'} ±{wording.margin}"
    )
    says = "smaller than the margin" if inside else "not shown to be smaller than the margin"
    return [
        [f"**Two one-sided tests**{decides}", result, says, f"at most {wording.luck}{ALONE if comparisons > 1 else ''}"]
    ]


def _non_inferiority(c: ComparisonRow, wording: Wording, comparisons: int) -> list[Row]:
    """The one-sided test, which decides where the question is non-inferiority."""
    if c.non_inferiority_low is None:
        return []
    margin = wording.plan.non_inferiority_margin
    shown = margin is not None and c.non_inferiority_low > -margin
    corrected = f", corrected for {comparisons} comparisons" if comparisons > 1 else ""
    end = wording.digits.number(c.non_inferiority_low)
    result = (
        f"p {p_value(c.non_inferiority_p)}{corrected}; lower end of the interval {end} "
        f"{'above' if shown else 'not above'} {wording.minus_margin}"
    )
    says = "no worse than the margin" if shown else "not shown to be within the margin"
    limit = f"{wording.inferior_luck}{f', over all {comparisons}' if comparisons > 1 else ''}"
    return [["**One-sided test**, which decides about NON_INFERIOR", result, says, limit]]


def _permutation(c: ComparisonRow, plan: Plan, comparisons: int) -> list[Row]:
    if c.permutation_p is None:
        return []
    result = f"p {p_value(c.permutation_p)}{_reach(c)}"
    if not c.judged:
        return [[PERMUTATION_TESTS[c.permutation_test], result, NO_VERDICT, MISSING]]
    says, rate = _says(c.permutation_p < plan.alpha), f"at most {percent(plan.alpha)}"
    if c.permutation_p_min is not None and c.permutation_p_min >= plan.alpha:
        says, rate = f"nothing: it can never reach {level(plan.alpha)}", "0%"
    elif comparisons > 1:
        says, rate = says + (ALONE if c.permutation_p < plan.alpha else ""), rate + ALONE
    return [[PERMUTATION_TESTS[c.permutation_test], result, says, rate]]


def _reach(c: ComparisonRow) -> str:
    """The smallest p that the permutation test can give; nothing where that is too small to matter."""
    if c.permutation_p_min is None or c.permutation_method == "approximation" or c.permutation_p_min < SMALLEST_P:
        return ""
    smallest = p_cell(c.permutation_p_min)
    if c.permutation_method == "Monte Carlo":
        return f"; random regroupings, as many as were drawn, cannot give less than {smallest}"
    return f"; {seeds_words(c)} cannot give less than {smallest}"


def _rules_of_thumb(c: ComparisonRow, digits: Digits) -> list[Row]:
    if c.rule_separate_threshold is None or c.rule_pooled_threshold is None:
        return []
    functions = separate_false_positives, pooled_false_positives
    rates = [percent(rate(c.n, c.n_baseline, c.correlation or 0.0)) for rate in functions]
    readings = [
        ("√(s₁² + s₂²)", c.rule_separate_threshold, c.rule_separate),
        ("the pooled standard deviation", c.rule_pooled_threshold, c.rule_pooled),
    ]
    return [
        [
            f"Rule of thumb: gap > 2 × {what}",
            f"threshold {digits.number(threshold)}, {'exceeded' if exceeded else 'not exceeded'}",
            _says(exceeded),
            rate,
        ]
        for (what, threshold, exceeded), rate in zip(readings, rates, strict=True)
    ]


def _bootstrap(c: ComparisonRow, plan: Plan, digits: Digits) -> list[Row]:
    if c.bootstrap_low is None or c.bootstrap_high is None:
        return []
    varies = c.bootstrap_low < c.bootstrap_high
    excludes = c.bootstrap_low > 0 or c.bootstrap_high < 0
    measured = (c.n, c.n_baseline, plan.confidence) == (3, 3, 0.95) and c.test != "paired"
    return [
        [
            f"{confidence_percent(plan.confidence)} percentile bootstrap of the difference",
            digits.interval(c.bootstrap_low, c.bootstrap_high) if varies else "no spread, so no interval",
            _says(excludes) if varies else "nothing",
            "19.5%" if measured else MISSING,
        ]
    ]


def _effect(c: ComparisonRow, plan: Plan) -> list[Row]:
    if c.hedges_g is None:
        return []
    text = f"{EFFECT.number(c.hedges_g)} seed standard deviations"
    if c.hedges_g_low is not None and c.hedges_g_high is not None:
        text += f", {confidence_percent(plan.confidence)} CI {EFFECT.interval(c.hedges_g_low, c.hedges_g_high)}"
    return [["Effect size (Hedges' g)", text, "how large", MISSING]]


def _wins(c: ComparisonRow, plan: Plan) -> list[Row]:
    if c.wins is None or not c.pairs:
        return []
    ties = ", ties counting half" if c.wins != int(c.wins) else ""
    found = f"{c.wins:g} of {quantity(c.pairs, 'pair')} of runs{ties}"
    if c.improvement_low is not None and c.improvement_high is not None:
        confidence = confidence_percent(plan.confidence)
        found += f" ({confidence} CI of the chance: {EFFECT.interval(c.improvement_low, c.improvement_high)})"
    return [["Runs that beat a run of the baseline", found, "how often", MISSING]]
