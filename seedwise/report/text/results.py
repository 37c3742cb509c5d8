"""results.md: the report of a study as GitHub Markdown. The same data give the same text, byte for byte."""

from __future__ import annotations

from seedwise.report.model import Report
from seedwise.report.text import captions, limits, origin, sentences, tables
from seedwise.report.text.answers import headline, question, short_answers
from seedwise.report.text.details import comparison_text, evidence_note, evidence_table
from seedwise.report.text.factorial_section import factorial_section
from seedwise.report.text.format import code, code_block, escape, in_html, level
from seedwise.report.text.glossary import glossary
from seedwise.report.text.look_section import look_paragraph
from seedwise.report.text.randomness_section import randomness_section
from seedwise.report.text.registration_section import registration_note, registration_table
from seedwise.report.text.templates import markdown_template


def render_results(report: Report) -> str:
    """Write results.md.

    Raises:
        KeyError: a table lacks a column, or names a variant that `variants` does not list.
        jinja2.UndefinedError: the template asks for something that is not given.
    """
    summaries, comparisons, wording = report.summary_rows, report.comparison_rows, report.wording
    return markdown_template("results.md.j2").render(
        report=report,
        title=escape(report.title),
        commands=code_block("\n".join(report.commands)),
        origin=origin.origin(report),
        plan_declared=origin.plan_declared(report),
        runs_file="`runs.csv`" if report.study else code(report.config_file),
        plan_hash=code(report.plan_hash),
        question=question(comparisons, wording),
        decided_by=origin.decided_by(report, report.plan_title.lower().replace(" ", "-")),
        runs_line=origin.runs_and_seeds(report),
        answers=short_answers(summaries, comparisons, wording, report.next_look),
        headline=headline(summaries, comparisons, report.plain_wording),
        glossary=glossary(report),
        departed=sentences.DEPARTED_ABOVE,
        judged=any(row.judged for row in comparisons),
        deciding_test=sentences.TESTS[comparisons[0].test] if comparisons else "",
        scope=_scope(report),
        bottom_line=sentences.bottom_line(summaries, comparisons, wording),
        look=look_paragraph(report.look, wording.names) if report.look else "",
        exploratory=[escape(reason) for reason in report.exploratory],
        setup_table=tables.setup_table(report.setup),
        variants_table=tables.variants_table(report),
        means_table=tables.means_table(report),
        plus_minus=sentences.plus_minus(report.summary_rows, {} if report.randomness is not None else report.streams),
        planning_note=tables.planning_note(report) if comparisons else "",
        percentile_worth=sentences.percentile_worth(summaries, wording),
        randomness=None
        if report.randomness is None
        else randomness_section(report.randomness, wording, report.escaped, report.streams),
        effects=None if report.effects is None else factorial_section(report.effects, wording),
        captions=captions,
        sections=_sections(report),
        alpha=level(report.deciding.alpha),
        comparisons_table=tables.comparisons_table(report),
        limits=limits.limit_lines(comparisons, wording, described=bool(report.setup)),
        limits_table=tables.limits_table(report),
        new_test_set_table=tables.new_test_set_table(report),
        warnings=[escape(warning) for warning in report.warnings],
        lost=[*limits.failure_lines(summaries, wording), *limits.lost_run_lines(report.run_rows, wording)],
        plan_table=tables.plan_table(report),
        registration_table=registration_table(report.registration),
        registration_note=registration_note(report.registration, report.study),
        runs_table=tables.runs_table(report) if report.lists_runs else "",
        provenance=origin.provenance(report),
    )


def _sections(report: Report) -> list[dict[str, str]]:
    """What is said of each comparison by itself."""
    count = report.family
    return [
        {
            "label": report.escaped[row.variant],
            "verdict": sentences.verdict_word(row.verdict, report.wording.exploratory),
            "html_label": in_html(report.labels[row.variant]),
            "text": comparison_text(row, report.wording),
            "evidence": evidence_table(row, report.wording, count),
            "note": evidence_note(row, count),
        }
        for row in report.comparison_rows
    ]


def _scope(report: Report) -> str:
    """What the verdicts are about: new seeds; and where it is said what new test examples would change."""
    again = "All of this is about new *seeds*, that is, repeating these runs with other seeds"
    if report.test_set:
        return f"{again}, not about new test examples: for these see [below](#would-a-new-test-set-change-this)."
    if report.has_test_set:
        return f"{again} on the same test examples, not about new ones."
    return f"{again}."
