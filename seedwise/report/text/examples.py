"""results.md of an evaluation."""

from __future__ import annotations

from seedwise.basics.words import capital
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.example_sentences import (
    alone,
    answer,
    columns,
    decided_by,
    headline,
    judges_lines,
    limits,
    plan_declared,
    question,
    scope,
    test_name,
)
from seedwise.report.text.example_tables import (
    comparisons_table,
    judges_table,
    levels_note,
    levels_table,
    means_table,
    outlook_note,
    outlook_table,
    passes_table,
    plan_table,
)
from seedwise.report.text.format import code, code_block, confidence_percent, escape, level
from seedwise.report.text.glossary import example_glossary
from seedwise.report.text.registration_section import registration_note, registration_table
from seedwise.report.text.templates import markdown_template


def render_examples(report: ExamplesReport) -> str:
    """Write results.md; the same data give the same text."""
    filters = {"escape_name": escape, "capitalise": capital, "code_block": code_block}
    return markdown_template("examples.md.j2", filters).render(
        report=report,
        title=escape(report.title),
        source=code(report.source),
        question=question(report),
        decided_by=decided_by(report),
        glossary=example_glossary(report) if report.main else [],
        headline=headline(report).replace("**", ""),
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
        warnings=[escape(warning.sentence) for warning in report.analysis.warnings],
        plan_declared=plan_declared(report),
        plan_table=plan_table(report),
        registration_table=registration_table(report.registration),
        registration_note=registration_note(report.registration, report.study),
        confidence=confidence_percent(report.plan.confidence),
        alpha=level(report.plan.alpha),
        test_name=test_name(report),
    )
