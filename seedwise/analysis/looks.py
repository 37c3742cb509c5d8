"""Looks: a study that declares them is analysed after some of its seeds, and after each look stops or continues.

looks.json, beside the tables, records the looks that were taken. Snakemake reads it to find out which seeds are due, so
this module imports nothing heavy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.plan import Plan

DECIDED = ("BETTER", "WORSE", "EQUIVALENT", "NON_INFERIOR")


class Look(BaseModel):
    """One look: an analysis of the runs so far, and the decision to stop or to continue.

    Attributes:
        number: position of this look, from 1.
        looks: numbers of seeds per variant at all declared looks.
        nominal_alpha: level of every test and interval at this look.
        spent: false-claim rate spent up to and including this look.
        alpha: false-claim rate over all looks.
        seeds: those that have been run.
        undecided: variants whose verdict is none of `DECIDED`.
        decision: "go on" if the next look is due.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    looks: tuple[int, ...]
    nominal_alpha: float
    spent: float
    alpha: float
    seeds: tuple[int, ...]
    undecided: tuple[str, ...]
    decision: Literal["go on", "stop"]


_LOOKS = TypeAdapter(tuple[Look, ...])


def conclude(plan: Plan, seeds: Sequence[int], nominal_alpha: float, spent: float, verdicts: Mapping[str, str]) -> Look:
    """Decide after a look: stop if every comparison is decided or no look is left; otherwise continue.

    Args:
        plan: a plan with looks; the current look is the one with as many seeds as `seeds`.
        seeds: those that have been run.
        nominal_alpha: level of the look.
        spent: false-claim rate spent up to and including the look.
        verdicts: verdict at this look by variant. If the study continues, all variants are tested again at the next
            look, including those that are decided now.
    """
    looks = plan.looks or ()
    undecided = tuple(variant for variant, verdict in verdicts.items() if verdict not in DECIDED)
    last = len(seeds) == looks[-1]
    return Look(
        number=looks.index(len(seeds)) + 1,
        looks=looks,
        nominal_alpha=nominal_alpha,
        spent=spent,
        alpha=plan.alpha,
        seeds=tuple(seeds),
        undecided=undecided,
        decision="stop" if last or not undecided else "go on",
    )


def due(seeds: Sequence[int], looks: Sequence[int] | None, taken: Sequence[Look]) -> tuple[int, ...]:
    """Return the seeds that should be run and analysed now: all of them, or those up to the current look.

    Looks are taken in order: after a look that says "go on" the next one is due; after one that says "stop" none is.
    """
    if not looks:
        return tuple(seeds)
    # In ascending order, as the plan declares them: another order in the config must not choose other seeds.
    ordered = sorted(seeds)
    n = 0
    if taken:
        n = len(taken[-1].seeds) + (taken[-1].decision == "go on")
    # If the declared looks have changed since, the next one that is not smaller replaces the look that was due.
    return tuple(ordered[: next((look for look in looks if look >= n), looks[-1])])


def read_looks(path: Path) -> tuple[Look, ...]:
    """Read the looks that were taken, in order; none if the file does not exist.

    Raises:
        UserError: the file cannot be read.
    """
    if not path.exists():
        return ()
    try:
        return _LOOKS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(
            f"{path}: not a record of looks; restore it from version control, or delete it to start with the first look"
        ) from error


def record_look(path: Path, look: Look) -> None:
    """Append a look to those recorded; a look that is taken again replaces its record and those after it."""
    earlier = [past for past in read_looks(path) if len(past.seeds) < len(look.seeds)]
    write_text(path, json.dumps([item.model_dump(mode="json") for item in [*earlier, look]], indent=2) + "\n")


def describe(look: Look, names: Mapping[str, str]) -> str:
    """Say how far a study with looks is; `names` are the variants' names as they should be shown."""
    n, last = len(look.seeds), look.looks[-1]
    where = f"Look {look.number} of {len(look.looks)}, with {n} of {last} seeds"
    if look.decision == "go on":
        following = next(size for size in look.looks if size > n)
        open_ones = ", ".join(names[variant] for variant in look.undecided)
        return f"{where}: go on. Undecided: {open_ones}. The same command runs the next look, with {following} seeds."
    if look.undecided:
        return f"{where}: stop, because it is the last look."
    left = f", and the other {last - n} seeds are not run" if n < last else ""
    return f"{where}: stop. Every comparison is decided{left}."
