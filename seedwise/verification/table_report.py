"""Checks of a report that `seedwise analyse` made of a table: without a ledger, there is less to check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seedwise.analysis.findings import read_plain
from seedwise.analysis.tables import table_digests
from seedwise.basics.errors import UserError
from seedwise.basics.names import one_line
from seedwise.basics.words import enumerate_words
from seedwise.registration.ledger import NAME
from seedwise.verification.checks import Check, attempt, failed, passed, unchecked

NO_LEDGER = (
    "Nothing about when it was decided how to judge: `seedwise analyse` reads a table and registers nothing. A study "
    "of the same table does: `seedwise run` with `runs: {from: table, …}`."
)
LIMITS = (
    "Whether findings.json and tables were rewritten so that their digests fit again: anybody can compute those.",
    "Whether the numbers in the table are those that were measured, all of them, and whether other metrics, baselines "
    "or rows of it were tried before.",
)


def findings_of_table(folder: Path) -> Mapping[str, Any] | None:
    """Return findings.json of a report of a table, edited or not; None if the folder is that of a study."""
    try:
        plain = json.loads((folder / "findings.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    of_table = isinstance(plain, dict) and plain.get("study", "") is None and not (folder / NAME).exists()
    return plain if of_table else None


def checks_of_table(folder: Path, findings: Mapping[str, Any]) -> list[Check]:
    """Return the checks of a report of a table."""
    pages = [name for name in ("results.md", "page.html", "figures") if (folder / name).exists()]
    again = unchecked("report", f"{enumerate_words(pages)}: the table itself is not here; make the report again")
    return [_findings(folder), attempt("tables", lambda: _tables(folder, findings)), *([again] if pages else [])]


def _findings(folder: Path) -> Check:
    try:
        read_plain(folder / "findings.json")
    except UserError:
        return failed("findings.json", "damaged or edited: it is not what an analysis writes")
    return passed("findings.json", "it is as the analysis wrote it, by its own digest")


def _tables(folder: Path, findings: Mapping[str, Any]) -> Check:
    digests = findings["tables"]
    here = table_digests(folder, digests)
    if edited := [name for name, digest in digests.items() if here.get(name) != digest]:
        return failed("tables", f"not as the analysis wrote them: {enumerate_words(edited)}")
    return passed("tables", f"{enumerate_words(sorted(digests))} are as the analysis wrote them, by findings.json")


def shown_of_table(findings: Mapping[str, Any], checks: list[Check]) -> Iterator[str]:
    """Yield what the checks show, and how to repeat the analysis."""
    if any(check.state == "FAILED" for check in checks):
        yield "The folder contradicts itself: do not rely on its report until the checks that FAILED are explained."
    yield NO_LEDGER
    commands = findings.get("commands")
    if isinstance(commands, list) and commands:
        said = one_line(" ".join(map(str, commands)))
        yield (
            "To check every number and word, repeat the analysis where the table is, with another --out, and compare "
            f"the folders: {said}"
        )
