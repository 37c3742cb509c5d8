"""When it was decided how to judge, by the ledger of the study: a sentence at the top, a table near the plan."""

from __future__ import annotations

from seedwise.basics.words import enumerate_words
from seedwise.registration.facts import Registration, in_words
from seedwise.registration.ledger import NAME, SHOWN
from seedwise.report.text.format import code, escape, markdown_table

EARLIER = "recorded by the first analysis, by an earlier version of Seedwise"


def registered_when(registration: Registration | None) -> str:
    """Say when the plan was registered, to follow its name and a `was`."""
    if registration is None or registration.earlier_version:
        return EARLIER
    when = f"registered on {in_words(registration.at)}"
    return f"{when}, before there was any result" if registration.before_results else when


def registration_table(registration: Registration | None) -> str:
    """Every line of the ledger but for results, in the order in which they were written."""
    if registration is None:
        return ""
    rows = [
        [event.at.replace("T", " ").removesuffix("Z"), escape(event.what), code(event.hash[:SHOWN])]
        for event in registration.history
    ]
    return markdown_table(["When (UTC)", "What", "Line"], rows)


def registration_note(registration: Registration | None, study: str | None) -> str:
    """What the lines are worth, and how they are checked."""
    if registration is None:
        return ""
    older = [code(name) for name in registration.older_runs]
    taken = f"The runs of {enumerate_words(older)} were taken over: they are older than this. " if older else ""
    return (
        f"{taken}Each line of {code(NAME)} has the hash of the line before it; that of this analysis is "
        f"{code(registration.head)}. {code(f'seedwise verify results/{study}')} checks them against the runs, and "
        "says what they cannot prove."
    )
