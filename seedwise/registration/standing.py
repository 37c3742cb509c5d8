"""What a study's ledger says of it now: the registration that binds it, and why its verdicts confirm nothing, if so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seedwise.basics.words import quantity, shortened
from seedwise.registration.acceptance import as_accepted
from seedwise.registration.declared import DIGESTS, Declaration, affected
from seedwise.registration.departures import departures
from seedwise.registration.ledger import Entry, Ledger
from seedwise.registration.results import LOST, Results, count, known_results, without_lost


class Origin(NamedTuple):
    """Where a run says that it comes from: its registration, None in records that do not say."""

    variant: str
    seed: int
    registration: str | None


@dataclass(frozen=True)
class Standing:
    """How a study stands to what was registered.

    Attributes:
        binding: the last registration before there were results, or the first if there is none before.
        first: whether it was before there were results.
        departures: why the verdicts are exploratory; empty if they confirm.
        older: variants whose runs were taken over, older than the registration.
    """

    binding: Entry
    first: bool
    departures: list[str] = field(default_factory=list)
    older: Sequence[str] = ()


def binding_of(ledger: Ledger) -> tuple[Entry | None, bool]:
    """Return the registration that binds a study, and whether it came before there were results.

    Until there are results, a study may be changed and registered again; the last one binds. Results of the baseline
    that are taken over, all of them, may be older than the first registration.
    """
    ledger = ledger.current()
    registrations = ledger.of("registration")
    if not registrations:
        return None, False
    binding = None
    for number, entry in enumerate(registrations):
        if entry.content.get("earlier") or was_seen(ledger, entry.number):
            if number == 0 and only_baseline(known_results(ledger, entry.number), entry.content):
                binding = entry
            continue
        binding = entry
    return binding or registrations[0], binding is not None


def was_seen(ledger: Ledger, until: int | None = None) -> bool:
    """Whether there were results, or a look at any, before a line; without its number, at all."""
    before = (entry for entry in ledger.of("results", "look") if until is None or entry.number < until)
    return any(
        entry.content.get("runs") if entry.kind == "look" else without_lost(entry.content.get("results", {}))
        for entry in before
    )


def earlier_parts(ledger: Ledger) -> Iterator[tuple[Declaration, Results]]:
    """Yield what bound a study, and its results, each time before all of its runs were begun again, the last first.

    Args:
        ledger: up to the last time.
    """
    while ledger.entries:
        binding, _ = binding_of(ledger)
        if binding:
            yield binding.content, known_results(ledger)
        ledger = ledger.before()


def only_baseline(known: Results, declared: Declaration) -> bool:
    """Whether the known results are those of the baseline with all of its seeds, and no others."""
    baseline = declared["analysis"]["baseline"]
    return list(known) == [baseline] and set(known[baseline]) == {str(seed) for seed in declared["seeds"]}


def standing_of(ledger: Ledger, now: Declaration, origins: Sequence[Origin] = ()) -> Standing:
    """Say how a study stands to what was registered.

    Args:
        ledger: of the study, with at least one registration.
        now: what the study declares now.
        origins: of its runs; none if they were recorded elsewhere.
    """
    binding, first = binding_of(ledger)
    assert binding
    before, ledger = ledger.before(), ledger.current()
    known = known_results(ledger, binding.number)
    older = list(known) if first and known else []
    reasons = [f"The ledger of this study was tampered with: {fault}." for fault in ledger.faults]
    if not first and not binding.content.get("earlier"):
        what = f"when {quantity(count(known), 'run')} had a result" if known else "when its runs had been looked at"
        reasons.append(f"This study was registered {what}: nothing shows that it was decided before.")
    reasons += departures(as_accepted(binding.content, now, ledger), now)
    reasons += _known_before(before, ledger, now)
    reasons += _replaced(ledger, now)
    if not binding.content.get("earlier"):
        reasons += _foreign(ledger, [origin for origin in origins if origin.variant not in older])
    return Standing(binding, first, reasons, older)


def _known_before(before: Ledger, ledger: Ledger, now: Declaration) -> list[str]:
    """Say what was changed when all runs were begun again, if that only gave results that were known before."""
    known = known_results(ledger)
    reasons: dict[str, None] = {}
    for earlier, then in earlier_parts(before):
        same = count({variant: own.items() & then.get(variant, {}).items() for variant, own in known.items()})
        if same:
            what = "result was" if same == 1 else "results were"
            said = f"{same} {what} known, with the same numbers, before all runs were begun again. Since then:"
            # Whatever else was changed for a variant whose numbers are all the same, it changed none of them.
            alike = [variant for variant, own in known.items() if own.items() <= then.get(variant, {}).items()]
            changes = departures(without(as_accepted(earlier, now, ledger), alike, now), now)
            reasons |= dict.fromkeys(f"{said} {change}" for change in changes)
    return list(reasons)


def without(declared: Declaration, variants: Sequence[str], now: Declaration) -> Declaration:
    """Return an earlier declaration as that of the study of today, without what numbers of some variants depend on."""
    digests = {
        what: {name: digest for name, digest in declared[what].items() if name not in variants}
        for what in DIGESTS
        if what in declared
    }
    return {**declared, **digests, "study": now["study"]}


def _replaced(ledger: Ledger, now: Declaration) -> list[str]:
    """Say which results were replaced by others though nothing that they depend on was changed in the end.

    A run that was lost has no result, and may be run again until somebody looks at the results without it.
    """
    first: dict[tuple[str, str], tuple[str, Declaration]] = {}
    last: dict[tuple[str, str], str] = {}
    declared: Declaration = {}
    looked = False
    for entry in ledger.entries:
        if entry.kind == "registration":
            declared = as_accepted(entry.content, now, ledger)
        looked = looked or (entry.kind == "look" and bool(entry.content.get("runs")))
        for variant, own in entry.content.get("results", {}).items():
            for seed, digest in own.items():
                run = variant, seed
                if run not in first or (first[run][0] == LOST and not looked):
                    first[run] = digest, declared
                last[run] = digest
    again = [
        (variant, seed)
        for (variant, seed), (digest, then) in first.items()
        if digest != last[variant, seed]
        and all(affected(then, what, variant) in (None, affected(now, what, variant)) for what in DIGESTS)
    ]
    results, lost = ([run for run in again if (first[run][0] == LOST) is of_lost] for of_lost in (False, True))
    return [*_replaced_results(results), *_lost_and_repeated(lost)]


def _replaced_results(replaced: Sequence[tuple[str, str]]) -> list[str]:
    runs = _runs(replaced)
    if len(replaced) == 1:
        return [f"The result of {runs} was replaced by another, though nothing that it depends on was changed."]
    many = f"{len(replaced)} results were replaced by others, though nothing that they depend on was changed: {runs}."
    return [many] if replaced else []


def _lost_and_repeated(repeated: Sequence[tuple[str, str]]) -> list[str]:
    runs, lost = _runs(repeated), "lost when results were looked at"
    if len(repeated) == 1:
        again = "was run again until it had one, though nothing that it depends on was changed"
        return [f"The run {runs} was {lost}, and {again}."]
    again = "were run again until they had one, though nothing that they depend on was changed"
    return [f"{len(repeated)} runs were {lost}, and {again}: {runs}."] if repeated else []


def _runs(runs: Sequence[tuple[str, str]]) -> str:
    return shortened([f"{variant} seed {seed}" for variant, seed in runs])


def _foreign(ledger: Ledger, origins: Sequence[Origin]) -> list[str]:
    """Say which runs belong to no registration of the ledger."""
    known = {entry.short for entry in ledger.of("registration")}
    without = [f"{run.variant} seed {run.seed}" for run in origins if run.registration is None]
    others = [f"{run.variant} seed {run.seed}" for run in origins if run.registration and run.registration not in known]
    found = []
    if without:
        found.append(f"{quantity(len(without), 'run')} started before the study was registered: {shortened(without)}.")
    if others:
        belong = f"{quantity(len(others), 'run')} {'belongs' if len(others) == 1 else 'belong'}"
        found.append(f"{belong} to a registration that is not in this ledger: {shortened(others)}.")
    return found
