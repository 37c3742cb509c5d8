"""What a study's workflow makes, relative to the study's folder: each of these files is asked for by `rule all`."""

from __future__ import annotations

from seedwise.config.study import Study

REPORT = ("results.md", "page.html", "summary.txt")


def tables(study: Study) -> list[str]:
    """The tables of the analysis."""
    names = ["summary.csv", "comparisons.csv"]
    if study.varied():
        names.append("sources.csv")
    if study.factorial():
        names.append("effects.csv")
    return names


def figures(study: Study) -> list[str]:
    """The figures, each as PNG and SVG."""
    names = ["means", "differences", "power", "pairing"] if len(study.variants) > 1 else ["means"]
    if not study.source:  # runs that were recorded elsewhere have no histories
        names.append("curves")
    if len(study.factorial().get("factors", ())) > 1:
        names.append("interactions")
    return [f"figures/{name}.{kind}" for name in names for kind in ("png", "svg")]


def paper_tables(study: Study) -> list[str]:
    """The tables for papers."""
    names = ["tables/results.tex", "tables/results.csv"]
    if len(study.variants) > 1:
        names.append("tables/comparisons.tex")
    return names
