"""Values for the directives of rules, in the forms that Snakemake takes as they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value", bound=Hashable)


def literal(value: Any) -> Any:
    """Return a param that is this value: in a text Snakemake would take {name} for a wildcard, so it gets a function.

    Where there is no brace it is the value itself: Snakemake calls a function once per job, and for 10 000 runs one
    function more is one second more.
    """
    if "{" not in str(value) and "}" not in str(value):
        return value
    return lambda wildcards: value  # noqa: ARG005 - Snakemake goes by the name


def literal_path(path: str) -> str:
    """Return an input or output path in which {name} is no wildcard."""
    return path.replace("{", "{{").replace("}", "}}")


def by_variant(values: Mapping[str, Value]) -> Value | Callable[[Any], Value]:
    """Return the value itself where all variants have the same; else a function of the wildcards."""
    distinct = set(values.values())
    if len(distinct) == 1:
        only: Value = literal(distinct.pop())
        return only

    def of_variant(wildcards: Any) -> Value:
        return values[wildcards.variant]

    of_variant.__signature__ = inspect.signature(of_variant)  # type: ignore[attr-defined]  # or worked out for each job
    return of_variant
