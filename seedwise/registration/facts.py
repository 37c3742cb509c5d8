"""What the report says of a study's ledger. Commands that only read findings.json import this, so it stays light."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Section):
    """One line of the ledger, for readers."""

    at: str = Field(description="When, in UTC: 2026-11-27T10:31:05Z.")
    what: str = Field(description="What was registered, seen or changed, in a sentence.")
    hash: str = Field(description="Hash of the line of the ledger.")


class Registration(_Section):
    """When it was decided how to judge, and who could have known results by then."""

    at: str = Field(description="When the plan that binds the study was registered, in UTC.")
    hash: str = Field(description="Hash of that line of registration.jsonl.")
    before_results: bool = Field(description="Whether that was before there was any result.")
    earlier_version: bool = Field(
        description="Whether the plan was recorded by the first analysis, as earlier versions of Seedwise did."
    )
    older_runs: list[str] = Field(description="Variants whose runs were taken over and are older than that.")
    head: str = Field(description="Hash of the last line when the report was made; all lines before it lead to it.")
    history: list[Event] = Field(description="What the ledger says, but for results.")


def in_words(at: str) -> str:
    """Write a time of the ledger in words: 27 November 2026, 10:31 UTC."""
    when = datetime.fromisoformat(at)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"
