"""The final products of a study's workflow, relative to the study's folder; `rule all` requests each of them."""

from __future__ import annotations

from seedwise.config.study import Study
from seedwise.report.products import example_figures, figure_names, figure_path

REPORT = ("results.md", "page.html", "summary.txt")


def data(study: Study) -> str:
    """Return the table that is analysed."""
    return "answers.csv" if study.evaluation else "runs.csv"


def tables(study: Study) -> list[str]:
    """Return the tables of the analysis."""
    names = ["summary.csv", "comparisons.csv"]
    if study.evaluation:
        return names
    if study.varied():
        names.append("sources.csv")
    if study.factorial():
        names.append("effects.csv")
    return names


def figures(study: Study) -> list[str]:
    """Return the figures, each as PNG and SVG."""
    if study.evaluation:
        names = example_figures(len(study.variants) > 1)
        return [f"figures/{name}.{kind}" for name in names for kind in ("png", "svg")]
    factors = len(study.factorial().get("factors", ()))
    names = figure_names(
        len(study.variants), histories=study.source is None and study.trainer.histories, factors=factors
    )
    pngs = [figure_path(name) for name in names]
    return [path for png in pngs for path in (png, f"{png.removesuffix('.png')}.svg")]


def paper_tables(study: Study) -> list[str]:
    """Return the tables for papers."""
    if study.evaluation:
        return []
    names = ["tables/results.tex", "tables/results.csv"]
    if len(study.variants) > 1:
        names.append("tables/comparisons.tex")
    return names
