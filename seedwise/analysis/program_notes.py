"""What the records of a program's runs say beyond their numbers: attempts that failed, files that runs shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.runs.record import RunRecord
from seedwise.statistics.warnings import DataWarning
from seedwise.trainers.command.isolation import shared_writes

MOST_NAMED = 4
_VARIABLE = (
    "The program's code reads the variable {names}, which the study does not set, and it was not the same for all "
    "runs: {runs} had another value than {others}. A difference between variants may come from it. Set it in the study "
    "(env: {{{keys}}}), so that a change of it repeats the runs."
)
_VARIABLES = (
    "The program's code reads the variables {names}, which the study does not set, and they were not the same for all "
    "runs: {runs} had other values than {others}. A difference between variants may come from them. Set them in the "
    "study (env: {{{keys}}}), so that a change of one repeats the runs."
)
_FILE = (
    "The program's code names the file {names}, which is neither its code nor data of the study, and it was not the "
    "same for all runs: {runs} had another content than {others}. A difference between variants may come from it. If "
    "the program reads it, list it in the study (data: [{keys}]), so that a change of it repeats the runs."
)
_FILES = (
    "The program's code names the files {names}, which are neither its code nor data of the study, and they were not "
    "the same for all runs: {runs} had other contents than {others}. A difference between variants may come from them. "
    "If the program reads them, list them in the study (data: [{keys}]), so that a change of one repeats the runs."
)
ISOLATE = "isolate: copy gives each run a copy of its own"


def program_notes(records: Sequence[RunRecord]) -> list[DataWarning]:
    """Return warnings for the report, the gravest first."""
    return [*_undeclared(records), *_shared_files(records), *_retried(records)]


def _undeclared(records: Sequence[RunRecord]) -> list[DataWarning]:
    """Warn of what the code reads, the study does not say, and runs found different."""
    variables = _differing(records, [record.provenance.exported for record in records])
    written = {name for record in records for name in record.wrote}
    files = _differing(
        records,
        [
            {name: digest for name, digest in record.provenance.named_files.items() if name not in written}
            for record in records
        ],
    )
    keys = {name: f"{name}: …" for name in variables}
    return [
        *_unlike("exported_variables", variables, _VARIABLE if len(variables) == 1 else _VARIABLES, keys),
        *_unlike("undeclared_files", files, _FILE if len(files) == 1 else _FILES, {name: name for name in files}),
    ]


def _unlike(
    code: str, differing: Mapping[str, tuple[list[RunRecord], RunRecord]], template: str, keys: Mapping[str, str]
) -> list[DataWarning]:
    """Return one warning of all that was not the same for all runs."""
    if not differing:
        return []
    runs = {_name(record): record for others, _ in differing.values() for record in others}
    usual = {_name(record) for _, record in differing.values()}
    named = [keys[name] for name in differing]
    sentence = template.format(
        names=_enumerated(list(differing)),
        runs=_enumerated(list(runs)),
        others=usual.pop() if len(usual) == 1 else "other runs",
        keys=", ".join([*named[:MOST_NAMED], "…"] if len(named) > MOST_NAMED else named),
    )
    return [DataWarning(code, sentence, tuple(dict.fromkeys(record.variant for record in runs.values())))]


def _enumerated(words: Sequence[str]) -> str:
    """Name at most so many words, and count the others."""
    return enumerate_words(words) if len(words) <= MOST_NAMED else shortened(words, MOST_NAMED)


def _differing(
    records: Sequence[RunRecord], digests: Sequence[Mapping[str, str | None]]
) -> dict[str, tuple[list[RunRecord], RunRecord]]:
    """Return, by the name of what was not the same for all runs, the runs that differ and one of the others."""
    found = {}
    for name in dict.fromkeys(name for own in digests for name in own):
        runs_of: dict[str | None, list[RunRecord]] = {}
        for record, own in zip(records, digests, strict=True):
            if name in own:
                runs_of.setdefault(own[name], []).append(record)
        if len(runs_of) > 1:
            usual = max(runs_of.values(), key=len)
            found[name] = [record for runs in runs_of.values() if runs is not usual for record in runs], usual[0]
    return found


def _shared_files(records: Sequence[RunRecord]) -> list[DataWarning]:
    wrote = {_name(record): record.wrote for record in records if record.wrote}
    times = {
        _name(record): (record.started, record.started + record.timing.total)
        for record in records
        if record.started is not None
    }
    if len(wrote) < 2:
        return []
    found = shared_writes(wrote, times)
    sentences = []
    for file, runs in list(found.certain.items())[:MOST_NAMED]:
        sentences.append(
            f"{quantity(len(runs), 'run')} wrote the same file of the program's own folder, {file}: if the program "
            f"reads it back, a run may have used what another run had left. {ISOLATE}."
        )
    if len(found.certain) > MOST_NAMED:
        more = quantity(len(found.certain) - MOST_NAMED, "more file")
        sentences.append(f"So it is with {more} of the program's own folder. {ISOLATE}.")
    if found.possible:
        sentences.append(
            f"{_enumerated(list(found.possible))} changed in the program's own folder while several runs were running "
            f"at once, so runs may have shared {'it' if len(found.possible) == 1 else 'them'}. {ISOLATE}."
        )
    return [DataWarning("shared_files", sentence) for sentence in sentences]


def _retried(records: Sequence[RunRecord]) -> list[DataWarning]:
    retried = [record for record in records if record.failures and record.status != "failed"]
    if not retried:
        return []
    named = [f"{_name(record)} ({record.failures[-1]})" for record in retried[:MOST_NAMED]]
    more = len(retried) - len(named)
    sentence = (
        f"{quantity(len(retried), 'run')} succeeded only after a failed attempt: {'; '.join(named)}"
        f"{f'; and {more} more' if more > 0 else ''}. If failing depends on the result, these runs are too good."
    )
    return [DataWarning("retried_runs", sentence, tuple(dict.fromkeys(record.variant for record in retried)))]


def _name(record: RunRecord) -> str:
    return f"{record.variant} seed {record.seed}"
