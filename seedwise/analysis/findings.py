"""What the analysis finds beside its tables: findings.json, which the report reads.

The whole of that file is `seedwise.report.findings_file`; what is here is the part that a study's own report needs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seedwise.analysis.looks import Look
from seedwise.analysis.tables import made_again
from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.registration.facts import Registration

if TYPE_CHECKING:
    from seedwise.statistics.warnings import DataWarning

SCHEMA_VERSION = 1
"""Grows when a key of findings.json goes or means something else; a new key is no new version."""
BEFORE_VERSIONS = 0
"""The version of files that do not say one: they have no more than plan_hash, exploratory, warnings and test_set."""


class Section(BaseModel):
    """A part of findings.json. Keys that a later Seedwise has added are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="null")


class NewTestSetFinding(Section):
    """Intervals of a variant's difference from the baseline: for new test sets, and for new test sets and new seeds."""

    variant: str
    low: float | None
    high: float | None
    both_low: float | None
    both_high: float | None
    finite_test_share: float | None = Field(
        description="Share of the seed variance that is due to the finite test set."
    )


class Warned(Section):
    """What to know before believing a verdict."""

    code: str = Field(description="Stable id; `note` for a sentence that has none, such as how a table was read.")
    sentence: str
    variants: tuple[str, ...] = Field((), description="Those that it is about; none: all of them, or the study.")


def warned(warnings: Iterable[DataWarning]) -> list[Warned]:
    """Return warnings as findings have them."""
    return [Warned(code=warning.code, sentence=warning.sentence, variants=warning.variants) for warning in warnings]


class Findings(Section):
    """What the report says beside the tables."""

    schema_version: int = Field(SCHEMA_VERSION, description="Of the form of this file.")
    plan_hash: str = Field(description="Of the declared plan, its seeds and its variants.")
    exploratory: list[str] = Field(description="Why the verdicts are exploratory; empty if they confirm.")
    warnings: list[Warned] = Field(description="What to know before believing a verdict.")
    test_set: list[NewTestSetFinding] = Field(
        description="Whether a new test set would change the comparisons; empty if that is not known."
    )
    look: Look | None = Field(None, description="The look that was taken, if the plan declares looks.")
    tables: dict[str, str] = Field({}, description="Digests of the tables that were read and written, by name.")
    registration: Registration | None = Field(
        None, description="When it was decided how to judge; null for a table, and in files of earlier versions."
    )


def write_findings(path: Path, findings: Findings) -> None:
    """Write findings atomically, with a digest that shows when they are changed later."""
    plain = findings.model_dump(mode="json")
    write_text(path, json.dumps(plain | {"digest": _digest(plain)}, indent=2, ensure_ascii=False) + "\n")


def read_findings(path: Path) -> Findings:
    """Read findings, also those of earlier versions.

    Raises:
        UserError: they cannot be read, were changed, or are those of a later version.
    """
    try:
        return Findings.model_validate(read_plain(path))
    except ValidationError as error:
        raise UserError(made_again(path)) from error


def read_plain(path: Path) -> dict[str, Any]:
    """Read findings.json as JSON, in the form of this version.

    Raises:
        UserError: it cannot be read, was changed, or is that of a later version.
    """
    try:
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(made_again(path)) from error
    if not isinstance(plain, dict) or plain.get("digest", _digest(plain)) != _digest(plain):
        raise UserError(made_again(path))
    version = plain.setdefault("schema_version", BEFORE_VERSIONS)
    if version == BEFORE_VERSIONS and isinstance(found := plain.get("warnings"), list):
        plain["warnings"] = [{"code": "note", "sentence": sentence} for sentence in found]
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UserError(
            f"{path}: written by a later Seedwise (schema_version {version}; this one reads up to {SCHEMA_VERSION}): "
            "upgrade this one, or let it make the report again"
        )
    return plain


def _digest(plain: Mapping[str, Any]) -> str:
    content = {name: value for name, value in plain.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode(errors="surrogatepass")).hexdigest()[:16]
