"""The declaration: plan.json records the plan of a study's first analysis, and later analyses are held to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.plan import Plan


def declared(plan: Plan, seeds: Sequence[int], variants: Sequence[str]) -> dict[str, Any]:
    """Everything that was decided before results existed, as a JSON object."""
    return {
        "plan_hash": plan.digest(seeds),
        "analysis": plan.model_dump(mode="json"),
        "seeds": sorted(seeds),
        "variants": list(variants),
    }


def hold_to_first(
    path: Path, plan: Plan, seeds: Sequence[int], variants: Sequence[str], *, record: bool = True
) -> list[str]:
    """Record the plan if this is the study's first analysis; otherwise say how the plan departs from the first.

    Without `record`, as for an interim report, nothing is written.

    Returns:
        One sentence a departure; empty if the verdicts confirm what was declared.

    Raises:
        UserError: the recorded plan cannot be read.
    """
    now = declared(plan, seeds, variants)
    if not path.exists() and not record:
        return []
    if not path.exists():
        write_text(path, json.dumps(now, indent=2) + "\n")
        return []
    try:
        first = json.loads(path.read_text(encoding="utf-8"))
        return departures(first, now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a recorded plan ({error}); restore it from version control, or delete it to start over"
        ) from error


def departures(first: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say how the plan `now` departs from the `first` one, a sentence each."""
    reasons = [
        f"analysis.{key} was {json.dumps(first['analysis'].get(key))} in the first analysis of this study and is now "
        f"{json.dumps(value)}."
        for key, value in now["analysis"].items()
        if value != first["analysis"].get(key)
    ]
    for noun, was, now_is in (
        ("seed", first["seeds"], now["seeds"]),
        ("variant", first["variants"], now["variants"]),
    ):
        added = [str(item) for item in now_is if item not in was]
        removed = [str(item) for item in was if item not in now_is]
        for items, verb in ((added, "added"), (removed, "removed")):
            if items:
                many = "s were" if len(items) > 1 else " was"
                names = ", ".join(items)
                reasons.append(f"{len(items)} {noun}{many} {verb} after the first analysis of this study: {names}.")
    return reasons
