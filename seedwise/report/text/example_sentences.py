"""The report of an evaluation in sentences, each of which says that the question is about new examples."""

from __future__ import annotations

import math

from seedwise.analysis.example_findings import ALL_DATASETS, ExampleComparison, ExampleSummary
from seedwise.basics.words import capital, enumerate_words, quantity
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.format import MISSING, code, confidence_percent, escape, level, p_value, percent
from seedwise.report.text.registration_section import registered_when
from seedwise.report.text.sentences import VERDICT_WORDS, no_more_than
from seedwise.statistics.example_planning import MAX_EXAMPLES
from seedwise.statistics.examples import FEWEST_CLUSTERS, FEWEST_EXAMPLES
from seedwise.statistics.verdict import CLAIMS, Verdict, upholds

NAMED = 12
"""So many variants of one verdict are named in a headline."""
NEW = "on new examples like these"


def name(variant: str) -> str:
    """A variant in a sentence."""
    return f"**{escape(variant)}**"


def question(report: ExamplesReport, *, markdown: bool = True) -> str:
    """What is asked, in one sentence; empty where nothing is compared."""
    rows = list({row.variant: row for row in report.main}.values())
    if not rows:
        return ""
    called = name if markdown else str
    metric = escape(report.metric) if markdown else report.metric
    asked = f"better or worse than {called(report.plan.baseline)}"
    if report.plan.non_inferiority_margin is not None:
        asked = no_more_than(report.digits.number(report.plan.margin), called(report.plan.baseline))
    asked += f" in {metric} ({report.direction}) {NEW}?"
    if len(rows) > 3:
        return f"Which of {len(rows)} variants are {asked}"
    names = [called(row.variant) for row in rows]
    return f"{'Is' if len(names) == 1 else 'Are'} {enumerate_words(names)} {asked}"


def test_name(report: ExamplesReport) -> str:
    """What decides."""
    if report.analysis.clustered:
        return "the paired t test over examples with cluster-robust standard errors (CR2, Satterthwaite's df)"
    return "the paired t test over examples"


def decided_by(report: ExamplesReport) -> str:
    """The test, correction and level that decide, and since when, in one line for a methods section."""
    apart = len(report.analysis.comparisons) - len(report.main)
    holm = f" with Holm's correction for {quantity(len(report.main), 'comparison')}" if len(report.main) > 1 else ""
    holm += f" (single datasets: for {apart})" if apart else ""
    margin, forms = report.digits.number(report.plan.margin), ""
    if report.plan.equivalence_margin is not None:
        forms = f"; two one-sided tests for equivalence within ±{margin}"
    elif report.plan.margin is not None:
        forms = f"; its one-sided form for non-inferiority by {margin}"
    when = f"was {registered_when(report.registration)}" if report.study else "was given on the command line"
    text = f"{capital(test_name(report))}{holm}, two-sided at the {level(report.plan.alpha)} level{forms}. "
    text += f"[The plan](#the-plan) {when}."
    return (
        f"{text} That {report.direction} was assumed from the name of the metric." if report.direction_assumed else text
    )


def headline(report: ExamplesReport) -> str:
    """What was found about every variant, in one sentence; empty where nothing is compared."""
    if not report.main:
        return ""
    baseline, parts = name(report.plan.baseline), list[str]()
    margin = report.digits.number(report.plan.margin)
    for verdict in Verdict:
        group = [row for row in report.main if row.verdict == verdict]
        if not group:
            continue
        names = [name(row.variant) for row in group]
        who = enumerate_words(names) if len(names) <= NAMED else f"{len(names)} variants"
        found = {
            Verdict.EQUIVALENT: f"as good as {baseline}, give or take {margin},",
            Verdict.NON_INFERIOR: no_more_than(margin, baseline),
            Verdict.NOT_SUPPORTED: "not settled",
        }.get(verdict, f"{VERDICT_WORDS[verdict]} than {baseline}")
        if verdict in CLAIMS:
            found = f"{found} {NEW}"
        elif not group[0].judged:
            found = f"not judged ({VERDICT_WORDS[verdict]})"
        parts.append(f"{who} {'is' if len(names) == 1 else 'are'} {found}")
    exploratory = report.exploratory and any(row.judged for row in report.main)
    text = f"{'Exploratory, to be confirmed: ' if exploratory else ''}{'; '.join(parts)}."
    fragile = [name(row.variant) for row in report.main if row.fragile and row.verdict in CLAIMS]
    if fragile and len(fragile) <= NAMED:
        text += f" The verdict{'s' if len(fragile) > 1 else ''} on {enumerate_words(fragile)} "
        text += f"{'are' if len(fragile) > 1 else 'is'} fragile."
    return text


def evidence(row: ExampleComparison, report: ExamplesReport) -> str:
    """Difference, interval and p value in brackets."""
    digits, parts = report.digits, [f"Δ = {report.digits.signed(row.difference)}"]
    if row.ci_low is not None:
        parts.append(f"{confidence_percent(report.plan.confidence)} CI {digits.interval(row.ci_low, row.ci_high)}")
    if row.non_inferiority_p is not None and row.verdict in (Verdict.NON_INFERIOR, Verdict.NOT_SUPPORTED):
        parts.append(f"one-sided {report.p_name} {p_value(row.non_inferiority_p)}")
    elif row.p_holm is not None:
        parts.append(f"{report.p_name} {p_value(row.p_holm)}")
    return f"({', '.join(parts)})"


def verdict_sentence(row: ExampleComparison, report: ExamplesReport, call: str = "**") -> str:
    """One verdict as a sentence; `call` stands around the names of variants."""
    variant, baseline = (f"{call}{escape(text) if call else text}{call}" for text in (row.variant, row.baseline))
    shown, where = evidence(row, report), "" if row.dataset in ("", ALL_DATASETS) else f" of {escape(row.dataset)}"
    margin = report.digits.number(report.plan.margin)
    match row.verdict:
        case "BETTER" | "WORSE" as verdict:
            return f"{variant} is {verdict.lower()} than {baseline} {NEW}{where} {shown}{_beyond(row, report)}."
        case "EQUIVALENT":
            interval = report.digits.interval(row.equivalence_low, row.equivalence_high)
            return (
                f"{variant} and {baseline} are equivalent {NEW}{where}, within the margin ±{margin}: the "
                f"{confidence_percent(1 - 2 * report.plan.alpha)} CI of the difference, {interval}, lies inside it "
                f"{shown}."
            )
        case "NON_INFERIOR":
            worse = (row.difference or 0.0) < 0 and row.p_holm is not None and row.p_holm < report.plan.alpha
            found = f"{no_more_than(margin, baseline)}{', but worse,' if worse else ''}"
            return f"{variant} is {found} {NEW}{where}: {_lower_end(row, report)} {shown}."
        case "NOT_SUPPORTED" if report.plan.non_inferiority_margin is not None:
            limit = report.digits.number(row.detectable_difference)
            return (
                f"The data do not show that {variant} is {no_more_than(margin, baseline)} {NEW}{where}: "
                f"{_lower_end(row, report)} {shown}. This is not evidence that it is worse: with {report.size(row)}, "
                f"variants as good as the baseline pass 80% of the time only where the margin is at least {limit}."
            )
        case "NOT_SUPPORTED":
            limit = report.digits.number(row.detectable_difference)
            return (
                f"The data do not support a difference between {variant} and {baseline} {NEW}{where} {shown}. This is "
                f"not evidence of equality: with {report.size(row)} only differences above {limit} would be detected "
                "80% of the time."
            )
        case "TOO_FEW_EXAMPLES":
            fewest = (
                quantity(FEWEST_EXAMPLES, "example") if row.n_clusters is None else quantity(FEWEST_CLUSTERS, "cluster")
            )
            return (
                f"{variant} and {baseline} cannot be compared with {report.size(row)}{where}: a verdict about new "
                f"examples needs at least {fewest}{' in each dataset' if row.dataset == ALL_DATASETS else ''}."
            )
        case _:
            return (
                f"The comparison of {variant} with {baseline}{where} is undefined: the difference is the same on every "
                "example, so that its noise cannot be estimated."
            )


def _lower_end(row: ExampleComparison, report: ExamplesReport) -> str:
    """Where the interval that decides about non-inferiority ends, and whether that is above −margin."""
    corrected = " (corrected for the number of comparisons)" if report.p_name == "Holm p" else ""
    above = "above" if row.verdict == Verdict.NON_INFERIOR else "not above"
    end, margin = report.digits.number(row.non_inferiority_low), report.digits.number(-(report.plan.margin or 0.0))
    return f"the lower end of the interval of the difference{corrected} is {end}, {above} {margin}"


def _beyond(row: ExampleComparison, report: ExamplesReport) -> str:
    """Of a variant that is worse, whether by more than the margin of non-inferiority; empty for all others."""
    margin = report.plan.non_inferiority_margin
    if margin is None or row.verdict != Verdict.WORSE:
        return ""
    number = report.digits.number(margin)
    if row.simultaneous_high is not None and row.simultaneous_high < -margin:
        return f", by more than the margin ({number})"
    return f"; that this is within the margin ({number}) is not shown"


def answer(row: ExampleComparison, report: ExamplesReport) -> dict[str, str]:
    """What was found about new examples, how sure that is, what new seeds or repeats would do, what would settle it."""
    found = [verdict_sentence(row, report)]
    if row.fragile:
        found.append(f"The verdict is fragile: it would be different {_otherwise(row)}.")
    if row.hangs_on_missing:
        found.append(
            "It hangs on the answers without a score: at the worst score it would be "
            f"{VERDICT_WORDS[Verdict(row.verdict_if_worst)]}."
        )
    elif row.verdict_if_worst and row.judged:
        found.append("With the worst score for every answer that has none, it would be the same.")
    return {
        "found": " ".join(found),
        "sure": sure(row, report),
        "again": again(row, report),
        "settle": settle(row, report),
    }


def _otherwise(row: ExampleComparison) -> str:
    return enumerate_words([escape(reason) for reason in row.fragile_because.split("; ")], "or")


def sure(row: ExampleComparison, report: ExamplesReport) -> str:
    """How sure the verdict is, and how often luck alone passes for it; empty where there is none."""
    if not row.judged or row.p_value is None or row.p_holm is None:
        return ""
    plan, exploratory = report.plan, bool(report.exploratory)
    claim = "By the numbers, which confirm nothing here" if exploratory else "Sure enough"
    luck = percent(plan.alpha)
    if row.verdict == Verdict.EQUIVALENT:
        return f"{claim}: variants that differ by more than the margin pass this in at most {luck} of evaluations."
    if row.verdict == Verdict.NON_INFERIOR:
        half = percent(plan.alpha / 2)
        return f"{claim}: variants that are worse by the margin pass this in about {half} of evaluations."
    if row.verdict == Verdict.NOT_SUPPORTED and plan.non_inferiority_margin is not None:
        return "Not sure enough: the interval does not exclude a loss as large as the margin."
    count = len(report.main) if row.dataset in ("", ALL_DATASETS) else len(report.analysis.comparisons)
    corrected = f"(p {p_value(row.p_value)})"
    if report.p_name == "Holm p":
        corrected = f"(p {p_value(row.p_value)}; corrected for {quantity(count, 'comparison')}, {p_value(row.p_holm)})"
    settled = row.verdict in CLAIMS
    text = f"{claim if settled else 'Not sure enough'}: equal variants would show a gap this large in "
    text += f"{percent(row.p_value)} of evaluations {corrected}; a claim needs p below {level(plan.alpha)}."
    if not settled:
        return f"{text} This does not show that they are equal."
    return text if exploratory else f"{text} By this standard luck alone passes in about {luck} of evaluations."


def again(row: ExampleComparison, report: ExamplesReport) -> str:
    """Whether new seeds or repeats would change it; empty where nothing is known that they could change."""
    if row.verdict == Verdict.TOO_FEW_EXAMPLES:
        return ""
    digits, confidence = report.digits, confidence_percent(report.plan.confidence)
    if not report.analysis.level:
        return (
            "Not known: there is one answer of each to each example. This covers these two as they are, "
            "not models that are trained again, nor other answers of these."
        )
    if row.same_examples_low is None and row.both_low is None:
        if report.analysis.level == "repeat" and row.variance_residual is not None:
            return "No repeat of any example differs, so new repeats would change nothing."
        return f"Not known: one of the two has a single {report.analysis.level}."
    same = digits.interval(row.same_examples_low, row.same_examples_high)
    excludes = _excludes(row.same_examples_low, row.same_examples_high)
    here = "which excludes 0" if excludes else "which includes 0"
    what = "new repeats" if report.analysis.level == "repeat" else "new seeds (models trained again)"
    text = f"With {what} on these very examples, the {confidence} CI is {same}, {here}."
    if same == MISSING:
        text = f"With {what} on these very examples, nothing would change: the seeds do not differ."
    if report.analysis.level == "repeat":
        return f"{text} The interval for new examples includes new repeats already."
    both = digits.interval(row.both_low, row.both_high)
    holds = _excludes(row.both_low, row.both_high)
    verdict = (
        "so that the difference is shown for retrained models too"
        if holds
        else "so that the difference is not shown for retrained models"
    )
    if not holds and row.verdict in (Verdict.BETTER, Verdict.WORSE):
        verdict += ": the verdict covers these variants as they are"
    if not holds and row.seeds_needed is not None:
        aim = "of the margin" if report.plan.margin is not None else "as large as the observed one"
        there = _most(report, row)
        if row.seeds_needed > there:
            verdict += f"; about {row.seeds_needed} seeds of each variant instead of {there} would show a true "
            verdict += f"difference {aim}"
    return f"{text} With new seeds and new examples at once it is {both}, {verdict}."


def _excludes(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and (low > 0 or high < 0)


def settle(row: ExampleComparison, report: ExamplesReport) -> str:
    """How many more examples, or repeats, would settle it, or that it is settled; empty where nothing is known."""
    if row.verdict in CLAIMS:
        if report.exploratory:
            return "A confirmation: the same plan, unchanged, on new examples."
        if row.fragile or row.hangs_on_missing:
            return "A repeat on new examples, before anyone relies on it."
        return "Nothing more for examples like these, if what decides was chosen before the answers were seen."
    if row.verdict != Verdict.NOT_SUPPORTED or row.examples_needed is None:
        return ""
    margin = report.plan.margin
    aim = f"the margin of {report.digits.number(margin)}"
    if report.plan.non_inferiority_margin is not None:
        return _settle_non_inferiority(row, report)
    if margin is None:
        aim = f"a true difference as large as the observed one ({report.digits.number(abs(row.difference or 0.0))})"
    if row.examples_needed <= row.n_examples:
        # Only with a margin: a difference that was observed and could be detected as often would have been claimed.
        return f"{_enough(row, report)} {_for_equivalence(row)}".strip()
    text = f"About {rounded_count(row.examples_needed)} examples instead of {row.n_examples}{_in_clusters(row)} detect "
    text += f"{aim} with 80% power."
    if margin is None:
        text += " The observed difference is itself uncertain: a margin, the smallest difference that matters, is not."
    return " ".join(part for part in (text, _for_equivalence(row), _repeats(row, report)) if part)


def _settle_non_inferiority(row: ExampleComparison, report: ExamplesReport) -> str:
    """How many examples show that a variant is not inferior, if it is as good as the baseline."""
    needed, there = row.examples_needed or 0, row.n_examples
    if needed <= there:
        text = f"{there} examples are enough for variants as good as the baseline in at least 80% of evaluations, but "
        return f"{text}these did not show it: more of them narrow the interval."
    text = f"About {rounded_count(needed)} examples instead of {there}{_in_clusters(row)} show it with 80% power, if "
    return " ".join(part for part in (f"{text}the variant is as good as the baseline.", _repeats(row, report)) if part)


def _enough(row: ExampleComparison, report: ExamplesReport) -> str:
    """Say that there are as many examples as the margin needs, although they did not decide."""
    margin = report.digits.number(report.plan.margin)
    return (
        f"{row.n_examples} examples detect a true difference of the margin, {margin}, in at least 80% of evaluations, "
        "but these neither show a difference nor rule out one as large as the margin: more of them narrow the interval."
    )


def _for_equivalence(row: ExampleComparison) -> str:
    needed = row.examples_for_equivalence
    if needed is None:
        return ""
    if needed <= row.n_examples:
        return "As many show in at least 80% of evaluations that equal variants are equivalent."
    return f"To show that equal variants are equivalent: about {rounded_count(needed)} examples."


def _repeats(row: ExampleComparison, report: ExamplesReport) -> str:
    """What more repeats or seeds would do."""
    if row.exhausted_error is None or row.standard_error is None:
        return ""
    rest = report.digits.number(row.exhausted_error)
    if row.repeats_needed is None:
        return (
            f"More {report.levels} alone would not do: any number of them lowers the standard error from "
            f"{report.digits.number(row.standard_error)} to {rest} at best."
        )
    each = f"repeats of each example instead of {_most(report, row)}"
    if report.analysis.level == "seed":
        each = f"seeds of each variant instead of {_most(report, row)}"
    return f"Or about {row.repeats_needed} {each}, on the same examples."


def _most(report: ExamplesReport, row: ExampleComparison) -> int:
    own = [summary for summary in report.summaries if summary.variant == row.variant]
    if report.analysis.level == "seed":
        return max((summary.n_seeds or 1) for summary in own)
    return max(summary.n_repeats for summary in own)


def _in_clusters(row: ExampleComparison) -> str:
    if row.n_clusters is None or row.examples_needed is None:
        return ""
    clusters = math.ceil(row.n_clusters * row.examples_needed / max(row.n_examples, 1))
    return f" (in {rounded_count(clusters)} clusters like these instead of {row.n_clusters})"


def rounded_count(number: float | None) -> str:
    """A number of examples, which an estimate knows to two digits only."""
    if number is None:
        return MISSING
    if number >= MAX_EXAMPLES:
        return f"{MAX_EXAMPLES:,} or more".replace(",", " ")
    return f"{number:.0f}" if number < 1000 else f"{float(f'{number:.2g}'):.0f}"


def alone(row: ExampleSummary, report: ExamplesReport) -> str:
    """What can be said of a variant that is compared with nothing."""
    if row.mean is None:
        return f"{name(row.variant)} has no mean {escape(report.metric)}: no answer has a score."
    span = report.digits.interval(row.ci_low, row.ci_high)
    return (
        f"{name(row.variant)} has a mean {escape(report.metric)} of {report.digits.number(row.mean)} over "
        f"{quantity(row.n_examples, 'example')}; {confidence_percent(report.plan.confidence)} CI for new examples "
        f"{span}. Nothing is compared with it."
    )


def scope(report: ExamplesReport) -> str:
    """What the verdicts are about."""
    drawn = "drawn like these"
    if report.analysis.clustered:
        drawn = "from new clusters, drawn like these"
    text = f"The intervals cover new *examples* {drawn}. The examples are the sample"
    if report.levels:
        text += f"; {report.levels} are averaged within an example and never counted as examples"
    text += "."
    if not report.analysis.level:
        text += " They cover these variants as they are, not retrained models or other answers."
    if len(report.datasets) > 1:
        text += f" The overall verdict is about these {len(report.datasets)} datasets, each counting the same."
    return text


def columns(report: ExamplesReport) -> str:
    """What the columns of the source mean here."""
    told = [f"{code(column)} is the {role}" for role, column in report.columns.items() if role != column]
    return f"In {code(report.source)}, {enumerate_words(told)}." if told else ""


def judges_lines(report: ExamplesReport) -> list[str]:
    """How far judges agree, and whether a verdict depends on who judges."""
    judges = report.analysis.judges
    if judges is None:
        return []
    lines = [
        f"{len(judges.names)} judges, averaged for each answer; they disagree on {percent(judges.disagreement)} of the "
        f"answers, and their means have a standard deviation of {report.digits.number(judges.spread)}. Whether any of "
        "them is right is not judged here."
    ]
    if judges.incomplete:
        lines.append(
            f"{quantity(judges.incomplete, 'answer')} without a score of every judge "
            f"{'is' if judges.incomplete == 1 else 'are'} left out, so that a lenient judge favours nobody."
        )
    for row in report.main:
        other = [
            found
            for found in judges.findings
            if (found.variant, found.dataset) == (row.variant, row.dataset) and not upholds(row.verdict, found.verdict)
        ]
        if other:
            told = [f"{VERDICT_WORDS[Verdict(found.verdict)]} by {escape(found.judge)} alone" for found in other]
            lines.append(
                f"The verdict on {name(row.variant)} depends on the judge: it would be {enumerate_words(told)}."
            )
    return lines


def plan_declared(report: ExamplesReport) -> str:
    """When the plan was made, as far as that is known."""
    if not report.study:
        return "Nothing shows whether it was made before the answers were known."
    return (
        f"{capital(registered_when(report.registration))}; answers that were recorded elsewhere cannot show whether it "
        f"is older than they are. Its hash is {code(report.plan_hash)}."
    )


def limits(report: ExamplesReport) -> list[str]:
    """What cannot be concluded."""
    lines = [
        "Anything about examples of another kind: the intervals cover examples drawn like these, and only if these "
        "were drawn, not picked."
    ]
    open_rows = [row for row in report.main if row.verdict == Verdict.NOT_SUPPORTED]
    if open_rows:
        are, either = ("is", "it is") if len(open_rows) == 1 else ("are", "they are")
        who, baseline = enumerate_words([name(row.variant) for row in open_rows]), name(report.plan.baseline)
        if report.plan.non_inferiority_margin is None:
            lines.append(f"That {who} {are} equal to {baseline}.")
        else:
            margin = report.digits.number(report.plan.margin)
            lines.append(f"That {who} {are} more than {margin} worse than {baseline}, or that {either} not.")
    if report.analysis.level == "seed":
        lines.append("Anything about other settings or other training data: only the seed varied within a variant.")
    else:
        lines.append(
            "Anything about models that are trained again with other seeds: each variant is one checkpoint (or prompt)."
        )
    if not report.analysis.clustered and report.main:
        lines.append(
            "Anything, if examples come in groups (questions about one text, variants of one prompt) and no cluster "
            "was named: the intervals would be too narrow."
        )
    return lines
