"""Writes the report of an evaluation into a folder."""

from __future__ import annotations

from pathlib import Path

from seedwise.analysis.example_files import write_example_tables
from seedwise.analysis.findings import Findings, warned, write_findings
from seedwise.analysis.tables import table_digests
from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.report.examples import ExamplesReport
from seedwise.report.figures.examples import EXAMPLE_FIGURES
from seedwise.report.findings_of import findings_of_examples
from seedwise.report.page.examples import render_examples_page
from seedwise.report.text.examples import render_examples


def write_examples_report(out: Path, report: ExamplesReport) -> list[str]:
    """Write the tables, figures, results.md and page.html into `out`; return what was written.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        tables = write_example_tables(out, report.analysis)
        findings = Findings(
            plan_hash=report.plan_hash,
            exploratory=[],
            warnings=warned(report.analysis.warnings),
            test_set=[],
            tables=table_digests(out, tables),
        )
        write_findings(out / "findings.json", findings_of_examples(findings, report))
        write_pages(out, report)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror or error} ({error.filename or out})") from error
    return ["results.md", "page.html", "findings.json", *tables, "figures/"]


def write_pages(out: Path, report: ExamplesReport) -> None:
    """Write the figures, results.md and page.html into `out`."""
    (out / "figures").mkdir(parents=True, exist_ok=True)
    drawn = {}
    for name in report.figures:
        png, svg = (out / "figures" / f"{name}.{kind}" for kind in ("png", "svg"))
        EXAMPLE_FIGURES[name](report, png, svg)
        drawn[name] = svg.read_bytes()
    text = render_examples(report)
    write_text(out / "results.md", text)
    write_text(out / "page.html", render_examples_page(report, text, drawn))
