"""The declaration: plan.json records the plan of a study's first analysis, and later analyses are held to it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.basics.words import capital, enumerate_words
from seedwise.plan import Plan

Declaration = dict[str, Any]


def declared(
    plan: Plan,
    seeds: Sequence[int],
    variants: Sequence[str],
    columns: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Declaration:
    """Everything that was decided before results existed, as a JSON object.

    Args:
        plan: the `analysis` section.
        seeds: of the study.
        variants: their names.
        columns: of an evaluation: by key of the `runs` section, the column that says what its answers are.
        settings: digest of the settings of each variant, if the study's runs are made here.
    """
    return {
        "plan_hash": plan.digest(seeds, variants, columns),
        "analysis": plan.model_dump(mode="json"),
        "seeds": sorted(seeds),
        "variants": list(variants),
        **({"columns": dict(columns)} if columns else {}),
        **({"settings": dict(settings)} if settings else {}),
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
        f"{key} was {json.dumps(was)} in the first analysis of this study and is now {json.dumps(is_now)}."
        for key, (was, is_now) in _changed(first, now).items()
    ]
    for noun in ("seed", "variant"):
        for items, verb in zip(_added_and_removed(first, now, noun), ("added", "removed"), strict=True):
            if items:
                were = "were" if len(items) > 1 else "was"
                reasons.append(f"{capital(_named(noun, items))} {were} {verb} after the first analysis of this study.")
    if variants := _changed_settings(first, now):
        reasons.append(f"The settings of {_named('variant', variants)} were changed after the first analysis.")
    return reasons


def forewarning(path: Path, now: Declaration, study: str) -> str | None:
    """Say before anything is run that the verdicts will be exploratory, and what would confirm; None if they won't be.

    Args:
        path: plan.json, in the folder of the study.
        now: the declaration of the study as it is.
        study: its name.

    Raises:
        UserError: the recorded plan cannot be read.
    """
    if not departures_from_recorded(path, now):
        return None
    first = json.loads(path.read_text(encoding="utf-8"))
    parts = []
    for noun in ("seed", "variant"):
        added, removed = _added_and_removed(first, now, noun)
        if added:
            parts.append(f"{_named(noun, added)} {'are' if len(added) > 1 else 'is'} not in the recorded plan")
        if removed:
            parts.append(f"{_named(noun, removed)} of the recorded plan {'are' if len(removed) > 1 else 'is'} missing")
    if variants := _changed_settings(first, now):
        parts.append(f"the settings of {_named('variant', variants)} differ from the recorded plan")
    if keys := list(_changed(first, now)):
        parts.append(f"{enumerate_words(keys)} {'differ' if len(keys) > 1 else 'differs'} from the recorded plan")
    return (
        f"{'; '.join(parts)}: these verdicts will be EXPLORATORY; to confirm, run a new study (`study: "
        f"{_next_name(study, path.parent.parent)}`) {'on new examples' if 'columns' in now else 'with new seeds'}"
    )


def _changed(first: Declaration, now: Declaration) -> dict[str, tuple[Any, Any]]:
    """Return what each key of the config was, and is, where that differs."""
    pairs = {f"analysis.{key}": (first["analysis"].get(key), value) for key, value in now["analysis"].items()}
    was, is_now = first.get("columns", {}), now.get("columns", {})
    pairs |= {f"runs.{key}": (was.get(key), is_now.get(key)) for key in {**was, **is_now}}
    return {key: (was, is_now) for key, (was, is_now) in pairs.items() if was != is_now}


def _changed_settings(first: Declaration, now: Declaration) -> list[str]:
    """Return the variants whose settings are not the recorded ones; plans of earlier versions record none."""
    was, is_now = first.get("settings", {}), now.get("settings", {})
    return [name for name, digest in is_now.items() if was.get(name, digest) != digest]


def _added_and_removed(first: Declaration, now: Declaration, noun: str) -> tuple[list[str], list[str]]:
    was, is_now = first[f"{noun}s"], now[f"{noun}s"]
    return [str(item) for item in is_now if item not in was], [str(item) for item in was if item not in is_now]


def _named(noun: str, items: Sequence[str]) -> str:
    """Write `seed 3`, or `seeds 3 and 4`."""
    return f"{noun}{'s' if len(items) > 1 else ''} {enumerate_words(items)}"


def _next_name(study: str, results: Path) -> str:
    """Return a name like the study's that no folder of results has: `quick-2` after `quick`."""
    numbered = re.fullmatch(r"(.+)-(\d{1,3})", study)
    stem, number = (numbered[1], int(numbered[2])) if numbered else (study, 1)
    return next(name for k in itertools.count(number + 1) if not (results / (name := f"{stem}-{k}")).exists())
