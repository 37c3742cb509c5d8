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
from seedwise.registration.declared import declaration_of, earlier_declaration
from seedwise.registration.departures import departures, forewarning, unregistered
from seedwise.registration.ledger import read_ledger
from seedwise.registration.results import count, results_in
from seedwise.registration.standing import binding_of, only_baseline


@dataclass(frozen=True)
class Change:
    """What a study that is about to run changes.

    Attributes:
        warning: that its verdicts will be exploratory, and the way on; empty if they won't be.
        new: whether the study was changed since it was last registered, so that nobody has been asked yet.
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
    if not asked.study.source and not results:
        return Change()  # nothing is there, or nothing is left: the study begins, or begins again
    last = ledger.registration()
    if last is None:
        if earlier := earlier_declaration(folder, asked.study.study):
            return Change(forewarning(earlier, now, folder.parent), new=True)
        if asked.study.source or only_baseline(results, now):
            return Change()
        return Change(unregistered(count(results), now, folder.parent), new=True)
    binding, _ = binding_of(ledger)
    assert binding
    first, before = (as_accepted(entry.content, now, ledger) for entry in (binding, last))
    return Change(forewarning(first, now, folder.parent), new=bool(departures(before, now)))


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
