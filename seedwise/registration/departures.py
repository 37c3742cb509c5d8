"""How a declaration departs from the one that was registered before there were results."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seedwise.basics.words import capital, enumerate_words, quantity
from seedwise.config.study import default_choice
from seedwise.registration.declared import DIGESTS, Declaration, named, plan_of

PLURAL = ("settings", "data")
"""Of what digests are of, the nouns in the plural."""
COPIED = "The ledger is that of the study {}, whose folder was copied or renamed."


def departures(first: Declaration, now: Declaration, *, late: bool = True) -> list[str]:
    """Say how the declaration `now` departs from the `first` one, in one sentence per departure.

    Args:
        first: what was registered.
        now: what the study declares now.
        late: whether to say that there were results before the change.
    """
    registered, after = (" when this study was registered", " after there were results") if late else ("", "")
    reasons = [COPIED.format(first["study"])] if first["study"] != now["study"] else []
    reasons += [
        f"{key} was {json.dumps(was)}{registered} and is now {json.dumps(is_now)}."
        for key, (was, is_now) in changed_keys(first, now).items()
    ]
    for noun in ("seed", "variant"):
        for items, verb in zip(added_and_removed(first, now, noun), ("added", "removed"), strict=True):
            if items:
                were = "were" if len(items) > 1 else "was"
                reasons.append(f"{capital(named(noun, items))} {were} {verb}{after}.")
    for what, variants in changed_digests(first, now):
        was = "were" if what in PLURAL else "was"
        reasons.append(f"The {what} of {named('variant', variants)} {was} changed{after}.")
    return reasons


def forewarning(first: Declaration, now: Declaration, results: Path) -> str:
    """Say before anything is run that the verdicts will be exploratory, and what would confirm; empty if they won't be.

    Args:
        first: what was registered before there were results.
        now: what the study declares now.
        results: the folder of the studies' results, for a name that is not taken.
    """
    changes = _changes(first, now)
    return f"{changes}: these verdicts will be {_way_on(now, results)}" if changes else ""


def known_again(runs: int, first: Declaration, now: Declaration, results: Path) -> str:
    """Say the same of a study all of whose runs are made again, though so many of their results are known.

    Args:
        runs: how many.
        first: what was registered before they were known.
        now: what the study declares now.
        results: the folder of the studies' results, for a name that is not taken.
    """
    known = f"{quantity(runs, 'result')} {'is' if runs == 1 else 'are'} known from before all runs were begun again"
    if not (changes := _changes(first, now)):
        return ""
    return f"{known}, and {changes}: if the numbers are the same, these verdicts will be {_way_on(now, results)}"


def _changes(first: Declaration, now: Declaration) -> str:
    """Say what differs from what was registered; empty if nothing does."""
    parts = []
    if first["study"] != now["study"]:
        parts.append(f"the ledger is that of the study {first['study']}, whose folder was copied or renamed")
    for noun in ("seed", "variant"):
        added, removed = added_and_removed(first, now, noun)
        if added:
            parts.append(f"{named(noun, added)} {'are' if len(added) > 1 else 'is'} not in the registered plan")
        if removed:
            parts.append(f"{named(noun, removed)} of the registered plan {'are' if len(removed) > 1 else 'is'} missing")
    for what, variants in changed_digests(first, now):
        differs = "differ" if what in PLURAL else "differs"
        parts.append(f"the {what} of {named('variant', variants)} {differs} from what was registered")
    if keys := list(changed_keys(first, now)):
        parts.append(f"{enumerate_words(keys)} {'differ' if len(keys) > 1 else 'differs'} from the registered plan")
    return "; ".join(parts)


def unregistered(runs: int, now: Declaration, results: Path) -> str:
    """Say before anything is run that so many results are older than the registration, and what would confirm."""
    have = "has a result and was" if runs == 1 else "have a result and were"
    return f"{quantity(runs, 'run')} {have} never registered: these verdicts will be {_way_on(now, results)}"


def _way_on(now: Declaration, results: Path) -> str:
    new = "on new examples" if "columns" in now else "with new seeds"
    return f"EXPLORATORY; to confirm, run a new study (`study: {next_name(now['study'], results)}`) {new}"


def changed_keys(first: Declaration, now: Declaration) -> dict[str, tuple[Any, Any]]:
    """Return what each key of the config was, and is, where that differs."""
    before, after = plan_of(first), plan_of(now)
    pairs = {f"analysis.{key}": (before.get(key), after.get(key)) for key in {**after, **before}}
    was, is_now = first.get("columns", {}), now.get("columns", {})
    pairs |= {f"runs.{key}": (was.get(key), is_now.get(key)) for key in {**was, **is_now}}
    if "choices" in first:  # earlier versions did not note them
        was, is_now = first["choices"], now.get("choices", {})
        pairs |= {key: (_chosen(was, key), _chosen(is_now, key)) for key in {**was, **is_now}}
    return {key: (was, is_now) for key, (was, is_now) in pairs.items() if was != is_now}


def _chosen(choices: Mapping[str, Any], key: str) -> Any:
    return choices[key] if key in choices else default_choice(key)


def changed_digests(first: Declaration, now: Declaration) -> Iterator[tuple[str, list[str]]]:
    """Yield what numbers depend on and was changed, with the variants; what was not registered is left out.

    Other settings of a variant are often other code as well; the first that differs is said.
    """
    said: set[str] = set()
    for what in DIGESTS:
        was, is_now = first.get(what, {}), now.get(what, {})
        variants = [name for name in is_now if name in was and was[name] != is_now[name] and name not in said]
        said |= set(variants)
        if variants:
            yield what, variants


def added_and_removed(first: Declaration, now: Declaration, noun: str) -> tuple[list[str], list[str]]:
    """Return the seeds or variants that were added, and those that were removed."""
    was, is_now = first[f"{noun}s"], now[f"{noun}s"]
    return [str(item) for item in is_now if item not in was], [str(item) for item in was if item not in is_now]


def next_name(study: str, results: Path) -> str:
    """Return a name like the study's that no folder of results has: `quick-2` after `quick`."""
    numbered = re.fullmatch(r"(.+)-(\d{1,3})", study)
    stem, number = (numbered[1], int(numbered[2])) if numbered else (study, 1)
    return next(name for k in itertools.count(number + 1) if not (results / (name := f"{stem}-{k}")).exists())
