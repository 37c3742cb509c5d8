"""A study whose sample are the examples of an evaluation: what its config needs, and what it has no use for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seedwise.sources.choices import of_examples

Location = tuple[str | int, ...]
NO_SEEDS = (0,)
"""Stands for the seeds of a study that declares none, because its answers are not told apart by them."""
_PLAN = {
    "pairing": "examples are always paired",
    "variance": "there is one test of paired examples",
    "looks": "an evaluation is analysed once",
    "tuned_on": "the report of an evaluation says nothing about it",
}


def is_evaluation(config: Mapping[Any, Any]) -> bool:
    """Whether a raw config is of an evaluation."""
    runs = config.get("runs")
    return isinstance(runs, Mapping) and of_examples(runs.get("sample"), runs.get("example"))


def evaluation_problems(config: Mapping[Any, Any], plan: Mapping[str, object]) -> Iterator[tuple[Location, str]]:
    """Yield what an evaluation has no use for, so that nothing is ignored unnoticed."""
    if not is_evaluation(config):
        return
    if config.get("seeds") not in (None, NO_SEEDS, [*NO_SEEDS]):
        yield ("seeds",), "answers are no runs; leave it out (runs.seed_key names a column of models trained again)"
    if config.get("factors") is not None:
        yield ("factors",), "answers have no factors; list the variants"
    for key, why in _PLAN.items():
        if plan.get(key) not in (None, "none", "separate"):
            yield ("analysis", key), f"{why}; remove it"
    variants = config.get("variants")
    for index, variant in enumerate(variants if isinstance(variants, (list, tuple)) else ()):
        if isinstance(variant, Mapping) and variant.get("label", variant.get("name")) != variant.get("name"):
            yield ("variants", index, "label"), "the report of an evaluation has names only; remove it"
        if isinstance(variant, Mapping) and variant.get("set"):
            yield ("variants", index, "set"), "answers are read, not made; remove it"
