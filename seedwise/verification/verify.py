"""Verifies a results folder, and says what that proves and what nothing in the folder can prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedwise.registration.facts import in_words
from seedwise.registration.standing import binding_of
from seedwise.verification import chain, report, runs
from seedwise.verification.checks import Check, State, attempt
from seedwise.verification.evidence import Evidence, gather
from seedwise.verification.page import PAGE
from seedwise.verification.table_report import LIMITS as LIMITS_OF_TABLE
from seedwise.verification.table_report import checks_of_table, findings_of_table, shown_of_table

LIMITS = (
    "Whether all of it was rewritten, ledger, records and report, so that they fit again. Only a tag, or a hash that "
    "somebody else has had since before the first run, shows that.",
    "Whether there were other runs, in another folder or on another machine, before this study was registered: they "
    "leave no trace here.",
    "Whether the clock of the machine was right, by which all times are given, those of tags included. A tag that was "
    "pushed, or a hash that was sent, has a time that somebody else's clock gave.",
    "Whether the numbers in the records are what the program computed: seedwise reproduce repeats runs and compares.",
)
"""What no check of a folder can show."""
NEVER = "never registered"


@dataclass(frozen=True)
class Verified:
    """What the checks of a folder found.

    Attributes:
        study: its name; None for a report of `seedwise analyse`, which is of a table.
        registered: when the plan that binds it was registered, in a sentence.
        checks: in the order in which they are shown.
        shown: what they prove, sentence by sentence.
        not_shown: what they cannot prove.
        exploratory: whether the report says that its verdicts confirm nothing.
    """

    study: str | None
    registered: str
    checks: Sequence[Check]
    shown: Sequence[str]
    not_shown: Sequence[str]
    exploratory: bool = False

    @property
    def failures(self) -> list[Check]:
        """The checks that found a fault."""
        return [check for check in self.checks if check.state == "FAILED"]


def verify(folder: Path, config: Path | None = None) -> Verified:
    """Check a results folder.

    Args:
        folder: results/<study>.
        config: the study's YAML file, where the study file is not in the folder.

    Raises:
        UserError: it is not the folder of a study, or the config has mistakes.
    """
    if (of_table := findings_of_table(folder)) is not None:
        checks = checks_of_table(folder, of_table)
        return Verified(None, NEVER, checks, list(shown_of_table(of_table, checks)), LIMITS_OF_TABLE)
    found = gather(folder, config)
    checks = [
        attempt("ledger", lambda: chain.chain(found)),
        attempt("clock", lambda: chain.clock(found)),
        attempt("records", lambda: runs.records(found)),
        attempt("registered", lambda: runs.belonging(found)),
        attempt("started", lambda: runs.after(found)),
        attempt("results", lambda: runs.results(found)),
        attempt("runs.csv", lambda: runs.table(found)),
        attempt("analysis", lambda: report.looked(found)),
        attempt("exploratory", lambda: report.standing(found)),
        *report.repeated(found),
        attempt("tag", lambda: chain.tag(found)),
    ]
    declared = found.declared()
    study = str(declared["study"]) if declared else folder.resolve().name
    shown = [*_shown(found, checks), *_other_name(study, folder)]
    return Verified(study, _registered(found, study), checks, shown, LIMITS, _exploratory(found))


def _exploratory(found: Evidence) -> bool:
    return bool(found.findings and found.findings.exploratory)


def _other_name(study: str, folder: Path) -> list[str]:
    """Say that a folder has the name of another study than its ledger."""
    if study == folder.resolve().name:
        return []
    return [f"The folder was copied or renamed: its ledger, by which all this is judged, is that of the study {study}."]


def _registered(found: Evidence, study: str) -> str:
    binding, first = binding_of(found.reported_ledger())
    if binding is None:
        return NEVER
    if binding.content.get("earlier"):
        return "its plan was recorded by the first analysis, by an earlier version of Seedwise"
    named = binding.content["study"]
    when = f"registered {f'as the study {named} ' if named != study else ''}on {in_words(binding.at)}"
    return f"{when}, before there was any result" if first else f"{when}, when there were results already"


def _shown(found: Evidence, checks: Sequence[Check]) -> list[str]:
    states: dict[str, State] = {check.name: check.state for check in checks}
    ok = {name for name, state in states.items() if state == "ok"}
    if "FAILED" in states.values():
        return ["The folder contradicts itself: do not rely on its report until the checks that FAILED are explained."]
    sentences = []
    exploratory = _exploratory(found) and "exploratory" in ok
    if exploratory:
        sentences.append("Its verdicts are EXPLORATORY, and confirm nothing: results.md says why, at the top.")
    if {"ledger", "analysis"} <= ok:
        _, first = binding_of(found.reported_ledger())
        before = "before the ledger has any result" if first else "after there were results"
        if exploratory and first:
            before += ", but what is reported departs from that"
        sentences.append(f"How to decide was registered {before}, and no line of the ledger was changed on its own.")
    if {"started", "registered"} <= ok:
        sentences.append("The reported runs started after that, by their own records.")
    elif {"results"} <= ok:
        sentences.append(
            "The reported results are those that the ledger noted; when their runs started is not known here."
        )
    if (found.folder / "pulled.json").exists():
        sentences.append(
            "The runs were recorded elsewhere: nothing here says when, so they may be older than the plan."
        )
    plan = "the plan that it shows" if exploratory else "that plan"
    if {"tables", "results.md"} <= ok:
        pages = "results.md and page.html" if PAGE in ok else "results.md"
        sentences.append(f"Every verdict and number of {pages} follows from the runs by {plan}.")
    elif "tables" in ok:
        sentences.append(f"The tables follow from the runs by {plan}; results.md was not compared with them.")
    if times := sum(bool(entry.content.get("again")) for entry in found.ledger.entries):
        often = "once" if times == 1 else f"{times} times"
        sentences.append(f"All runs were begun again {often}, after results were known: see the ledger in results.md.")
    if "tag" in ok:
        sentences.append("The hash in a git tag shows that the plan was not rewritten after the date of the tag.")
    return sentences or ["Nothing: the folder lacks what could be checked."]
