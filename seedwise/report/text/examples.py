"""The report of an evaluation in words: every sentence says that the question is about new examples."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from seedwise.analysis.examples import ALL_DATASETS, ExampleComparison, ExampleSummary
from seedwise.basics.names import visible
from seedwise.basics.words import capital, enumerate_words, quantity
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.columns import WIDTH, in_columns
from seedwise.report.text.format import (
    MISSING,
    code,
    code_block,
    confidence_percent,
    escape,
    level,
    markdown_table,
    p_cell,
    p_value,
    percent,
)
from seedwise.report.text.sentences import VERDICT_WORDS
from seedwise.report.text.templates import markdown_template
from seedwise.statistics.examples import FEWEST_CLUSTERS, FEWEST_EXAMPLES, MAX_EXAMPLES
from seedwise.statistics.verdict import Verdict

NEW = "on new examples like these"


def render_examples(report: ExamplesReport) -> str:
    """Write results.md; the same data give the same text."""
    filters = {"escape_name": escape, "capitalise": capital, "code_block": code_block}
    return markdown_template("examples.md.j2", filters).render(
        report=report,
        title=escape(report.title),
        source=code(report.source),
        question=question(report),
        answers=[answer(row, report) for row in report.main],
        alone=[alone(row, report) for row in report.summaries] if not report.main else [],
        scope=scope(report),
        columns=columns(report),
        means_table=means_table(report),
        comparisons_table=comparisons_table(report),
        levels_table=levels_table(report),
        levels_note=levels_note(report),
        outlook_table=outlook_table(report),
        outlook_note=outlook_note(report),
        passes_table=passes_table(report),
        judges_lines=judges_lines(report),
        judges_table=judges_table(report),
        limits=limits(report),
        warnings=[escape(warning) for warning in report.analysis.warnings],
        plan_table=plan_table(report),
        confidence=confidence_percent(report.plan.confidence),
        alpha=level(report.plan.alpha),
        test_name=test_name(report),
    )


def name(variant: str) -> str:
    """A variant in a sentence."""
    return f"**{escape(variant)}**"


def question(report: ExamplesReport) -> str:
    """What is asked, in one sentence; empty where nothing is compared."""
    rows = list({row.variant: row for row in report.main}.values())
    if not rows:
        return ""
    asked = f"better or worse than {name(report.plan.baseline)} in {escape(report.metric)} ({report.direction}) {NEW}?"
    if len(rows) > 3:
        return f"Which of {len(rows)} variants are {asked}"
    names = [name(row.variant) for row in rows]
    return f"{'Is' if len(names) == 1 else 'Are'} {enumerate_words(names)} {asked}"


def test_name(report: ExamplesReport) -> str:
    """What decides."""
    if report.analysis.clustered:
        return "the paired t test over examples with cluster-robust standard errors (CR2, Satterthwaite's df)"
    return "the paired t test over examples"


def evidence(row: ExampleComparison, report: ExamplesReport) -> str:
    """Difference, interval and p value in brackets."""
    digits, parts = report.digits, [f"Δ = {report.digits.signed(row.difference)}"]
    if row.ci_low is not None:
        parts.append(f"{confidence_percent(report.plan.confidence)} CI {digits.interval(row.ci_low, row.ci_high)}")
    if row.p_holm is not None:
        parts.append(f"{report.p_name} {p_value(row.p_holm)}")
    return f"({', '.join(parts)})"


def verdict_sentence(row: ExampleComparison, report: ExamplesReport, call: str = "**") -> str:
    """One verdict as a sentence; `call` stands around the names of variants."""
    variant, baseline = (f"{call}{escape(text) if call else text}{call}" for text in (row.variant, row.baseline))
    shown, where = evidence(row, report), "" if row.dataset in ("", ALL_DATASETS) else f" of {escape(row.dataset)}"
    match row.verdict:
        case "BETTER" | "WORSE" as verdict:
            return f"{variant} is {verdict.lower()} than {baseline} {NEW}{where} {shown}."
        case "EQUIVALENT":
            interval = report.digits.interval(row.equivalence_low, row.equivalence_high)
            return (
                f"{variant} and {baseline} are equivalent {NEW}{where}, within the margin "
                f"±{report.digits.number(report.plan.margin)}: the "
                f"{confidence_percent(1 - 2 * report.plan.alpha)} CI of the difference, {interval}, lies inside it "
                f"{shown}."
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


def answer(row: ExampleComparison, report: ExamplesReport) -> dict[str, str]:
    """The three questions about one comparison: new examples, new seeds or repeats, and what would settle it."""
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
    return {"found": " ".join(found), "again": again(row, report), "settle": settle(row, report)}


def _otherwise(row: ExampleComparison) -> str:
    return enumerate_words([escape(reason) for reason in row.fragile_because.split("; ")], "or")


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
    """How many more examples, or repeats, would settle it; empty where it is settled."""
    if row.verdict != Verdict.NOT_SUPPORTED or row.examples_needed is None:
        return ""
    margin = report.plan.margin
    aim = f"the margin of {report.digits.number(margin)}"
    if margin is None:
        aim = f"a true difference as large as the observed one ({report.digits.number(abs(row.difference or 0.0))})"
    if row.examples_needed <= row.n_examples:
        # Only with a margin: a difference that was observed and could be detected as often would have been claimed.
        return f"{_enough(row, report)} {_for_equivalence(row)}".strip()
    text = f"About {_count(row.examples_needed)} examples instead of {row.n_examples}{_in_clusters(row)} detect {aim} "
    text += "with 80% power."
    if margin is None:
        text += " The observed difference is itself uncertain: a margin, the smallest difference that matters, is not."
    return " ".join(part for part in (text, _for_equivalence(row), _repeats(row, report)) if part)


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
    return f"To show that equal variants are equivalent: about {_count(needed)} examples."


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
    return f" (in {_count(clusters)} clusters like these instead of {row.n_clusters})"


def _count(number: float | None) -> str:
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


def means_table(report: ExamplesReport) -> str:
    """Every variant on its own."""
    digits, several = report.digits, len(report.datasets) > 1
    confidence = confidence_percent(report.plan.confidence)
    clustered, repeated = report.analysis.clustered, bool(report.analysis.level)
    header = [*(["Dataset"] if several else []), "Variant", "Mean", "Standard error", f"{confidence} CI", "Examples"]
    header += [*(["Clusters"] if clustered else []), *([report.levels.capitalize()] if repeated else [])]
    header += ["Answers", "Without a score"]
    rows = [
        [
            *([escape(row.dataset)] if several else []),
            escape(row.variant),
            digits.number(row.mean),
            digits.number(row.standard_error),
            digits.interval(row.ci_low, row.ci_high),
            str(row.n_examples),
            *([str(row.n_clusters)] if clustered else []),
            *([str(row.n_seeds if report.analysis.level == "seed" else row.n_repeats)] if repeated else []),
            str(row.n_scores),
            str(row.n_missing),
        ]
        for row in report.summaries
    ]
    return markdown_table(header, rows, numeric=range(1 + several, len(header)))


def comparisons_table(report: ExamplesReport) -> str:
    """Every comparison with the baseline; empty where nothing is compared."""
    rows, several = report.analysis.comparisons, len(report.datasets) > 1
    exact = any(row.mcnemar_p is not None for row in rows)
    header = [*(["Dataset"] if several else []), "Variant", "Difference", "Standard error"]
    header += [f"{confidence_percent(report.plan.confidence)} CI", "df", report.p_name, "Better/tie/worse on"]
    header += [*(["McNemar's exact p"] if exact else []), "Verdict"]
    lines = [
        [
            *([escape(row.dataset)] if several else []),
            escape(row.variant),
            report.digits.signed(row.difference),
            report.digits.number(row.standard_error),
            report.digits.interval(row.ci_low, row.ci_high),
            MISSING if row.df is None else f"{row.df:.4g}",
            p_cell(row.p_holm),
            f"{row.wins}/{row.ties}/{row.losses}",
            *([p_cell(row.mcnemar_p)] if exact else []),
            row.verdict + (" (fragile)" if row.fragile else ""),
        ]
        for row in rows
    ]
    return markdown_table(header, lines, numeric=range(1 + several, len(header) - 1)) if rows else ""


def levels_table(report: ExamplesReport) -> str:
    """New examples, new seeds or repeats, and both; empty where that is not known."""
    rows = [row for row in report.analysis.comparisons if row.variance_residual is not None]
    if not rows:
        return ""
    digits, several, crossed = report.digits, len(report.datasets) > 1, report.analysis.level == "seed"
    header = [*(["Dataset"] if several else []), "Variant", f"New examples, these {report.levels}"]
    if not crossed:
        header[-1] = "New examples (with new repeats)"
    header += [f"These examples, new {report.levels}", *(["New examples and new seeds"] if crossed else [])]
    header += ["From examples", *(["From seeds"] if crossed else [])]
    header += ["From both at once" if crossed else "From repeats"]
    lines = []
    for row in rows:
        parts = [row.variance_example or 0.0, row.variance_seed or 0.0, row.variance_residual or 0.0]
        total = sum(parts)
        shares = [percent(part / total) if total > 0 else MISSING for part in parts]
        lines.append(
            [
                *([escape(row.dataset)] if several else []),
                escape(row.variant),
                digits.interval(row.ci_low, row.ci_high),
                digits.interval(row.same_examples_low, row.same_examples_high),
                *([digits.interval(row.both_low, row.both_high)] if crossed else []),
                shares[0],
                *([shares[1]] if crossed else []),
                shares[2],
            ]
        )
    return markdown_table(header, lines, numeric=range(1 + several, len(header)))


def levels_note(report: ExamplesReport) -> str:
    """How to read `levels_table`."""
    if report.analysis.level == "seed":
        return (
            "Intervals of the difference. The shares are of its variance for new examples and new seeds: more examples "
            "lower the first, more seeds the second, either of them the third."
        )
    return (
        "Intervals of the difference. The shares are of its variance: more examples lower both, more repeats of each "
        "example only the second."
    )


def outlook_table(report: ExamplesReport) -> str:
    """What these examples can detect; empty where nothing is compared."""
    rows = [row for row in report.analysis.comparisons if row.detectable_difference is not None]
    if not rows:
        return ""
    several, margin = len(report.datasets) > 1, report.plan.margin is not None
    levels = any(row.exhausted_error is not None for row in rows)
    header = [*(["Dataset"] if several else []), "Variant", "Detectable difference", "Examples", "Examples needed"]
    header += [*(["For equivalence"] if margin else []), *([f"{report.levels.capitalize()} needed"] if levels else [])]
    lines = [
        [
            *([escape(row.dataset)] if several else []),
            escape(row.variant),
            report.digits.number(row.detectable_difference),
            str(row.n_examples),
            _count(row.examples_needed),
            *([_count(row.examples_for_equivalence)] if margin else []),
            *([_repeats_cell(row)] if levels else []),
        ]
        for row in rows
    ]
    return markdown_table(header, lines, numeric=range(1 + several, len(header)))


def _repeats_cell(row: ExampleComparison) -> str:
    if row.exhausted_error is None:
        return MISSING
    return "no number" if row.repeats_needed is None else str(row.repeats_needed)


def outlook_note(report: ExamplesReport) -> str:
    """What `outlook_table` promises."""
    together, apart = len(report.main), len(report.analysis.comparisons) - len(report.main)
    corrected = f", corrected for {quantity(together, 'comparison')}" if max(together, apart) > 1 else ""
    corrected += f" (for single datasets: {apart})" if apart else ""
    target = "the margin" if report.plan.margin is not None else "the observed one, which is itself uncertain"
    clusters = ", in clusters of the same sizes" if report.analysis.clustered else ""
    text = (
        f"For a power of 80% of {test_name(report)} at the {level(report.plan.alpha)} level{corrected}, if the spread "
        f"seen here is the true one. Examples needed{clusters}: if the true difference is {target}."
    )
    if report.levels:
        text += f" {report.levels.capitalize()} needed: on the same examples; no number does where examples differ too "
        text += "much."
    return text


def passes_table(report: ExamplesReport) -> str:
    """pass@k and pass^k; empty where answers were not repeated, or are not right or wrong."""
    digits = report.digits
    rows = [
        [
            escape(row.variant),
            str(row.k),
            f"{digits.number(row.any_of_k)} {digits.interval(row.any_low, row.any_high)}",
            _gap(row.any_difference, row.any_difference_low, row.any_difference_high, report),
            f"{digits.number(row.all_of_k)} {digits.interval(row.all_low, row.all_high)}",
            _gap(row.all_difference, row.all_difference_low, row.all_difference_high, report),
        ]
        for row in report.analysis.passes
    ]
    header = ["Variant", "k", "pass@k: any of k", "Difference", "pass^k: all of k", "Difference"]
    return markdown_table(header, rows, numeric=range(1, 6)) if rows else ""


def _gap(gap: float | None, low: float | None, high: float | None, report: ExamplesReport) -> str:
    return MISSING if gap is None else f"{report.digits.signed(gap)} {report.digits.interval(low, high)}"


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
            if (found.variant, found.dataset) == (row.variant, row.dataset) and found.verdict != row.verdict
        ]
        if other:
            told = [f"{VERDICT_WORDS[Verdict(found.verdict)]} by {escape(found.judge)} alone" for found in other]
            lines.append(
                f"The verdict on {name(row.variant)} depends on the judge: it would be {enumerate_words(told)}."
            )
    return lines


def judges_table(report: ExamplesReport) -> str:
    """What each judge alone would decide."""
    judges = report.analysis.judges
    if judges is None:
        return ""
    several, digits = len(report.datasets) > 1, report.digits
    rows = [
        [
            *([escape(found.dataset)] if several else []),
            escape(found.variant),
            escape(found.judge),
            digits.number(found.mean),
            digits.signed(found.difference),
            digits.interval(found.ci_low, found.ci_high),
            found.verdict,
        ]
        for found in judges.findings
    ]
    header = [*(["Dataset"] if several else []), "Variant", "Judge", "Mean of all variants", "Difference"]
    header += [f"{confidence_percent(report.plan.confidence)} CI", "Verdict by this judge alone"]
    return markdown_table(header, rows, numeric=range(2 + several, len(header) - 1))


def limits(report: ExamplesReport) -> list[str]:
    """What cannot be concluded."""
    lines = [
        "Anything about examples of another kind: the intervals cover examples drawn like these, and only if these "
        "were drawn, not picked."
    ]
    open_rows = [row for row in report.main if row.verdict == Verdict.NOT_SUPPORTED]
    if open_rows:
        equal = "is equal" if len(open_rows) == 1 else "are equal"
        who = enumerate_words([name(row.variant) for row in open_rows])
        lines.append(f"That {who} {equal} to {name(report.plan.baseline)}.")
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


def plan_table(report: ExamplesReport) -> str:
    """Everything that decides a verdict."""
    plan = report.plan
    rows = {
        "sample": "examples",
        "metric": plan.metric,
        "higher_is_better": str(plan.higher_is_better).lower(),
        "baseline": plan.baseline,
        "confidence": f"{plan.confidence:g}",
        "margin": None if plan.margin is None else f"{plan.margin:g}",
        **dict(report.columns),
    }
    return markdown_table(
        ["Given", "Value"], [[code(key), "not set" if value is None else code(value)] for key, value in rows.items()]
    )


def examples_terminal(report: ExamplesReport) -> str:
    """The verdicts for a terminal, in lines of at most `WIDTH` characters."""
    heading = f"{report.metric}, {report.direction}"
    if report.direction_assumed:
        other = "lower" if report.plan.higher_is_better else "higher"
        heading += f" (assumed from its name; --{other}-is-better says otherwise)"
    heading += "; the question is new examples"
    if report.main:
        heading += f"; differences from {report.plan.baseline}, positive is better"
    paragraphs = [textwrap.fill(heading, WIDTH), _table(report)]
    if not report.main:
        paragraphs += [textwrap.fill(_plain(alone(row, report)), WIDTH) for row in report.summaries]
    elif len(report.main) <= 3:
        for row in report.main:
            told = answer(row, report)
            paragraphs.append(textwrap.fill(_plain(told["found"]), WIDTH))
            for label, key in ((f"New {report.levels}?", "again"), ("To settle it:", "settle")):
                if told[key] and (report.levels or key == "settle"):
                    paragraphs.append(_bullet(f"{label} {_plain(told[key])}"))
    paragraphs.append(textwrap.fill(_plain(scope(report)), WIDTH))
    if judged := judges_lines(report):
        paragraphs.append("\n".join(_bullet(_plain(line)) for line in judged))
    if report.analysis.warnings:
        paragraphs.append("\n".join(["Warnings:", *(_bullet(line) for line in report.analysis.warnings)]))
    return visible("\n\n".join(paragraphs))


def _bullet(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _plain(text: str) -> str:
    return text.replace("*", "").replace("\\", "")


def _table(report: ExamplesReport) -> str:
    """A line for each variant; with several datasets, a block for each of them below that of all together."""
    if len(report.datasets) <= 1:
        return _block(report.summaries, report.analysis.comparisons, report)
    blocks = [f"{ALL_DATASETS}\n{_block([], report.main, report)}"]
    for dataset in report.datasets:
        summaries = [row for row in report.summaries if row.dataset == dataset]
        compared = [row for row in report.analysis.comparisons if row.dataset == dataset]
        blocks.append(f"{dataset}\n{_block(summaries, compared, report)}")
    return "\n\n".join(blocks)


def _block(
    summaries: Sequence[ExampleSummary], comparisons: Sequence[ExampleComparison], report: ExamplesReport
) -> str:
    digits, by_variant = report.digits, {row.variant: row for row in comparisons}
    confidence = f"{percent(report.plan.confidence)} CI"
    lines = [["variant", "mean", "difference", confidence, report.p_name, "verdict"]]
    means = {row.variant: row.mean for row in summaries} or {
        **{row.baseline: row.mean_baseline for row in comparisons},
        **{row.variant: row.mean for row in comparisons},
    }
    for variant, mean in means.items():
        row = by_variant.get(variant)
        cells = ["", "", "", "baseline"]
        if row is not None:
            interval = digits.interval(row.ci_low, row.ci_high)
            verdict = row.verdict + (" *" if row.fragile else "")
            cells = [digits.signed(row.difference), interval, p_cell(row.p_holm), verdict]
        lines.append([variant, digits.number(mean), *cells])
    # The interval shows the difference too, where numbers are very long.
    text = in_columns(lines, left={confidence, "verdict"}, droppable=("mean", "difference"))
    return f"{text}\n* fragile" if any(row.fragile for row in comparisons) else text
