"""Two finished studies side by side, in words: compare.md and compare.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from seedwise.basics.words import quantity
from seedwise.report.text.format import code, code_block, escape, markdown_table, p_cell, percent
from seedwise.report.text.sentences import verdict_word
from seedwise.report.two_studies import ALIKE, HELD, SAME, FinishedStudy, SideBySide, caveats, confirming, shared_digits
from seedwise.runs.metrics import metric_label
from seedwise.statistics.verdict import CLAIMS


def headline(first: FinishedStudy, second: FinishedStudy, rows: Sequence[SideBySide]) -> str:
    """How many conclusions held, in a sentence."""
    claimed = [row for row in rows if {row.first.verdict, row.second.verdict} & set(CLAIMS)]
    if not claimed:
        return "Neither study shows anything about the variants that both have, so there is no conclusion to hold."
    held = [row for row in claimed if row.agreement == HELD]
    same = [row for row in claimed if row.agreement == SAME]
    rests = "conclusion rests" if len(same) == 1 else "conclusions rest"
    copied = f" {len(same)} {rests} on the same runs in both, which confirms nothing." if same else ""
    if len(same) == len(claimed):
        return copied.strip()
    of_all = f"of {quantity(len(claimed) - len(same), 'conclusion')}"
    if alike := sum(row.agreement == ALIKE for row in claimed):
        is_alike = f"{'is' if alike == 1 else 'are'} alike in both studies"
        return f"{alike} {of_all} {is_alike}, but {confirming(first, second)}.{copied}"
    return f"{len(held)} {of_all} held in both studies.{copied}"


def render_markdown(first: FinishedStudy, second: FinishedStudy, rows: Sequence[SideBySide], command: str) -> str:
    """Write compare.md; the same studies give the same text."""
    plan, names, digits = first.plan, [escape(first.name), escape(second.name)], shared_digits(first, second)
    better = "higher is better" if plan.higher_is_better else "lower is better"
    confidence = percent(max(first.plan.confidence, second.plan.confidence))
    verdicts = markdown_table(
        ["Variant", *(f"{name}: difference" for name in names), *(f"{name}: verdict" for name in names), "Together"],
        [
            [
                escape(row.variant),
                *(
                    f"{digits.signed(c.difference)} {digits.interval(c.ci_low, c.ci_high)}"
                    for c in (row.first, row.second)
                ),
                verdict_word(row.first.verdict, first.exploratory),
                verdict_word(row.second.verdict, second.exploratory),
                f"**{row.agreement}**",
            ]
            for row in rows
        ],
    )
    changes = markdown_table(
        ["Variant", f"{names[1]} minus {names[0]}", f"{confidence} CI", "p"],
        [
            [escape(row.variant), digits.signed(row.change), digits.interval(row.low, row.high), p_cell(row.p)]
            for row in rows
        ],
        numeric=(1, 3),
    )
    parts = [
        f"# Did it hold? {names[0]} and {names[1]}",
        f"**{escape(headline(first, second, rows))}**",
        "\n".join(f"- {_sentence(row, *names, confirming=escape(confirming(first, second)))}" for row in rows),
        *(
            [_section("Caution", "\n".join(f"- {escape(text)}" for text in found))]
            if (found := caveats(first, second))
            else []
        ),
        _section(
            "Side by side",
            verdicts,
            f"Differences from {code(plan.baseline)} in {escape(metric_label(plan.metric))} ({better}), signed so that "
            "positive is better, with the interval and the verdict of each study's own plan "
            f"({code(first.plan_hash)}, {code(second.plan_hash)}).",
            "![Differences from the baseline in both studies](compare.png)",
        ),
        _section(
            "Does the gap differ?",
            changes,
            "How much more a variant gains in the second study than in the first, by Welch's t test for independent "
            "runs; p is not corrected for the number of variants. Two verdicts that differ do not show that the gaps "
            "differ: look here. And a gap of the same size need not mean the same on other data.",
        ),
        _section("How to make this again", code_block(command)),
    ]
    return "\n\n".join(parts) + "\n"


def render_csv(rows: Sequence[SideBySide]) -> str:
    """Write compare.csv: one row per variant, exact numbers."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    own = ("difference", "ci_low", "ci_high", "verdict")
    ends = ("change", "low", "high", "p")
    writer.writerow(["variant", *(f"{key}_{n}" for n in (1, 2) for key in own), "agreement", *ends])
    for row in rows:
        numbers = [getattr(c, key) for c in (row.first, row.second) for key in own]
        writer.writerow([row.variant, *numbers, row.agreement, *(getattr(row, key) for key in ends)])
    return stream.getvalue()


def _sentence(row: SideBySide, first: str, second: str, *, confirming: str) -> str:
    name, own, other = f"**{escape(row.variant)}**", _words(row.first.verdict), _words(row.second.verdict)
    match row.agreement:
        case "the same runs":
            return f"{name}: the same runs in both studies, which confirms nothing."
        case "held":
            if own != other:
                return f"{name}: {own} in {first}, {other} in {second}. That it is not inferior held."
            return f"{name}: {own} in both. The conclusion held."
        case "alike, not confirmed in both":
            found = f"{own} in both" if own == other else f"{own} in {first}, {other} in {second}"
            return f"{name}: {found}, but {confirming}."
        case "reversed":
            return (
                f"{name}: {own} in {first}, {other} in {second}. The conclusion was reversed: it depends on the set-up."
            )
        case "differs":
            return f"{name}: {own} in {first}, {other} in {second}. The conclusion did not hold."
        case "shown in one study only":
            shown, open_ = (first, second) if row.first.verdict in CLAIMS else (second, first)
            verdict = own if row.first.verdict in CLAIMS else other
            return (
                f"{name}: {verdict} in {shown}, not settled in {open_}. That is no contradiction and no confirmation: "
                f"{open_} may have too few seeds to show it."
            )
        case "open in both":
            return f"{name}: not settled in either study. That does not show that it makes no difference."
        case _:
            return f"{name}: cannot be judged, because one of the studies gave no verdict."


def _words(verdict: str) -> str:
    words = {"BETTER": "better", "WORSE": "worse", "EQUIVALENT": "as good within the margin"}
    return (words | {"NON_INFERIOR": "non-inferior within the margin"}).get(verdict, "not settled")


def _section(title: str, *paragraphs: str) -> str:
    return "\n\n".join([f"## {title}", *paragraphs])
