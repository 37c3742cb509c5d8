"""Checks of the ledger: is its chain whole, do its times go forward, does a git tag anchor it?"""

from __future__ import annotations

from datetime import datetime

from seedwise.basics.words import enumerate_words, quantity
from seedwise.registration.facts import in_words
from seedwise.registration.ledger import NAME
from seedwise.registration.standing import binding_of
from seedwise.registration.tags import Tag, tags_of
from seedwise.verification.checks import Check, failed, passed, unchecked
from seedwise.verification.evidence import Evidence

TOLERANCE = 60.0
"""Seconds by which the clocks of two machines may differ."""
UNANCHORED = "no git tag here anchors this ledger; the author makes one, before the first run: seedwise register --tag"


def seconds(at: str) -> float:
    """Return a time of the ledger in seconds since 1970."""
    return datetime.fromisoformat(at).timestamp()


def chain(found: Evidence) -> Check:
    """Whether each line has the hash of the line before it."""
    name = "ledger"
    if found.ledger.faults:
        return failed(name, f"{NAME} was changed after it was written: {'; '.join(found.ledger.faults)}")
    if found.ledger.registration():
        lines = f"{quantity(len(found.ledger.entries), 'line')}, each with the hash of the line before it"
        return passed(name, f"{lines}{_copied(found)}")
    if found.findings and found.findings.registration:
        return failed(name, f"{NAME} is missing or has no registration, and the report names one")
    if any(each.record.registration for each in found.records.values()):
        return failed(name, f"{NAME} is missing or has no registration, and runs name one")
    return unchecked(name, f"there is no {NAME}: an earlier version of Seedwise made these results")


def _copied(found: Evidence) -> str:
    """Say from which study a ledger was copied or renamed; empty if all of it is of the last one."""
    registrations = found.ledger.of("registration")
    last = registrations[-1].content["study"]
    others = [entry for entry in registrations if entry.content["study"] != last]
    if not others:
        return ""
    names = enumerate_words(list(dict.fromkeys(str(entry.content["study"]) for entry in others)))
    begins = next(entry for entry in registrations if entry.number > others[-1].number)
    return f"; before line {begins.number + 1} it is that of {names}, and then of {last}: its folder was copied"


def clock(found: Evidence) -> Check:
    """Whether no line is older than the line before it."""
    name = "clock"
    entries = found.ledger.entries
    if not entries:
        return unchecked(name, f"there is no {NAME}")
    times = [seconds(entry.at) for entry in entries]
    for place in range(1, len(times)):
        if times[place] < max(times[:place]) - TOLERANCE:
            return failed(
                name,
                f"line {place + 1} ({entries[place].at}) is older than a line before it: the clock was set back, or "
                "machines disagree on the time",
            )
    return passed(name, f"{NAME} was written from {entries[0].at} to {entries[-1].at}, in this order")


def tag(found: Evidence) -> Check:
    """Whether a git tag has the hash of the registration, and is older than the first run."""
    name = "tag"
    declared = found.declared()
    if declared is None:
        return unchecked(name, f"there is no {NAME}")
    tags = tags_of(found.folder, declared["study"])
    if tags is None:
        return unchecked(name, "this folder is in no git repository, whose tags could anchor the ledger")
    if not tags:
        return unchecked(name, UNANCHORED)
    places = {entry.hash: number for number, entry in enumerate(found.ledger.entries)}
    for each in tags:
        if each.head not in places:
            return failed(
                name,
                f"{each.name} of {_day(each)} has the hash of a line that {NAME} does not have: it was written again "
                "since",
            )
    binding, _ = binding_of(found.reported_ledger())
    assert binding
    plan = places[binding.hash]
    anchors = [each for each in tags if places[each.head] >= plan]
    if not anchors:
        earlier = f"{tags[0].name} of {_day(tags[0])}"
        return unchecked(name, f"{earlier} anchors an earlier plan: the study was registered again since")
    first = min(anchors, key=lambda each: each.at)
    begun, what = _first_result(found)
    if begun is None:
        return passed(name, f"{first.name} of {_day(first)} has its hash; there is no result yet")
    if first.at > begun:
        return unchecked(name, f"{first.name} of {_day(first)} is younger than {what}: it only shows what came after")
    return passed(name, f"{first.name} of {_day(first)} has its hash, and is older than {what}")


def _first_result(found: Evidence) -> tuple[float | None, str]:
    """Return when the first run of the study started or, without run records, when the first result was noted."""
    started = [each.record.started for each in found.records.values() if each.record.started is not None]
    if started:
        return min(started), "the start of the first run"
    noted = [seconds(entry.at) for entry in found.ledger.current().of("results", "look")]
    return (min(noted), "the first result in the ledger") if noted else (None, "")


def _day(tag: Tag) -> str:
    return in_words(datetime.fromtimestamp(tag.at).astimezone().isoformat())
