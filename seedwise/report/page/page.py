"""page.html: the interactive report, in one file that needs no network. The same data give the same bytes."""

from __future__ import annotations

import base64
import functools
import gzip
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from seedwise.basics.errors import DiskFullError, UserError
from seedwise.basics.files import write_text
from seedwise.basics.words import capital, quantity
from seedwise.report.curves import curve_columns, step_column
from seedwise.report.figures import style
from seedwise.report.model import Report
from seedwise.report.page.forest import forest_axis
from seedwise.report.page.markdown import block, inline
from seedwise.report.page.templates import SIGNS, page_template
from seedwise.report.rows import ComparisonRow, SummaryRow, is_missing
from seedwise.report.text import captions, limits, origin, sentences, tables
from seedwise.report.text.answers import Answer, headline, question, short_answers
from seedwise.report.text.factorial_section import factorial_section
from seedwise.report.text.format import MISSING, p_cell, percent
from seedwise.report.text.glossary import glossary
from seedwise.report.text.look_section import look_paragraph
from seedwise.report.text.randomness_section import randomness_section
from seedwise.report.text.registration_section import registration_note, registration_table
from seedwise.runs.history import HistoryOfRun
from seedwise.runs.metrics import metric_label
from seedwise.statistics.verdict import Verdict

# What tells variants of one colour apart, in the order of `style.HATCHES`.
DASHES = ([1, 0], [7, 4], [2, 3])
SYMBOLS = ("circle", "square", "diamond")
CURVE_DIGITS = 6
# Snakemake's report shows a page from a base64 data URI, which Chromium follows up to 2 MiB.
MOST_BYTES = 2 * 1024**2 // 4 * 3 - 100
MOST_NUMBERS = 60_000
"""In all curves together; longer ones are thinned, to keep the page small."""


def render_page(report: Report) -> str:
    """Write the page.

    Raises:
        UserError: vl-convert is not installed.
        KeyError: a table lacks a column, or names a variant that `variants` does not list.
    """
    summaries, comparisons, wording = report.summary_rows, report.comparison_rows, report.wording
    answers = short_answers(summaries, comparisons, wording, report.next_look)
    appearances = style.appearances(list(report.labels), report.plan.baseline)
    curves, every = thinned(report.histories)
    study = study_data(report, curves)
    return page_template("page.html.j2").render(
        report=report,
        colours={name: appearance.colour for name, appearance in appearances.items()},
        confidence=percent(report.plan.confidence),
        deciding_confidence=percent(report.deciding.confidence),
        seeds=quantity(len(report.seeds), "seed"),
        headline=inline(headline(summaries, comparisons, wording)),
        question=inline(question(comparisons, wording)),
        decided_by=inline(origin.decided_by(report, "plan")),
        runs_line=capital(origin.runs_and_seeds(report)),
        plan_declared=origin.plan_declared(report),
        registration_table=block(registration_table(report.registration)),
        registration_note=block(registration_note(report.registration, report.study)),
        provenance=inline(origin.provenance(report)),
        alone=[] if comparisons else [inline(answer.found) for answer in answers],
        look=inline(look_paragraph(report.look, wording.names)) if report.look else "",
        axis=forest_axis(comparisons, report.plan.within_margin),
        forest=[
            (_forest_row(row, report), _answers(answer)) for row, answer in zip(comparisons, answers, strict=False)
        ],
        labels=report.labels,
        p_name=report.p_name,
        within_margin=report.plan.within_margin,
        exploratory=report.exploratory,
        forest_caption=inline(captions.differences_caption(report)),
        exact=_exact(report.comparisons),
        study=study,
        every=every,
        means_table=block(tables.means_table(report)),
        percentile_worth=inline(sentences.percentile_worth(summaries, wording)),
        glossary=[inline(line) for line in glossary(report)],
        limits=[inline(line) for line in limits.limit_lines(comparisons, wording, described=bool(report.setup))],
        limits_table=block(tables.limits_table(report)) if comparisons else "",
        new_test_set_table=block(tables.new_test_set_table(report)),
        lost=[
            inline(line)
            for line in (
                *limits.failure_lines(summaries, wording),
                *limits.lost_run_lines(report.run_rows, wording),
            )
        ],
        randomness=None
        if report.randomness is None
        else randomness_section(report.randomness, wording, report.escaped, report.streams),
        effects=None if report.effects is None else factorial_section(report.effects, wording),
        vega=packed_vega(),
    )


@functools.cache
def packed_vega() -> str:
    """Vega and Vega-Lite from the installed vl-convert, compressed to a third, as text; the browser unpacks them.

    vl-convert needs two seconds to join them, more than the rest of the page, so they are kept in the user's cache.

    Raises:
        UserError: vl-convert is not installed.
    """
    try:
        from vl_convert import javascript_bundle
    except ModuleNotFoundError as error:
        raise UserError('the page needs vl-convert-python: pip install "seedwise[run]"') from error
    kept = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "seedwise", f"vega-{version('vl-convert-python')}.txt")
    with suppress(OSError, RuntimeError, ValueError):
        return kept.expanduser().read_text(encoding="ascii")
    joined = javascript_bundle("window.vegaEmbed = vegaEmbed")
    packed = base64.b64encode(gzip.compress(joined.encode(), mtime=0)).decode("ascii")
    with suppress(OSError, RuntimeError, DiskFullError):  # there may be no home folder, or none that can be written
        write_text(kept.expanduser(), packed)
    return packed


def study_data(report: Report, curves: HistoryOfRun) -> dict[str, Any]:
    """What the page draws: variants, runs in the order of runs.csv, and the columns of their curves."""
    summaries = {row.variant: row for row in report.summary_rows}
    place = {variant.name: index for index, variant in enumerate(report.variants)}
    columns = curve_columns(curves.values(), report.panels)
    step = next((step_column(curve) for curve in curves.values()), report.step)
    return {
        "metric": report.metric,
        "step": metric_label(step),
        "columns": [[column, metric_label(column)] for column in columns],
        "variants": _variants(report, summaries),
        "runs": [
            {
                "variant": place[run.variant],
                "seed": run.seed,
                "status": run.status,
                "value": run.value,
                "curve": _curve(curves.get((run.variant, _whole(run.seed))), columns),
            }
            for run in report.run_rows
        ],
    }


def _variants(report: Report, summaries: Mapping[str, SummaryRow]) -> list[dict[str, Any]]:
    """How each variant is named and drawn, and its mean with the t interval."""
    appearances = style.appearances(list(report.labels), report.plan.baseline)
    found = []
    for name, label in report.labels.items():
        row, appearance = summaries[name], appearances[name]
        kind = style.HATCHES.index(appearance.hatch)
        low, high = (None, None) if row.std == 0 else (row.t_low, row.t_high)
        span = f" {report.digits.interval(low, high)}" if low is not None else ""
        if row.std == 0:
            span = " (no spread: all runs agree)"
        drawn = {"colour": appearance.colour, "dash": DASHES[kind], "symbol": SYMBOLS[kind]}
        shown = report.digits.number(row.mean) + span
        found.append({"label": label, **drawn, "mean": row.mean, "low": low, "high": high, "shown": shown})
    return found


def thinned(curves: HistoryOfRun) -> tuple[dict[tuple[str, int], pd.DataFrame], int]:
    """Keep every k-th step and the last one, with the smallest k that fits `MOST_NUMBERS`; return k too."""
    numbers = sum(curve.size for curve in curves.values())
    every = max(1, math.ceil(numbers / MOST_NUMBERS))
    return {
        run: curve[((curve.index % every) == 0) | (curve.index == len(curve) - 1)] for run, curve in curves.items()
    }, every


def _whole(seed: object) -> int:
    """Return the seed of a run that may have a curve; seeds of a table can be any text, and such runs have none."""
    return int(str(seed)) if str(seed).isdecimal() else -1


def _curve(curve: pd.DataFrame | None, columns: Sequence[str]) -> dict[str, Any] | None:
    if curve is None:
        return None
    return {
        "steps": _points(curve[step_column(curve)]),
        "columns": {column: _points(curve[column]) for column in columns if column in curve},
    }


def _points(values: pd.Series) -> list[float | None]:
    return [None if is_missing(x) else float(f"{x:.{CURVE_DIGITS}g}") for x in values]


def _answers(answer: Answer) -> list[tuple[str, str]]:
    """What is said of a comparison, each with the question that it answers."""
    return [("", answer.found), ("How sure?", answer.sure), ("What would settle it?", answer.settle)]


def _forest_row(row: ComparisonRow, report: Report) -> dict[str, Any]:
    verdict = Verdict(row.verdict)
    return {
        "comparison": row,
        "verdict": capital(sentences.VERDICT_WORDS[verdict]),
        "marks": row.marks,
        "sign": SIGNS.get(verdict, "○"),
        "difference": report.digits.signed(row.difference),
        "interval": report.digits.interval(row.ci_low, row.ci_high),
        "p": p_cell(row.p),
    }


def _exact(comparisons: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Every column of comparisons.csv with its values as they stand there, one row per column."""
    return [(column, [_as_in_csv(value) for value in comparisons[column]]) for column in comparisons.columns]


def _as_in_csv(value: object) -> str:
    if is_missing(value):
        return MISSING
    return str(value).lower() if isinstance(value, bool) or str(value) in ("True", "False") else str(value)
