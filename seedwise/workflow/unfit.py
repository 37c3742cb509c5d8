"""Runs that have ended but must be rerun, because their records do not fit the study; what would be lost by that."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.calls import CALL, MAY_REPLACE, is_called
from seedwise.basics.questions import agrees, can_ask
from seedwise.basics.words import enumerate_words, quantity
from seedwise.config.study import Run, Study
from seedwise.config.study_file import StudyFile
from seedwise.progress.changes import MOST_PACKAGES, Changes
from seedwise.registration.acceptance import ACCEPTED
from seedwise.runs.fit import JUDGED, Judged, Misfit, judge


class Replaced(NamedTuple):
    """A finished run that would be replaced.

    Attributes:
        reason: why.
        packages: of its environment that differ, each with its version then and now.
        acceptable: whether only code or environment keeps it from fitting, so that `seedwise accept` keeps it.
    """

    reason: str
    packages: Mapping[str, tuple[str | None, str | None]] = {}
    acceptable: bool = False


FITS = Replaced("it fits, but Snakemake has its own reason, such as a rule that has changed")
MOST = 5


class Outputs(NamedTuple):
    """What due runs have left, by actual path.

    Attributes:
        unfit: why a record does not fit.
        whole: the files of runs whose record fits; it is written last, so that they are whole.
    """

    unfit: Mapping[str, Misfit] = {}
    whole: Collection[str] = ()


def judged_outputs(study: StudyFile, folder: Path) -> Outputs:
    """Judge what due runs have left.

    Args:
        study: the study.
        folder: folder of its results.

    Raises:
        UserError: the data card cannot be read.
    """
    if study.study.source:
        return Outputs()
    changes, unfit, whole = Changes(study, folder), dict[str, Misfit](), set[str]()
    for run, judged in _judged(study, folder, study.runs()).items():
        record = study.study.record_path(run.variant, run.seed, folder.parent)
        if judged.misfit:
            unfit[str(record)] = _explained(changes, run, judged)
        else:
            whole |= {str(record), *(str(record.with_name(name)) for name in study.study.trainer.beside)}
    return Outputs(unfit, whole)


def _explained(changes: Changes, run: Run, judged: Judged) -> Misfit:
    """Return why a record does not fit, with the settings and files that differ."""
    assert judged.misfit
    return judged.misfit._replace(reason=changes.explain(judged.record, run, judged.misfit))


def finished_runs(study: StudyFile, folder: Path, runs: Iterable[Run]) -> list[Replaced]:
    """Return why those of the runs are run again that have ended with a result; a failed run has none."""
    changes = Changes(study, folder)
    finished = {
        run: judged for run, judged in _judged(study, folder, runs).items() if judged.record.get("status") in JUDGED
    }
    found = []
    for run, judged in finished.items():
        if not judged.misfit:
            found.append(FITS)
            continue
        packages = changes.packages(judged.record, run) if "environment" in judged.misfit.kinds else {}
        acceptable = set(judged.misfit.kinds) <= set(ACCEPTED)
        found.append(Replaced(_explained(changes, run, judged).reason, packages, acceptable))
    return found


def _judged(study: StudyFile, folder: Path, runs: Iterable[Run]) -> dict[Run, Judged]:
    content, trainer = study.content(), study.study.trainer
    found = {}
    for run in runs:
        record = study.study.record_path(run.variant, run.seed, folder.parent)
        if judged := judge(record, study.wanted(run, content), trainer):
            found[run] = judged
    return found


def describe_unfit(unfit: Sequence[Misfit], *, dry_run: bool = False) -> list[str]:
    """Say in lines how many finished runs do not fit a study, and why; of a dry run also, whether a run would ask."""
    if not unfit:
        return []
    one = len(unfit) == 1
    first = f"{quantity(len(unfit), 'finished run')} {'does' if one else 'do'} not fit the study"
    lines = [
        f"{first} and {'is' if one else 'are'} run again:",
        *(f"  {count}: {reason}" for reason, count in _reasons(misfit.reason for misfit in unfit)),
    ]
    if dry_run and not os.environ.get(MAY_REPLACE):
        it = "it" if one else "them"
        stops = "; without a terminal it stops, unless --replace is given" if is_called() else ""
        lines.append(f"In a terminal, the run itself asks before it replaces {it}{stops}.")
    return lines


def asks_to_replace(finished: Sequence[Replaced], study: Study, say: Callable[[str], None]) -> bool:
    """Let the user decide whether finished runs are replaced; return whether there was a question, answered by yes.

    In a terminal there is one. `seedwise run` in a script needs `--replace`; a plain `snakemake` goes on there, as
    workflows do.

    Args:
        finished: why each finished run would be replaced.
        study: the study.
        say: prints a line.

    Raises:
        SystemExit: they are not to be replaced; nothing has been changed.
    """
    if not finished or os.environ.get(MAY_REPLACE):
        return False
    count = quantity(len(finished), "finished run")
    keep = how_to_keep(finished, study, os.environ.get(CALL, "STUDY"))
    it, reasons = "it" if len(finished) == 1 else "them", _reasons(run.reason for run in finished)
    if can_ask():
        say(f"{count} would be replaced:")
        for reason, number in reasons:
            say(f"  {number}: {reason}")
        say(f"To keep {it}, {keep}.")
        if not agrees(f"Replace {it}? [y/N] "):
            sys.exit("Nothing was run and nothing was replaced.")
        return True
    if is_called():
        groups = [f"{number} ({reason})" for reason, number in reasons]
        why = f": {enumerate_words(groups)}" if len(groups) > 1 else f" ({reasons[0][0]})"
        sys.exit(
            f"{count} would be replaced{why}. To replace {it}, add --replace to `seedwise run`; to keep {it}, {keep}"
        )
    return False


def how_to_keep(finished: Sequence[Replaced], study: Study, file: str) -> str:
    """Say how finished runs are kept that do not fit the study any more, after "to keep them,".

    Args:
        finished: why each finished run would be replaced.
        study: the study.
        file: with the study, as it is named in a command.
    """
    keep = "undo the change, or give the study another name (`study:`)"
    accept = (
        f'; if the change has no effect on numbers, `seedwise accept {shlex.quote(file)} --why "…"` keeps what is there'
    )
    accepted = accept if finished and all(run.acceptable for run in finished) else ""
    return f"{_environment_hint(finished, study)}{keep}{accepted}"


def _environment_hint(finished: Sequence[Replaced], study: Study) -> str:
    """Say, ready to paste, how runs are kept that only the packages of the environment outdate."""
    packages = {name: versions for run in finished for name, versions in run.packages.items()}
    program = study.program
    if not packages or not program or any(variant.environment for variant in study.variants):
        return ""
    own, where = program.environment, "command" if study.command else "function"
    if own and (own.lock or own.uv):
        return ""
    if "Python" in packages or len(packages) > MOST_PACKAGES:  # nobody has installed that: it is another environment
        if own and own.elsewhere:
            return ""
        return f"activate the environment in which they were made, name it under {where}: `environment: {{venv: …}}`, "
    given = own.model_dump(exclude_defaults=True) if own else {}
    ignore = ", ".join(dict.fromkeys([*given.pop("ignore", ()), *packages]))
    keys = ", ".join([*(f"{key}: {value}" for key, value in given.items()), f"ignore: [{ignore}]"])
    what = "the program does not use it" if len(packages) == 1 else "the program uses none of them"
    undo = "" if own and own.elsewhere else f" {_undone(packages)}, or"
    return f"add under {where}: `environment: {{{keys}}}` if {what}, or{undo} "


def _undone(packages: Mapping[str, tuple[str | None, str | None]]) -> str:
    """Return the commands that take changes of packages back."""
    added = [name for name, (was, _) in packages.items() if was is None]
    changed = [f"{name}=={was}" for name, (was, _) in packages.items() if was is not None]
    undo = [f"`pip uninstall {' '.join(added)}`"] if added else []
    return " and ".join([*undo, *([f"`pip install {' '.join(changed)}`"] if changed else [])])


def _reasons(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Count the reasons, the most common ones first."""
    return Counter(reasons).most_common(MOST)
