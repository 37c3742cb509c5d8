"""The ledger of a study, results/<study>/registration.jsonl: what was registered, seen and changed, and when.

It only grows. Each line is a JSON object with the hash of the line before it, as in a block chain, so that no line can
be changed, removed or put between two others without a trace. Runs read it to record to which registration they belong,
so this module imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from seedwise.basics.files import atomic_write, hold_lock

NAME = "registration.jsonl"
SHOWN = 16
"""Hexadecimal digits of a hash that people are shown."""
Kind = Literal["registration", "results", "look", "reason", "acceptance"]
KEYS = ("number", "at", "kind", "content", "previous")
"""What the hash of a line covers, in this order."""


@dataclass(frozen=True)
class Entry:
    """One line.

    Attributes:
        number: its position, from 0.
        at: when it was written, in UTC: 2026-11-27T10:31:05Z.
        kind: what it is about.
        content: what it says.
        previous: hash of the line before it; empty for the first.
        hash: SHA-256 of all this.
    """

    number: int
    at: str
    kind: Kind
    content: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def short(self) -> str:
        """The hash as people are shown it, and as runs record it."""
        return self.hash[:SHOWN]


@dataclass(frozen=True)
class Ledger:
    """The lines of a ledger that can be read, and a sentence for each fault of the chain."""

    entries: Sequence[Entry] = ()
    faults: Sequence[str] = field(default=())

    def of(self, *kinds: Kind) -> list[Entry]:
        """Return the lines of some kinds."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def current(self) -> Ledger:
        """Return the part since the runs of the study were begun again from nothing; if they never were, all of it."""
        return Ledger(self.entries[begun[-1] :], self.faults) if (begun := self._begun()) else self

    def before(self) -> Ledger:
        """Return the part before `current`; empty if the runs were never begun again."""
        return Ledger(self.entries[: begun[-1]]) if (begun := self._begun()) else Ledger()

    def _begun(self) -> list[int]:
        return [place for place, entry in enumerate(self.entries) if entry.content.get("again")]

    def registration(self) -> Entry | None:
        """Return the last registration; None if there is none."""
        return next(reversed(self.of("registration")), None)


def read_ledger(folder: Path) -> Ledger:
    """Read the ledger in the folder of a study, also one that was tampered with; empty if there is none.

    Raises:
        OSError: it cannot be read.
    """
    try:
        lines = (folder / NAME).read_bytes().rstrip(b"\n").split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return Ledger()
    entries: list[Entry] = []
    faults: list[str] = []
    previous = ""
    for position, line in enumerate(lines):
        entry = _parse(line)
        if entry is None:
            faults.append(f"line {position + 1} is not a line of a ledger")
            continue
        if entry.hash != _hash(vars(entry)):
            faults.append(f"line {position + 1} was changed after it was written")
        elif entry.previous != previous or entry.number != position:
            faults.append(f"line {position + 1} does not follow from the line before it")
        previous = entry.hash
        entries.append(entry)
    return Ledger(entries, faults)


def append(
    folder: Path, make: Callable[[Ledger], Sequence[tuple[Kind, Mapping[str, Any]]]], *, at: str | None = None
) -> Ledger:
    """Add lines to the ledger of a study, and return it.

    The file is replaced by a longer one, so that a crash leaves it with all of the new lines or none, and a lock keeps
    two processes apart.

    Args:
        folder: of the study.
        make: says what to add to the ledger as it is, by kind and content; nothing if it has all that already.
        at: when, for tests; by default now.
    """
    with hold_lock(folder / ".registration.lock", lambda: None):
        ledger = read_ledger(folder)
        new: list[Entry] = []
        for kind, content in make(ledger):
            before = (new or ledger.entries)[-1:]
            number = before[0].number + 1 if before else 0
            line = Entry(number, at or now(), kind, content, before[0].hash if before else "", "")
            new.append(replace(line, hash=_hash(vars(line))))
        if new:
            path = folder / NAME
            there = path.read_bytes() if path.exists() else b""
            with atomic_write(path) as stream:
                stream.write(there + b"\n" * bool(there and not there.endswith(b"\n")))
                stream.writelines(map(_line, new))
        return Ledger([*ledger.entries, *new], ledger.faults)


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def registration_of_runs(folder: Path) -> str | None:
    """Return the hash of the registration to which a run that starts now belongs; None if there is none."""
    try:
        entry = read_ledger(folder).registration()
    except OSError:
        return None
    return entry.short if entry else None


def _hash(line: Mapping[str, Any]) -> str:
    plain = {key: line[key] for key in KEYS}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _line(entry: Entry) -> bytes:
    return (json.dumps(vars(entry), ensure_ascii=False) + "\n").encode()


def _parse(line: bytes) -> Entry | None:
    try:
        found = json.loads(line)
        entry = Entry(**found)
    except (ValueError, TypeError, RecursionError):
        return None
    kinds = {"number": int, "at": str, "content": dict, "previous": str, "hash": str}
    known = entry.kind in get_args(Kind) and all(isinstance(found[key], kind) for key, kind in kinds.items())
    return entry if known else None
