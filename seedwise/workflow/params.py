"""Values for the directives of rules, in forms that Snakemake uses unchanged."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

Value = TypeVar("Value", bound=Hashable)


def literal(value: Any) -> Any:
    """Return a param with exactly this value: a function if the value has braces, which Snakemake would expand.

    Without braces it is the value itself, because Snakemake calls a function once per job: for 10 000 runs, each
    function costs one second.
    """
    if "{" not in str(value) and "}" not in str(value):
        return value
    return lambda wildcards: value  # noqa: ARG005 - Snakemake requires this name


def literal_path(path: str) -> str:
    """Return an input or output path with its braces escaped, so that {name} is not a wildcard."""
    return path.replace("{", "{{").replace("}", "}}")


def by_variant(values: Mapping[str, Value]) -> Value | Callable[[Any], Value]:
    """Return the value itself if all variants have the same; else a function of the wildcards."""
    distinct = set(values.values())
    if len(distinct) == 1:
        only: Value = literal(distinct.pop())
        return only

    def of_variant(wildcards: Any) -> Value:
        return values[wildcards.variant]

    of_variant.__signature__ = inspect.signature(of_variant)  # type: ignore[attr-defined]  # else computed for each job
    return of_variant
