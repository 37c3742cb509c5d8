"""Writes the report of an evaluation into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.report.examples import ExamplesReport
from seedwise.report.figures.examples import EXAMPLE_FIGURES
from seedwise.report.page.examples import render_examples_page
from seedwise.report.text.examples import render_examples
from seedwise.statistics.analysis import format_table


def write_examples_report(out: Path, report: ExamplesReport) -> list[str]:
    """Write the tables, figures, results.md and page.html into `out`; return what was written.

    Raises:
        UserError: the folder cannot be written.
    """
    analysis = report.analysis
    tables = {"summary.csv": analysis.summary, "comparisons.csv": analysis.comparison_table}
    tables |= {name: _table(rows) for name, rows in _further(report).items() if rows}
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        for name, frame in tables.items():
            write_text(out / name, format_table(frame))
        drawn = {}
        for name in report.figures:
            png, svg = (out / "figures" / f"{name}.{kind}" for kind in ("png", "svg"))
            EXAMPLE_FIGURES[name](report, png, svg)
            drawn[name] = svg.read_bytes()
        text = render_examples(report)
        write_text(out / "results.md", text)
        write_text(out / "page.html", render_examples_page(report.title, text, drawn))
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror or error} ({error.filename or out})") from error
    return ["results.md", "page.html", *tables, "figures/"]


def _further(report: ExamplesReport) -> dict[str, Sequence[object]]:
    judges = report.analysis.judges
    return {"pass_at_k.csv": report.analysis.passes, "judges.csv": judges.findings if judges else []}


def _table(rows: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame([vars(row) for row in rows], dtype=object)
