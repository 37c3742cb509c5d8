"""page.html: the report to explore, in one file that needs no network. The same data give the same bytes."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from seedwise.basics.errors import UserError
from seedwise.basics.words import capital, quantity
from seedwise.plan import Plan
from seedwise.report.figures import style
from seedwise.report.page.forest import forest_axis
from seedwise.report.rows import Comparison, VariantSummary, is_missing, read_rows
from seedwise.report.text import captions, limits, sentences
from seedwise.report.text.answers import headline, question, short_answers
from seedwise.report.text.factorial_section import factorial_section
from seedwise.report.text.format import MISSING, escape, interval, number, p_cell, percent, signed
from seedwise.report.text.look_section import look_paragraph
from seedwise.report.text.randomness_section import sources_section
from seedwise.report.text.results import (
    RUN_COLUMNS,
    ReportInput,
    next_look,
    plan_declared,
    results_table,
    runs_and_seeds,
)
from seedwise.runs.history import HistoryOfRun

VERDICTS = {
    "BETTER": ("Better", "▲"),
    "WORSE": ("Worse", "▼"),
    "EQUIVALENT": ("Equivalent", "≈"),
    "NOT_SUPPORTED": ("Not supported", "○"),
    "TOO_FEW_SEEDS": ("Too few seeds", "○"),
    "UNDEFINED": ("Undefined", "○"),
}
"""Each verdict in words, and a sign that tells it without colour."""

# What tells variants of one colour apart, in the order of `style.HATCHES`.
DASHES = ([1, 0], [7, 4], [2, 3])
SYMBOLS = ("circle", "square", "diamond")
NO_CURVES = ("epoch", "seconds")
CURVE_DIGITS = 6
# Snakemake's report shows a page from a base64 data URI, which Chromium follows up to 2 MiB.
MOST_BYTES = 2 * 1024**2 // 4 * 3 - 100
MOST_NUMBERS = 60_000
"""In all curves together; longer ones are thinned, so that the page stays small."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def render_page(report: ReportInput, curves: HistoryOfRun) -> str:
    """Write the page.

    Raises:
        UserError: vl-convert is not installed.
        KeyError: a table lacks a column, or names a variant that `variants` does not list.
    """
    plan = report.plan
    deciding = plan.at_level(report.look.nominal_alpha) if report.look else plan
    exploratory = bool(report.exploratory)
    plain = {variant.name: escape(variant.label) for variant in report.variants}
    names = {name: f"**{label}**" for name, label in plain.items()}
    summaries = read_rows(VariantSummary, report.summary)
    comparisons = read_rows(Comparison, report.comparisons)
    looks = style.appearances([variant.name for variant in report.variants], plan.baseline)
    answers = short_answers(summaries, comparisons, names, deciding, exploratory, next_look(report.look))
    shown, every = thinned(curves)
    study = study_data(report, summaries, shown)
    return _template().render(
        report=report,
        plan=plan,
        metric=sentences.metric_words(plan),
        direction=sentences.direction_words(plan),
        labels={variant.name: variant.label for variant in report.variants},
        colours={name: look.colour for name, look in looks.items()},
        confidence=percent(plan.confidence),
        deciding_confidence=percent(deciding.confidence),
        seeds=quantity(len(report.seeds), "seed"),
        headline=inline(capital(headline(comparisons, names, exploratory))),
        question=inline(question(comparisons, names, plan)),
        runs_line=capital(runs_and_seeds(report)),
        plan_declared=plan_declared(report),
        alone=[] if comparisons else [inline(answer.found) for answer in answers],
        look=inline(look_paragraph(report.look, names)) if report.look else "",
        exploratory=exploratory,
        axis=forest_axis(comparisons, plan.margin),
        forest=[(_forest_row(c), answer) for c, answer in zip(comparisons, answers, strict=False)],
        forest_caption=captions.differences_caption(deciding, len(comparisons)),
        p_name="Dunnett p" if any(c.test == "dunnett" for c in comparisons) else "Holm p",
        exact=_exact(report.comparisons),
        study=study,
        every=every,
        by_variant=block(results_table(summaries, plain, plan)),
        run_columns=_run_columns(report.runs, plan),
        run_rows=_run_rows(report.runs, plan),
        percentile_worth=inline(sentences.percentile_worth(summaries, names, plan)),
        limits=[inline(line) for line in limits.limit_lines(comparisons, names, described=bool(report.setup))],
        limits_table=block(limits.limits_table(comparisons, plain)) if comparisons else "",
        failures=[inline(line) for line in limits.failure_lines(summaries, names)],
        sources=sources_section(report.sources, names, plain, plan) if report.sources is not None else None,
        effects=factorial_section(report.effects, deciding, exploratory) if report.effects is not None else None,
        declared=_declared(report),
        vega=packed_vega(),
        interval=interval,
    )


def inline(text: str) -> Markup:
    """Markdown within a paragraph as HTML; HTML in the text is shown, not obeyed."""
    return Markup(_MARKDOWN.renderInline(text))


def block(text: str) -> Markup:
    """Markdown blocks, such as a table, as HTML."""
    return Markup(_MARKDOWN.render(text))


@functools.cache
def packed_vega() -> str:
    """Vega and Vega-Lite from the installed vl-convert, compressed to a third, as text; the browser unpacks them.

    Raises:
        UserError: vl-convert is not installed.
    """
    try:
        from vl_convert import javascript_bundle
    except ModuleNotFoundError as error:
        raise UserError("the page needs vl-convert-python: pip install -r requirements.txt") from error
    return base64.b64encode(gzip.compress(javascript_bundle("window.vegaEmbed = vegaEmbed").encode(), mtime=0)).decode(
        "ascii"
    )


def study_data(report: ReportInput, summaries: Sequence[VariantSummary], curves: HistoryOfRun) -> dict[str, Any]:
    """What the page draws: variants, runs in the order of runs.csv, and the columns of their curves."""
    plan, by_name = report.plan, {row.variant: row for row in summaries}
    looks = style.appearances([variant.name for variant in report.variants], plan.baseline)
    place = {variant.name: index for index, variant in enumerate(report.variants)}
    columns = _curve_columns(curves, plan)
    return {
        "metric": sentences.metric_words(plan),
        "confidence": percent(plan.confidence),
        "columns": [[column, column.replace("_", " ")] for column in columns],
        "variants": [
            {
                "label": variant.label,
                "colour": looks[variant.name].colour,
                "dash": DASHES[style.HATCHES.index(looks[variant.name].hatch)],
                "symbol": SYMBOLS[style.HATCHES.index(looks[variant.name].hatch)],
                "mean": by_name[variant.name].mean,
                "low": by_name[variant.name].t_low,
                "high": by_name[variant.name].t_high,
                "shown": number(by_name[variant.name].mean)
                + ("" if by_name[variant.name].t_low is None else f" {_span(by_name[variant.name])}"),
            }
            for variant in report.variants
        ],
        "runs": [
            {
                "variant": place[run["variant"]],
                "seed": int(run["seed"]),
                "status": str(run["status"]),
                "value": None if is_missing(run[plan.metric]) else float(run[plan.metric]),
                "curve": _curve(curves.get((run["variant"], int(run["seed"]))), columns),
            }
            for run in report.runs.to_dict("records")
        ],
    }


def _span(row: VariantSummary) -> str:
    return interval(row.t_low, row.t_high)


def _curve_columns(curves: HistoryOfRun, plan: Plan) -> list[str]:
    """The columns of all histories, first the one nearest to the compared metric: `validation_…` to `test_…`."""
    columns = dict.fromkeys(str(column) for curve in curves.values() for column in curve if column not in NO_CURVES)
    nearest = plan.metric.replace("test_", "validation_")
    return sorted(columns, key=lambda column: (column != nearest, not column.startswith("validation_")))


def thinned(curves: HistoryOfRun) -> tuple[dict[tuple[str, int], pd.DataFrame], int]:
    """Keep every k-th epoch and the last one, with the smallest k that fits `MOST_NUMBERS`; return k too."""
    numbers = sum(curve.size for curve in curves.values())
    every = max(1, math.ceil(numbers / MOST_NUMBERS))
    return {
        run: curve[((curve.index % every) == 0) | (curve.index == len(curve) - 1)] for run, curve in curves.items()
    }, every


def _curve(curve: pd.DataFrame | None, columns: Sequence[str]) -> dict[str, list[float | None]] | None:
    if curve is None:
        return None
    return {
        column: [None if is_missing(x) else float(f"{x:.{CURVE_DIGITS}g}") for x in curve[column]]
        for column in ("epoch", *columns)
        if column in curve
    }


def _forest_row(c: Comparison) -> dict[str, Any]:
    word, sign = VERDICTS[c.verdict]
    return {
        "comparison": c,
        "verdict": word,
        "sign": sign,
        "fragile": bool(c.fragile and sentences.is_claim(c)),
        "difference": signed(c.difference),
        "interval": interval(c.ci_low, c.ci_high),
        "p": p_cell(c.p_value if c.test == "dunnett" else c.p_holm),
    }


def _exact(comparisons: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Every column of comparisons.csv with its values as they stand there, a row each."""
    return [(column, [_as_in_csv(value) for value in comparisons[column]]) for column in comparisons.columns]


def _as_in_csv(value: object) -> str:
    if is_missing(value):
        return MISSING
    return str(value).lower() if isinstance(value, bool) or str(value) in ("True", "False") else str(value)


def _run_columns(runs: pd.DataFrame, plan: Plan) -> list[str]:
    wanted = [plan.metric, *(column for column in RUN_COLUMNS if column != plan.metric), "epochs", "seconds"]
    return [column for column in wanted if column in runs and (runs[column].notna().any() or column == plan.metric)]


def _run_rows(runs: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """Cells as (value to sort by, text); the compared metric exactly as in runs.csv, other metrics rounded."""
    columns = _run_columns(runs, plan)
    return [
        {
            **{column: run[column] for column in ("variant", "seed", "status")},
            "cells": [_run_cell(run[column], column, plan) for column in columns],
        }
        for run in runs.to_dict("records")
    ]


def _run_cell(value: Any, column: str, plan: Plan) -> tuple[str, str]:
    if is_missing(value):
        return "", MISSING
    exact = repr(float(value))
    if column == plan.metric:
        return exact, exact
    return exact, f"{value:.0f}" if column == "epochs" else number(float(value), 1 if column == "seconds" else 4)


def _declared(report: ReportInput) -> list[tuple[str, str]]:
    declared = {**report.plan.model_dump(mode="json"), "seeds": list(report.planned_seeds or report.seeds)}
    return [
        (key, "not declared" if value is None else str(value).lower() if isinstance(value, bool) else str(value))
        for key, value in declared.items()
    ]


def _json(value: object) -> Markup:
    """JSON inside a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _template() -> jinja2.Template:
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"json": _json, "inline": inline, "block": block}
    environment.globals["asset"] = lambda name: Markup((here / name).read_text(encoding="utf-8"))
    return environment.get_template("page.html.j2")
