"""What the analysis finds beside its tables: findings.json, which the report reads."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seedwise.analysis.looks import Look
from seedwise.analysis.tables import made_again
from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.registration.history import Registration


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewTestSetFinding(_Section):
    """Intervals of a variant's difference from the baseline: for new test sets, and for new test sets and new seeds."""

    variant: str
    low: float | None
    high: float | None
    both_low: float | None
    both_high: float | None
    finite_test_share: float | None = Field(
        description="Share of the seed variance that is due to the finite test set."
    )


class Findings(_Section):
    """What the report says beside the tables.

    Attributes:
        plan_hash: of the declared plan, its seeds and its variants.
        exploratory: why the verdicts are exploratory; empty if they confirm.
        warnings: sentences about the runs.
        test_set: whether a new test set would change the comparisons; empty if that is not known.
        look: the look that was taken, if the plan declares looks.
        tables: digests of the tables that were read and written, by name; empty in findings of earlier versions.
        registration: when it was decided how to judge; None for a table, and in findings of earlier versions.
    """

    plan_hash: str
    exploratory: list[str]
    warnings: list[str]
    test_set: list[NewTestSetFinding]
    look: Look | None = None
    tables: dict[str, str] = {}
    registration: Registration | None = None


def write_findings(path: Path, findings: Findings) -> None:
    """Write findings atomically."""
    write_text(path, findings.model_dump_json(indent=2) + "\n")


def read_findings(path: Path) -> Findings:
    """Read findings that `write_findings` wrote.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return Findings.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(made_again(path)) from error
