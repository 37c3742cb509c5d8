"""Factorial studies, in which the variants are combinations of the levels of named factors."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from seedwise.basics.names import quote

Factors = Mapping[str, Mapping[str, Mapping[str, Any]]]
Cell = tuple[str, ...]
"""One level of each factor."""

MOST_COMBINATIONS = 10_000
"""How many variants factors may stand for: more of them are a mistake, and would fill the memory."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_OF_YAML = {True: "on", False: "off"}  # what YAML reads the plain words on and off as


def as_written(factors: object) -> object:
    """Turn names of factors and levels that YAML does not read as text into text: true into on, 3 into "3"."""
    if not isinstance(factors, Mapping):
        return factors
    return {
        name_of(factor): {name_of(level): value for level, value in levels.items()}
        if isinstance(levels, Mapping)
        else levels
        for factor, levels in factors.items()
    }


def name_of(key: Hashable) -> str:
    """Return the name that a factor or a level has, whatever YAML reads it as."""
    return _OF_YAML[key] if isinstance(key, bool) else str(key)


def factor_problems(factors: object, design: object) -> list[tuple[tuple[str, ...], str]]:
    """Check what types cannot, passing over wrong types; return the location and the message of each problem."""
    if not isinstance(factors, Mapping):
        return []
    problems: list[tuple[tuple[str, ...], str]] = []
    if not factors:
        problems.append((("factors",), "found none; need at least one, with its levels"))
    owner: dict[str, str] = {}
    for factor, levels in factors.items():
        if not isinstance(levels, Mapping):
            continue
        place = ("factors", str(factor))
        for name in (factor, *levels):
            if not (isinstance(name, str) and _NAME.fullmatch(name)):
                rule = 'it becomes part of a variant\'s name: use letters, digits, "_", "-" and single dots inside'
                problems.append((place if name is factor else (*place, str(name)), f"found {quote(str(name))}; {rule}"))
        if len(levels) < 2:
            problems.append(
                (place, f"found {len(levels)} {'level' if len(levels) == 1 else 'levels'}; a factor has two or more")
            )
        elif design in ("add-one", "leave-one-out") and len(levels) != 2:
            problems.append((place, f"found {len(levels)} levels; {design} takes two, without and with the component"))
        for level, overrides in levels.items():
            for path in overrides if isinstance(overrides, Mapping) else ():
                if owner.setdefault(str(path), str(factor)) != factor:
                    message = f"also set by {owner[str(path)]}; in a combination one would overwrite the other"
                    problems.append(((*place, str(level), str(path)), message))
    if design == "product" and well_formed(factors):
        combinations = math.prod(len(levels) for levels in factors.values())
        if combinations > MOST_COMBINATIONS:
            found = f"found {combinations} combinations; at most {MOST_COMBINATIONS} can be variants"
            problems.append((("factors",), found))
    if not problems and well_formed(factors):
        counts = Counter(name.lower() for name, _ in _named(factors, str(design)))
        twice = [name for name, count in counts.items() if count > 1]
        problems += [(("factors",), f"two combinations would be named {quote(name)}; rename a level") for name in twice]
    return problems


def well_formed(factors: object) -> bool:
    """Whether factors are mappings of levels to mappings of settings, whatever those are."""
    return isinstance(factors, Mapping) and all(
        isinstance(levels, Mapping) and levels and all(isinstance(overrides, Mapping) for overrides in levels.values())
        for levels in factors.values()
    )


def cells(factors: Factors, design: str) -> dict[str, Cell]:
    """Return the levels of every variant of a design, by the variant's name, the baseline first.

    `product` has every combination, `add-one` the baseline and each component added to it, `leave-one-out` the full
    set-up and each component removed from it.
    """
    return dict(_named(factors, design))


def _named(factors: Factors, design: str) -> list[tuple[str, Cell]]:
    levels = {factor: list(choices) for factor, choices in factors.items()}
    first = tuple(choices[0] for choices in levels.values())
    last = tuple(choices[-1] for choices in levels.values())
    if design == "leave-one-out":
        without = [(*last[:index], first[index], *last[index + 1 :]) for index in range(len(last))]
        return [("full", last), *((f"without-{factor}", cell) for factor, cell in zip(levels, without, strict=True))]
    if design == "add-one":
        chosen: Iterable[Cell] = [
            first,
            *((*first[:index], last[index], *first[index + 1 :]) for index in range(len(first))),
        ]
    else:
        chosen = itertools.product(*levels.values())
    return [(_name(levels, cell, first), cell) for cell in chosen]


def expand(factors: Factors, design: str) -> list[dict[str, Any]]:
    """Return the variants of a design as a config would list them."""
    variants = []
    first = tuple(next(iter(levels)) for levels in factors.values())
    for name, cell in cells(factors, design).items():
        overrides: dict[str, Any] = {}
        for levels, level in zip(factors.values(), cell, strict=True):
            overrides |= levels[level]
        changed = [f"{factor} {level}" for factor, level, own in zip(factors, cell, first, strict=True) if level != own]
        label = (
            name.replace("-", " ", 1).capitalize() if design == "leave-one-out" else ", ".join(changed) or "Baseline"
        )
        variants.append({"name": name, "label": label, "set": overrides})
    return variants


def _name(levels: Mapping[str, Sequence[str]], cell: Cell, first: Cell) -> str:
    changed = [f"{factor}-{level}" for factor, level, own in zip(levels, cell, first, strict=True) if level != own]
    return "_".join(changed) or "baseline"
