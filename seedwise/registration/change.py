"""What a change of a study means for its verdicts, said before anything is run: only then can it be avoided."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from seedwise.basics.calls import EXPLORATORY, is_called
from seedwise.basics.questions import agrees, can_ask
from seedwise.config.study_file import StudyFile
from seedwise.registration.acceptance import as_accepted
from seedwise.registration.declared import DIGESTS, Declaration, affected, declaration_of, earlier_declaration
from seedwise.registration.departures import departures, forewarning, known_again, unregistered
from seedwise.registration.ledger import read_ledger
from seedwise.registration.results import Results, begun_again, count, known_results, none_left, results_in
from seedwise.registration.standing import binding_of, earlier_parts, only_baseline, was_seen, without

AGAIN = "{}: all runs are made again, and the report will say so"


@dataclass(frozen=True)
class Change:
    """What a study that is about to run changes.

    Attributes:
        warning: that its verdicts will be exploratory, or may be, and the way on; that all runs are begun again; or "".
        new: whether its verdicts may be exploratory and nobody has been asked yet.
    """

    warning: str = ""
    new: bool = False


def coming_change(folder: Path, asked: StudyFile) -> Change:
    """Say whether a study was changed after there were results; nothing is written.

    Args:
        folder: of the study.
        asked: the study.
    """
    ledger, now = read_ledger(folder), declaration_of(asked)
    results = {} if asked.study.source else results_in(folder)
    last = ledger.registration()
    if last is None:
        return _unregistered(folder, asked, results, now)
    again = begun_again(folder, known_results(ledger))
    new = again or bool(departures(as_accepted(last.content, now, ledger), now))
    if not again and (results or was_seen(ledger.current())):
        binding, _ = binding_of(ledger)
        assert binding
        if warning := forewarning(as_accepted(binding.content, now, ledger), now, folder.parent):
            return Change(warning, new)
    for earlier, then in earlier_parts(ledger if again else ledger.before()):
        known, first = _known_again(as_accepted(earlier, now, ledger), then, results, now)
        if known and (warning := known_again(known, first, now, folder.parent)):
            return Change(warning, new)
    return Change(AGAIN.format(none_left(known_results(ledger), "known result")) if again else "")


def _known_again(first: Declaration, then: Results, results: Results, now: Declaration) -> tuple[int, Declaration]:
    """Return how many runs can be expected to have the results that they had, and what their study had declared.

    If all code was changed, so that nobody knows, these are all runs, and other code is no change of the declaration.
    """
    seeds = set(map(str, now["seeds"]))
    same = {
        variant: {seed for seed in own.keys() & seeds if results.get(variant, {}).get(seed) in (None, own[seed])}
        for variant, own in then.items()
        if variant in now["variants"]
    }
    kept = {
        variant: own
        for variant, own in same.items()
        if all(affected(first, what, variant) in (None, affected(now, what, variant)) for what in DIGESTS)
    }
    if count(kept):
        return count(kept), without(first, [], now)
    return count(same), without(first, now["variants"], now)


def _unregistered(folder: Path, asked: StudyFile, results: Results, now: Declaration) -> Change:
    if not asked.study.source and not results:
        return Change()  # it begins
    if earlier := earlier_declaration(folder, asked.study.study):
        return Change(forewarning(earlier, now, folder.parent), new=True)
    if asked.study.source or only_baseline(results, now):
        return Change()
    return Change(unregistered(count(results), now, folder.parent), new=True)


def asks_to_go_on(change: Change) -> None:
    """In a terminal, ask whether to go on with verdicts that will be exploratory, unless the command line says so.

    Raises:
        SystemExit: the answer is no; nothing has been changed.
    """
    if not change.warning or os.environ.get(EXPLORATORY) or not can_ask():
        return
    if not agrees("Go on? [y/N] "):
        flag = "add --exploratory to `seedwise run`" if is_called() else f"set {EXPLORATORY}=1"
        sys.exit(f"Nothing was run. To go on without this question, {flag}.")
