"""The declaration: plan.json records the plan of a study's first analysis, and later analyses are held to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.plan import Plan

Declaration = dict[str, Any]


def declared(plan: Plan, seeds: Sequence[int], variants: Sequence[str]) -> Declaration:
    """Everything that was decided before results existed, as a JSON object."""
    return {
        "plan_hash": plan.digest(seeds, variants),
        "analysis": plan.model_dump(mode="json"),
        "seeds": sorted(seeds),
        "variants": list(variants),
    }


def write_declaration(path: Path, declaration: Declaration) -> None:
    """Record the declaration of a study's first analysis."""
    write_text(path, json.dumps(declaration, indent=2) + "\n")


def departures_from_recorded(path: Path, now: Declaration) -> list[str] | None:
    """Say how a declaration departs from the recorded one.

    Returns:
        one sentence per departure, none if the verdicts confirm what was declared; None if nothing is recorded yet.

    Raises:
        UserError: the recorded plan cannot be read.
    """
    if not path.exists():
        return None
    try:
        return departures(json.loads(path.read_text(encoding="utf-8")), now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a recorded plan ({error}); restore it from version control, or delete it to start over"
        ) from error


def departures(first: Declaration, now: Declaration) -> list[str]:
    """Say how the declaration `now` departs from the `first` one, in one sentence per departure."""
    reasons = [
        f"analysis.{key} was {json.dumps(first['analysis'].get(key))} in the first analysis of this study and is now "
        f"{json.dumps(value)}."
        for key, value in now["analysis"].items()
        if value != first["analysis"].get(key)
    ]
    for noun in ("seed", "variant"):
        was, now_is = first[f"{noun}s"], now[f"{noun}s"]
        added = [str(item) for item in now_is if item not in was]
        removed = [str(item) for item in was if item not in now_is]
        for items, verb in ((added, "added"), (removed, "removed")):
            if items:
                many = "s were" if len(items) > 1 else " was"
                names = ", ".join(items)
                reasons.append(f"{len(items)} {noun}{many} {verb} after the first analysis of this study: {names}.")
    return reasons
