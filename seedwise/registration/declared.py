"""What a study declares: everything that decides its verdicts, and digests of everything that decides its numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seedwise.basics.words import enumerate_words
from seedwise.config.study_file import StudyFile
from seedwise.plan import Plan
from seedwise.registration.ledger import read_ledger

Declaration = Mapping[str, Any]
DIGESTS = ("settings", "code", "data", "environment")
"""What the numbers of a run depend on: digests by variant."""
DECLARED = ("study", "analysis", "seeds", "variants", "columns", "choices", *DIGESTS)
"""What a declaration has beside its hash."""
EARLIER = "plan.json"
"""File in which earlier versions recorded the plan of the first analysis."""


def declaration_of(asked: StudyFile) -> Declaration:
    """Return what a study declares, as JSON.

    Labels, titles, trackers and resources are no part of it, because they decide nothing.
    """
    study = asked.study
    found: dict[str, Any] = {
        "study": study.study,
        "plan_hash": study.plan_hash,
        "analysis": study.analysis.model_dump(mode="json", exclude_defaults=True),
        "seeds": sorted(study.declared_seeds),
        "variants": [variant.name for variant in study.variants],
    }
    if columns := study.declared_columns:
        found["columns"] = columns
    found["choices"] = study.declared_choices  # also if there are none: earlier versions did not note them
    for what in DIGESTS:
        if digests := {name: digest for name, of in asked.expected.items() if (digest := getattr(of, what))}:
            found[what] = digests
    return found


def earlier_declaration(folder: Path, study: str) -> Declaration | None:
    """Return the plan that an earlier version recorded at the first analysis; None if there is none."""
    try:
        found = json.loads((folder / EARLIER).read_bytes())
        plan = Plan.model_validate(found["analysis"])
        return {
            **{key: found[key] for key in ("plan_hash", "seeds", "variants")},
            "study": study,
            "analysis": plan.model_dump(mode="json", exclude_defaults=True),
            **{key: dict(found[key]) for key in ("columns", "settings") if key in found},
            "earlier": True,
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def declared_in(folder: Path) -> Declaration | None:
    """Return what the study whose results a folder has declared last; None if it was never registered."""
    registered = read_ledger(folder).registration()
    return registered.content if registered else earlier_declaration(folder, folder.name)


def plan_of(declaration: Declaration) -> dict[str, Any]:
    """Return the whole plan, with the keys that were left to their defaults."""
    try:
        return Plan.model_validate(declaration["analysis"]).model_dump(mode="json")
    except ValidationError:  # of a version with other keys
        return dict(declaration["analysis"])


def affected(declaration: Declaration, what: str, variant: str) -> str | None:
    """Return the digest of what the numbers of a variant depend on; None if it was not registered."""
    digest: str | None = declaration.get(what, {}).get(variant)
    return digest


def named(noun: str, items: Sequence[object]) -> str:
    """Write `seed 3`, or `seeds 3 and 4`."""
    return f"{noun}{'s' if len(items) > 1 else ''} {enumerate_words([str(item) for item in items])}"
