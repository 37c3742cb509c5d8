"""page.html of an evaluation: the report in one file that needs no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from markupsafe import Markup

from seedwise.analysis.example_findings import ExampleComparison
from seedwise.basics.words import capital, quantity
from seedwise.report.examples import ExamplesReport
from seedwise.report.figures import style
from seedwise.report.page.forest import forest_axis
from seedwise.report.page.markdown import block, inline
from seedwise.report.page.templates import SIGNS, page_template
from seedwise.report.text import example_sentences as sentences
from seedwise.report.text.format import code, confidence_percent, p_cell
from seedwise.report.text.glossary import example_glossary
from seedwise.report.text.sentences import VERDICT_WORDS
from seedwise.statistics.verdict import Verdict

_IMAGE = re.compile(r'<img src="figures/(\w+)\.png"')
_SHORT = {
    "Is one better on new examples?": "Comparisons",
    "Would new repeats change this?": "Repeats",
    "Would new seeds change this?": "Seeds",
    "What can these examples detect?": "Power",
    "What cannot be concluded": "Limits",
    "The plan": "Plan",
    "How to reproduce": "Reproduce",
}
"""What sections of results.md are called in the page's navigation; others have their own titles."""
_AT_THE_TOP = ("In short", "Warnings")
"""Sections of results.md that the head of the page has."""


class _Section(NamedTuple):
    id: str
    title: str
    short: str
    body: Markup


def render_examples_page(report: ExamplesReport, text: str, figures: Mapping[str, bytes]) -> str:
    """Write the page.

    Args:
        report: of the evaluation.
        text: results.md, whose sections follow the head of the page.
        figures: each figure as SVG, by its name.
    """
    appearances = style.appearances(list(report.analysis.variants), report.plan.baseline)
    examples = max((row.n_examples for row in report.main or report.summaries), default=0)
    return page_template("examples.html.j2").render(
        report=report,
        colours={name: appearance.colour for name, appearance in appearances.items()},
        deciding_confidence=confidence_percent(report.plan.confidence),
        p_name=report.p_name,
        labels={name: name for name in report.analysis.variants},
        within_margin=report.plan.within_margin,
        exploratory=report.exploratory,
        examples=quantity(examples, "example"),
        headline=inline(sentences.headline(report)),
        alone=[] if report.main else [inline(sentences.alone(row, report)) for row in report.summaries],
        question=inline(sentences.question(report)),
        decided_by=inline(sentences.decided_by(report)),
        read=inline(f"{code(report.source)}. {sentences.columns(report)}"),
        warnings=[warning.sentence for warning in report.analysis.warnings],
        forest=[(_forest_row(row, report), _answers(row, report)) for row in report.main],
        axis=forest_axis(report.main, report.plan.within_margin),
        scope=inline(sentences.scope(report)),
        glossary=[inline(line) for line in example_glossary(report)],
        sections=_sections(text, figures),
    )


def _forest_row(row: ExampleComparison, report: ExamplesReport) -> dict[str, Any]:
    verdict = Verdict(row.verdict)
    marks = {"hangs on missing answers": row.hangs_on_missing, "fragile": row.fragile and row.judged}
    return {
        "comparison": row,
        "verdict": capital(VERDICT_WORDS[verdict]),
        "marks": [mark for mark, applies in marks.items() if applies],
        "sign": SIGNS.get(verdict, "○"),
        "difference": report.digits.signed(row.difference),
        "interval": report.digits.interval(row.ci_low, row.ci_high),
        "p": p_cell(row.p_holm),
    }


def _answers(row: ExampleComparison, report: ExamplesReport) -> list[tuple[str, str]]:
    told = sentences.answer(row, report)
    again = f"With new {report.levels or 'seeds or repeats'}?"
    return [
        ("", told["found"]),
        ("How sure?", told["sure"]),
        (again, told["again"]),
        ("What would settle it?", told["settle"]),
    ]


def _sections(text: str, figures: Mapping[str, bytes]) -> list[_Section]:
    """The sections of results.md that the head of the page does not have."""
    parts = [part.partition("\n") for part in text.split("\n## ")[1:]]
    return [
        # The links in results.md are to GitHub's names of headings.
        _Section(
            re.sub(r"[^\w -]", "", title).lower().replace(" ", "-"),
            title,
            _SHORT.get(title, title),
            _body(body, figures),
        )
        for title, _, body in parts
        if title not in _AT_THE_TOP
    ]


def _body(text: str, figures: Mapping[str, bytes]) -> Markup:
    body = _IMAGE.sub(lambda found: f'<img src="{_embedded(figures[found[1]])}"', str(block(text)))
    body = body.replace("<table>", '<div class="wide" tabindex="0" role="region" aria-label="table"><table>')
    return Markup(body.replace("</table>", "</table></div>"))  # noqa: S704 -- made by block()


def _embedded(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
