"""Writes the tables of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from seedwise.analysis.example_findings import ExampleAnalysis
from seedwise.basics.files import write_text
from seedwise.statistics.analysis import format_table


def write_example_tables(folder: Path, analysis: ExampleAnalysis) -> list[str]:
    """Write summary.csv, comparisons.csv and, where there is something for them, pass_at_k.csv and judges.csv.

    Returns:
        the names of the written files.
    """
    judges = analysis.judges.findings if analysis.judges else ()
    tables = {"summary.csv": analysis.summary, "comparisons.csv": analysis.comparison_table}
    tables |= {
        name: _table(rows) for name, rows in (("pass_at_k.csv", analysis.passes), ("judges.csv", judges)) if rows
    }
    for name in ("pass_at_k.csv", "judges.csv"):
        if name not in tables:
            (folder / name).unlink(missing_ok=True)  # an earlier analysis may have had something for it
    for name, frame in tables.items():
        write_text(folder / name, format_table(frame))
    return list(tables)


def _table(rows: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame([vars(row) for row in rows], dtype=object)
