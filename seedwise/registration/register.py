"""Registers a study before its first run, and notes each look at its results."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from seedwise import __version__
from seedwise.basics.files import short_digest
from seedwise.config.study_file import StudyFile
from seedwise.registration.declared import DECLARED, declaration_of, earlier_declaration
from seedwise.registration.facts import Registration
from seedwise.registration.history import registration_facts
from seedwise.registration.ledger import NAME, Entry, Kind, Ledger, append
from seedwise.registration.results import begun_again, count, ended_in, known_ends, known_results, not_known
from seedwise.registration.standing import Origin, standing_of
from seedwise.runs.commit import git_state

PACKAGES = ("seedwise", "snakemake", "torch", "numpy")
Look = Literal["analysis", "interim", "table"]
Lines = list[tuple[Kind, Mapping[str, Any]]]


def register(folder: Path, asked: StudyFile) -> Ledger:
    """Register a study as it is now, unless the ledger says that already; note results that the ledger does not know.

    If no run is left, all of them are made again, and what is registered now binds them.

    Args:
        folder: of the study.
        asked: the study.
    """
    return append(folder, lambda ledger: _registered(ledger, folder, asked))


def look_at(
    folder: Path, asked: StudyFile, of: Look, table: Path, origins: Sequence[Origin], runs: int
) -> tuple[list[str], Registration]:
    """Note a look at results before they are shown, and say how they stand to what was registered.

    Args:
        folder: of the study.
        asked: the study.
        of: what looks.
        table: of the results.
        origins: of its runs; none if they were recorded elsewhere.
        runs: how many results it has.

    Returns:
        why the verdicts are exploratory, and what the report says of the ledger.
    """
    ledger, look = take_look(folder, asked, of, short_digest(table), runs)
    standing = standing_of(ledger, declaration_of(asked), origins)
    return standing.departures, registration_facts(ledger, standing, look)


def take_look(folder: Path, asked: StudyFile, of: Look, table: str, runs: int) -> tuple[Ledger, Entry]:
    """Note a look at results, unless the same was noted since the study was last registered; register it if need be.

    Args:
        folder: of the study.
        asked: the study.
        of: what looks.
        table: digest of the table of results.
        runs: how many results it has.

    Returns:
        the ledger, and its line about this look.
    """

    def make(ledger: Ledger) -> Lines:
        lines = _registered(ledger, folder, asked)
        if any(kind == "registration" for kind, _ in lines) or not _same_look(ledger, of, table):
            lines.append(_look(of, table, runs))
        return lines

    ledger = append(folder, make)
    found = _same_look(ledger, of, table)
    assert found
    return ledger, found


def _look(of: Look, table: str, runs: int) -> tuple[Kind, Mapping[str, Any]]:
    return "look", {"of": of, "table": table, "runs": runs, "version": __version__}


def _same_look(ledger: Ledger, of: Look, table: str) -> Entry | None:
    """Return a look at the same table since the last registration, and the last reason for a change."""
    for entry in reversed(ledger.of("look", "registration", "reason")):
        if entry.kind != "look":
            return None
        if (entry.content["of"], entry.content["table"]) == (of, table):
            return entry
    return None


def note_look_at_table(table: Path) -> None:
    """Note that somebody looks at a table of results, if it is the runs.csv of a study that was registered.

    Raises:
        OSError: the ledger of the study cannot be written.
    """
    if table.name != "runs.csv" or not table.is_file() or not (table.parent / NAME).is_file():
        return
    digest = short_digest(table)

    def make(ledger: Ledger) -> Lines:
        runs = count(known_results(ledger))
        return [] if _same_look(ledger, "table", digest) else [_look("table", digest, runs)]

    append(table.parent, make)


def amend(folder: Path, asked: StudyFile, why: str) -> Entry:
    """Register a study as it is now, with the reason for its change; return the line about the reason.

    Args:
        folder: of the study.
        asked: the study.
        why: the reason.
    """
    return append(folder, lambda ledger: [*_registered(ledger, folder, asked), ("reason", {"why": why})]).entries[-1]


def accept(folder: Path, asked: StudyFile, digests: Mapping[str, Mapping[str, Mapping[str, str]]], why: str) -> None:
    """Note that records of other code or of another environment are accepted as made by today's.

    Args:
        folder: of the study.
        asked: the study.
        digests: by variant and by what they are of: those of records, each with today's.
        why: the reason.
    """
    content = {"variants": list(digests), "digests": digests, "why": why}
    append(folder, lambda ledger: [("acceptance", content), *_registered(ledger, folder, asked)])


def note_results(folder: Path) -> None:
    """Note the results that a study has, if it was registered and the ledger does not know them."""

    def make(ledger: Ledger) -> Lines:
        new = not_known(ended_in(folder), known_ends(ledger)) if ledger.entries else {}
        return [("results", {"results": new})] if new else []

    append(folder, make)


def _registered(ledger: Ledger, folder: Path, asked: StudyFile) -> Lines:
    """Return what the ledger lacks."""
    lines: Lines = []
    now, last = declaration_of(asked), ledger.registration()
    declared = last.content if last else None
    if declared is None and (earlier := earlier_declaration(folder, asked.study.study)):
        lines.append(("registration", earlier))
        declared = earlier
    ended = {} if asked.study.source else ended_in(folder)
    if new := not_known(ended, known_ends(ledger)):
        lines.append(("results", {"results": new}))
    again = begun_again(folder, known_results(ledger))
    if again or declared is None or any((declared.get(key) or None) != (now.get(key) or None) for key in DECLARED):
        lines.append(("registration", {**now, **({"again": True} if again else {}), **_circumstances()}))
    return lines


def _circumstances() -> dict[str, Any]:
    commit, dirty = git_state(Path.cwd())
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {"commit": commit, "dirty": dirty, "versions": versions}
