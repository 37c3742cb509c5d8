"""What the ledger of a study says, for its report: when it was registered, seen and changed, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from seedwise.basics.words import enumerate_words, quantity
from seedwise.registration.acceptance import as_accepted
from seedwise.registration.departures import departures
from seedwise.registration.facts import Event, Registration
from seedwise.registration.ledger import Entry, Ledger
from seedwise.registration.results import count, known_results, none_left
from seedwise.registration.standing import Standing

LOOKS = {"analysis": "Analysis of", "interim": "Interim report on", "table": "`seedwise analyse` on"}


def registration_facts(ledger: Ledger, standing: Standing, look: Entry) -> Registration:
    """Return what the report says of a ledger; `look` is its line about the analysis that is reported."""
    return Registration(
        at=standing.binding.at,
        hash=standing.binding.hash,
        before_results=standing.first,
        earlier_version=bool(standing.binding.content.get("earlier")),
        older_runs=list(standing.older),
        head=look.hash,
        history=[Event(at=entry.at, what=what, hash=entry.hash) for entry, what in _events(ledger)],
    )


def _events(ledger: Ledger) -> Iterator[tuple[Entry, str]]:
    last: Entry | None = None
    for entry in ledger.entries:
        if entry.kind == "registration":
            yield entry, _registered(ledger, last, entry)
            last = entry
        elif entry.kind == "look":
            yield entry, f"{LOOKS.get(entry.content['of'], 'Look at')} {quantity(entry.content['runs'], 'run')}."
        elif entry.kind == "reason":
            yield entry, f"Reason given for the change: {entry.content['why']}"
        elif entry.kind == "acceptance":
            accepted = enumerate_words(entry.content["variants"])
            yield entry, f"Runs of {accepted} accepted as made by the code of that day: {entry.content['why']}"


def _registered(ledger: Ledger, last: Entry | None, entry: Entry) -> str:
    content = entry.content
    if content.get("earlier"):
        return "Plan recorded by the first analysis, by an earlier version of Seedwise."
    results = known_results(Ledger(ledger.entries[: entry.number]))
    known = count(results)
    seen = any(other.kind == "look" and other.content["runs"] for other in ledger.entries[: entry.number])
    if content.get("again"):
        return f"All runs begun again: {none_left(results, 'result')}."
    when = f"when {quantity(known, 'run')} had a result" if known else "after a look" if seen else "before any result"
    runs = f"{quantity(len(content['variants']), 'variant')} × {quantity(len(content['seeds']), 'seed')}"
    what = f"{runs}, {content['analysis']['metric']}" if content["seeds"] else content["analysis"]["metric"]
    if last is None:
        return f"Registered {when}: {what}."
    changes = departures(as_accepted(last.content, content, ledger), content, late=False)
    return f"Registered again {when}: {' '.join(changes) or 'nothing that decides was changed.'}"
