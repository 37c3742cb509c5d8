"""Which results a study has: a digest of each, so that the ledger shows if one was replaced after it was seen."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seedwise.registration.ledger import Ledger
from seedwise.runs.fit import JUDGED

Results = Mapping[str, Mapping[str, str]]
"""Digests of results by variant and seed."""
LOST = "failed"
"""Stands in the place of a digest for a run that failed and counts as lost: it has ended, and has no result."""


def results_in(folder: Path) -> Results:
    """Return the results of all run records in the folder of a study, also of variants that it no longer has."""
    return without_lost(ended_in(folder))


def without_lost(ended: Results) -> dict[str, dict[str, str]]:
    """Return those that have a result."""
    found = {
        variant: {seed: digest for seed, digest in own.items() if digest != LOST} for variant, own in ended.items()
    }
    return {variant: own for variant, own in found.items() if own}


def ended_in(folder: Path) -> Results:
    """Return the same with the runs that were lost."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("runs/*/seed*/metrics.json")):
        try:
            stat = path.stat()
        except OSError:
            continue
        if ended := _ended(str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino):
            variant, seed, digest = ended
            found.setdefault(variant, {})[seed] = digest
    return found


@functools.cache  # a command asks at its start and at its end, and reads each record once
def _ended(path: str, *_version: int) -> tuple[str, str, str] | None:
    """Return variant, seed and digest of the result in one version of a record; None if it is none."""
    try:
        record = json.loads(Path(path).read_bytes())
        if record["status"] not in (*JUDGED, LOST):
            return None
        digest = LOST if record["status"] == LOST else digest_of(record)
        return str(record["variant"]), str(record["seed"]), digest
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None  # whether a record can be used is judged elsewhere


def begun_again(folder: Path, known: Results) -> bool:
    """Whether all runs of a study that had results are made again, because the folder `runs` was deleted.

    Records alone are no sign: Snakemake removes that of a run which it repeats, and may be killed then.
    """
    return bool(known) and not any(folder.glob("runs/*/seed*"))


def digest_of(record: Mapping[str, Any]) -> str:
    """Return a digest of how a run ended and of its numbers; a repeated run with equal numbers has the same.

    A row of runs.csv has the same as its record: there, 1 is 1.0 and a metric without a value is an empty cell.
    """
    numbers = {name: float(value) for name, value in record["metrics"].items() if value is not None}
    plain = json.dumps([record["status"], numbers], sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def known_results(ledger: Ledger, until: int | None = None) -> dict[str, dict[str, str]]:
    """Return the results that are there by the ledger, the last of each run.

    Args:
        ledger: of the study.
        until: number of a line; only those before it count.
    """
    return without_lost(known_ends(ledger, until))


def known_ends(ledger: Ledger, until: int | None = None) -> dict[str, dict[str, str]]:
    """Return the same with the runs that were lost."""
    found: dict[str, dict[str, str]] = {}
    for entry in ledger.current().entries:
        if until is not None and entry.number >= until:
            break
        for variant, own in entry.content.get("results", {}).items():
            found.setdefault(variant, {}).update(own)
    return found


def not_known(results: Results, known: Results) -> dict[str, dict[str, str]]:
    """Return the results that are new or have changed."""
    new = {
        variant: {seed: digest for seed, digest in own.items() if known.get(variant, {}).get(seed) != digest}
        for variant, own in results.items()
    }
    return {variant: own for variant, own in new.items() if own}


def count(results: Mapping[str, Iterable[object]]) -> int:
    """Return the number of results."""
    return sum(len(list(own)) for own in results.values())


def none_left(results: Mapping[str, Iterable[object]], what: str) -> str:
    """Say that all results are gone; `what` is one of them, such as `known result`."""
    number = count(results)
    return f"the one {what} is gone" if number == 1 else f"none of the {number} {what}s is left"
