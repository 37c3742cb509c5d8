"""findings.json: the report for programs. What results.md says in its tables, it says too.

docs/findings.md describes it, and workflow/schemas/findings.schema.json, which is generated from this. Nothing heavy is
imported, so that a gate answers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from seedwise.analysis.example_findings import ExampleComparison, ExampleSummary, JudgeFinding, PassRate
from seedwise.analysis.findings import BEFORE_VERSIONS, Findings, Section, read_plain
from seedwise.analysis.tables import made_again
from seedwise.basics.errors import UserError
from seedwise.plan import Plan
from seedwise.report.rows import ComparisonRow, SummaryRow

Cell = float | int | bool | str | None
"""A cell of a table; None where it is not known."""


def _known_keys(plan: object) -> object:
    """Leave out what a later Seedwise has added to plans."""
    return {key: plan[key] for key in plan if key in Plan.model_fields} if isinstance(plan, dict) else plan


class RunFinding(Section):
    """One run, as in runs.csv."""

    variant: str
    seed: int | str
    status: str = Field(description="finished, diverged or failed; in an interim report also other states.")
    reason: str = Field(description="Why it was lost; empty if it was not, or if that is not known.")
    metrics: dict[str, float | None] = Field(description="All metrics, and the epochs and seconds that it took.")


class Digests(Section):
    """What the runs of a variant depended on. More than one digest: its runs are not all of one making."""

    settings: list[str]
    code: list[str]
    data: list[str]


class Origin(Section):
    """What made the numbers."""

    commit: str | None = Field(description="Git commit of the code that made the baseline's first run, if known.")
    dirty: bool | None = Field(description="Whether that code had uncommitted changes.")
    uncommitted: list[str] = Field(description="Files of the study that the commit does not contain.")
    commits: dict[str, int] = Field(description="How many runs were made from each commit.")
    versions: dict[str, str] = Field(description="Of Python and of the packages that made the runs.")
    hardware: list[str] = Field(description="Every device on which a run was made.")
    digests: dict[str, Digests] = Field(description="By variant; empty where runs were recorded elsewhere.")


@dataclass(frozen=True)
class VariantFinding(SummaryRow):
    """A row of summary.csv, with how the report names the variant, and what it changes."""

    label: str = ""
    changes: str = ""


class FindingsFile(Findings):
    """What every findings.json of this version has."""

    seedwise: str = Field(description="The version that wrote this.")
    study: str | None = Field(description="Null for a table that was analysed by itself.")
    title: str
    source: str = Field(description="The config of the study, or the table that was analysed.")
    question: str = Field(description="What was asked, in one sentence; empty where nothing is compared.")
    headline: str = Field(description="What was found, and what puts it in doubt; empty where nothing is compared.")
    plan: Annotated[Plan, BeforeValidator(_known_keys)] = Field(description="The section `analysis` of the config.")
    power: float = Field(description="Of detectable differences, and of the seeds or examples that are needed.")


class RunsFile(FindingsFile):
    """findings.json of a study or table whose sample is runs; each row of a table has the table's columns as keys."""

    sample: Literal["runs"] = "runs"
    seeds: list[int | str] = Field(description="Of the runs so far.")
    planned_seeds: list[int | str] = Field(description="All that the study declares.")
    level: float = Field(description="At which this analysis decides: alpha, or the nominal level of the look.")
    family: int = Field(description="How many comparisons p-values are corrected for together.")
    variants: list[VariantFinding] = Field(description="summary.csv.")
    comparisons: list[ComparisonRow] = Field(description="comparisons.csv.")
    runs: list[RunFinding] = Field(description="Every run.")
    sources: list[dict[str, Cell]] = Field([], description="sources.csv, where the study asks what makes seeds differ.")
    effects: list[dict[str, Cell]] = Field([], description="effects.csv, of a factorial study.")
    setup: dict[str, str] = Field(description="What was run, by its name in plain words.")
    provenance: Origin
    commands: list[str] = Field(description="Shell lines that make the report again.")


class ExamplesFile(FindingsFile):
    """findings.json of an evaluation, whose sample is examples; each row of a table has its columns as keys."""

    sample: Literal["examples"] = "examples"
    repeated: str = Field(description="What an example was answered with several times: `seed`, `repeat`, or empty.")
    variants: list[ExampleSummary] = Field(description="summary.csv.")
    comparisons: list[ExampleComparison] = Field(description="comparisons.csv.")
    pass_at_k: list[PassRate] = Field(description="pass_at_k.csv.")
    judges: list[JudgeFinding] = Field(description="judges.csv.")
    columns: dict[str, str] = Field(description="What the table calls its columns, by their role, where that differs.")
    commands: list[str] = Field(description="Shell lines that make the report again.")


AnyFindings = Annotated[RunsFile | ExamplesFile, Field(discriminator="sample")]
ADAPTER: TypeAdapter[RunsFile | ExamplesFile] = TypeAdapter(AnyFindings)


def read_findings_file(path: Path) -> RunsFile | ExamplesFile:
    """Read a whole findings.json.

    Raises:
        UserError: it cannot be read, was changed, or is of another version.
    """
    plain = read_plain(path)
    if plain["schema_version"] == BEFORE_VERSIONS:
        raise UserError(
            f"{path}: written by an earlier Seedwise, which kept the verdicts in tables only; make the report again "
            "(`seedwise report`, or `seedwise run` if runs have to be repeated)"
        )
    try:
        return ADAPTER.validate_python(plain)
    except ValidationError as error:
        raise UserError(made_again(path)) from error
