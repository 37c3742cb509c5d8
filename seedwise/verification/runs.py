"""Checks of the runs: are their records as they were written, and did they start after their registration?"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from seedwise.basics.words import quantity, shortened
from seedwise.config.study import Run
from seedwise.registration.ledger import NAME, Entry
from seedwise.registration.results import digest_of, known_results
from seedwise.registration.standing import binding_of, only_baseline
from seedwise.runs.fit import JUDGED
from seedwise.runs.record import alteration, tabulate
from seedwise.verification.chain import TOLERANCE, seconds
from seedwise.verification.checks import Check, failed, passed, unchecked
from seedwise.verification.evidence import RUNS, Evidence


def records(found: Evidence) -> Check:
    """Whether run records and the files beside them are as their runs wrote them."""
    name = "records"
    if why := without_records(found):
        return unchecked(name, why)
    broken = {path: why for path, why in found.damaged.items() if path.startswith("runs/")}
    altered = {each.path.relative_to(found.folder).as_posix(): alteration(each.path) for each in found.records.values()}
    faults = broken | {path: why for path, why in altered.items() if why}
    if faults:
        return failed(name, shortened([f"{path}: {why}" for path, why in faults.items()]))
    old = [each for each in found.records.values() if each.record.digest is None]
    if old:
        return unchecked(
            name, f"{quantity(len(old), 'record')} of an earlier version of Seedwise {_has(old)} no digest"
        )
    return passed(name, f"{quantity(len(found.records), 'run record')} and the files beside them match their digests")


def belonging(found: Evidence) -> Check:
    """Whether each reported run names a registration that is in the ledger."""
    name = "registered"
    registrations = _registrations(found)
    if why := without_records(found) or _without_ledger(found):
        return unchecked(name, why)
    expected = _reported(found)
    foreign = [run for run in expected if (of := _of(found, run)) is not None and of not in registrations]
    if foreign:
        return failed(name, f"of a registration that {NAME} does not have: {_named(foreign)}")
    if without := [run for run in expected if _of(found, run) is None and not _taken_over(found, run)]:
        return failed(name, f"started before the study was registered: {_named(without)}")
    if older := [run for run in expected if _of(found, run) is None]:
        return passed(
            name, f"{quantity(len(older), 'run')} taken over, older than this, as the report says; all others are"
        )
    return passed(name, f"{quantity(len(expected), 'run')}, each of a registration in {NAME}")


def after(found: Evidence) -> Check:
    """Whether each run started after its registration."""
    name = "started"
    registrations = _registrations(found)
    if why := without_records(found) or _without_ledger(found):
        return unchecked(name, why)
    early, seen = [], 0
    for run, each in found.records.items():
        started, entry = each.record.started, registrations.get(each.record.registration or "")
        if started is None or entry is None:
            continue
        seen += 1
        if started < seconds(entry.at) - TOLERANCE:
            early.append(run)
    if early:
        return failed(name, f"before the registration that they name: {_named(early)}")
    if not seen:
        return unchecked(name, "no run record says when its run started")
    return passed(name, f"{quantity(seen, 'run')} started after the registration, by the clock of their machine")


def results(found: Evidence) -> Check:
    """Whether the ledger has noted the results that are reported, and no others for the same runs."""
    name = "results"
    if why := _without_ledger(found):
        return unchecked(name, why)
    if (found.study and found.study.study.source) or (found.folder / "pulled.json").exists():
        return unchecked(name, "the runs were recorded elsewhere: the ledger has a digest of their table only")
    if (source := _digests(found)) is None:
        return unchecked(name, f"there are neither run records nor {RUNS}")
    what, own = source
    known = known_results(found.ledger)
    noted = {Run(variant, int(seed)): digest for variant, seeds in known.items() for seed, digest in seeds.items()}
    if other := [run for run, digest in own.items() if run in noted and noted[run] != digest]:
        return failed(name, f"not those that {NAME} has noted: {_named(other)}")
    reported = set(found.reported_runs())
    if unknown := [run for run in own if run not in noted and run in reported]:
        return failed(name, f"never noted in {NAME}: {_named(unknown)}")
    if gone := [run for run in noted if run in reported and run not in own]:
        return failed(name, f"noted in {NAME}, and no longer there: {_named(gone)}")
    more = ""
    if left := [run for run in noted if run not in own]:
        more = f"; it noted others that are not reported: {_named(left)}"
    return passed(name, f"{quantity(len(own), 'result')} in {what}, as {NAME} has noted them{more}")


def table(found: Evidence) -> Check:
    """Whether runs.csv says what the run records say."""
    if why := without_records(found):
        return unchecked(RUNS, why)
    if found.runs is None:
        return _no_table(found)
    rows = found.reported_runs()
    if missing := [run for run in rows if run not in found.records]:
        return failed(RUNS, f"has runs without a record: {_named(missing)}")
    if (found.folder / RUNS).read_bytes() != tabulate([found.records[run].record for run in rows]).encode():
        return failed(RUNS, "is not what the run records say")
    return passed(RUNS, f"{quantity(len(rows), 'row')}, as the run records have them")


def without_records(found: Evidence) -> str:
    """Say why there are no run records to check; empty if there are."""
    if found.records or any(path.startswith("runs/") for path in found.damaged):
        return ""
    if (found.folder / "pulled.json").exists():
        return "the runs were recorded elsewhere"
    return "there is no folder runs/ here, which has the run records"


def _no_table(found: Evidence) -> Check:
    if RUNS in found.damaged:
        return failed(RUNS, found.damaged[RUNS])
    return unchecked(RUNS, f"there is no {RUNS} yet")


def _without_ledger(found: Evidence) -> str:
    return "" if found.ledger.registration() else f"there is no {NAME}, or it has no registration"


def _registrations(found: Evidence) -> dict[str, Entry]:
    return {entry.short: entry for entry in found.ledger.of("registration")}


def _reported(found: Evidence) -> list[Run]:
    """Return the runs that are reported and have a record; before there is a report, all of them."""
    return [run for run in found.reported_runs() or found.records if run in found.records]


def _of(found: Evidence, run: Run) -> str | None:
    return found.records[run].record.registration


def _taken_over(found: Evidence, run: Run) -> bool:
    """Whether a run was there before the study was registered, and the report says so of its variant."""
    ledger = found.reported_ledger().current()
    binding, first = binding_of(ledger)
    assert binding
    if binding.content.get("earlier"):
        return True
    known = known_results(ledger, binding.number)
    return first and only_baseline(known, binding.content) and run.variant in known


def _digests(found: Evidence) -> tuple[str, dict[Run, str]] | None:
    """Return digests of the results, and what they were read from: run records or, without these, runs.csv."""
    if found.records:
        ended = {run: each.plain for run, each in found.records.items() if each.record.status in JUDGED}
        return "the run records", {run: digest_of(plain) for run, plain in ended.items()}
    if found.runs is None:
        return None
    with (found.folder / RUNS).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return RUNS, {
        Run(row["variant"], int(row["seed"])): digest_of(_plain(row)) for row in rows if row["status"] in JUDGED
    }


def _plain(row: Mapping[str, str]) -> dict[str, object]:
    columns = list(row)
    end = columns.index("epochs" if "epochs" in columns else "seconds")
    metrics = columns[columns.index("reason") + 1 : end]
    return {"status": row["status"], "metrics": {name: row[name] or None for name in metrics}}


def _named(runs: Sequence[Run]) -> str:
    return shortened([f"{run.variant} seed {run.seed}" for run in runs])


def _has(items: Sequence[object]) -> str:
    return "has" if len(items) == 1 else "have"
