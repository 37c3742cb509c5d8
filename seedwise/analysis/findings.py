"""What the analysis says beside its tables: findings.json, read by the report."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from seedwise.analysis.looks import Look
from seedwise.basics.files import write_text


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewTestSetFinding(_Section):
    """One variant's difference to the baseline for new test sets, and for new test sets and new seeds at once."""

    variant: str
    low: float | None
    high: float | None
    both_low: float | None
    both_high: float | None
    finite_test_share: float | None = Field(description="Share of the seed variance that the finite test set makes.")


class Findings(_Section):
    """The plan's hash, why verdicts are exploratory (empty: they confirm), warnings, the second question, the look."""

    plan_hash: str
    exploratory: list[str]
    warnings: list[str]
    test_set: list[NewTestSetFinding]
    look: Look | None = None


def write_findings(path: Path, findings: Findings) -> None:
    """Write findings atomically."""
    write_text(path, findings.model_dump_json(indent=2) + "\n")


def read_findings(path: Path) -> Findings:
    """Read findings that `write_findings` wrote."""
    return Findings.model_validate_json(path.read_text(encoding="utf-8"))
