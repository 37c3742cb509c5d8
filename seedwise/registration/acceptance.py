"""Records that the user vouches for: made by other code, or in another environment, and accepted as made by today's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedwise.registration.declared import Declaration
from seedwise.registration.ledger import Ledger

ACCEPTED = ("code", "environment")
"""What records may differ in and still be accepted; other settings or data are another experiment."""


def accepted_digests(ledger: Ledger, wanted: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, list[str]]]:
    """Return the digests that are accepted in the place of the wanted ones, also by way of several acceptances.

    Args:
        ledger: of the study.
        wanted: digests by variant, and by what they are of.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for variant, own in wanted.items():
        for what in ACCEPTED:
            if earlier := _leading_to(own.get(what, ""), what, variant, ledger):
                found.setdefault(variant, {})[what] = earlier
    return found


def as_accepted(first: Declaration, now: Declaration, ledger: Ledger) -> Declaration:
    """Return the declaration `first` with the digests of `now` where theirs were accepted in the place of those."""
    digests: dict[str, Any] = {what: dict(first[what]) for what in ACCEPTED if what in first}
    for what, own in digests.items():
        for variant, digest in own.items():
            wanted = now.get(what, {}).get(variant, "")
            if digest in _leading_to(wanted, what, variant, ledger):
                own[variant] = wanted
    return {**first, **digests}


def _leading_to(digest: str, what: str, variant: str, ledger: Ledger) -> list[str]:
    edges = [
        (old, new)
        for entry in ledger.of("acceptance")
        for old, new in entry.content["digests"].get(variant, {}).get(what, {}).items()
    ]
    reached, more = {digest}, True
    while more:
        earlier = {old for old, new in edges if new in reached} - reached
        reached |= earlier
        more = bool(earlier)
    return sorted(reached - {digest})
