"""The figures that a report consists of. This imports nothing, so that a workflow can ask it."""

from __future__ import annotations


def figure_names(variants: int, *, histories: bool, factors: int = 0) -> list[str]:
    """Return the figures of a study.

    Args:
        variants: how many are compared.
        histories: whether runs leave one.
        factors: how many, where every combination of their levels is a variant.
    """
    names = ["means", "differences", "power", "pairing"] if variants > 1 else ["means"]
    return [*names, *(["curves"] if histories else []), *(["interactions"] if factors > 1 else [])]


def figure_path(name: str) -> str:
    """Return the path of a figure, relative to the report."""
    return f"figures/{name}.png"


def example_figures(compared: bool) -> list[str]:
    """Return the names of the figures of an evaluation; `compared` is whether any variant is."""
    return ["means", "differences", "wins"] if compared else ["means"]
