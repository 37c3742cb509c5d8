"""Runs that have ended but must be rerun, because their records do not fit the study; what would be lost by that."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from seedwise.basics.calls import MAY_REPLACE, command_for, is_called
from seedwise.basics.words import quantity
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile
from seedwise.progress.changes import Changes
from seedwise.runs.fit import JUDGED, Judged, Misfit, judge

FITS = Misfit((), "it fits, but Snakemake has its own reason, such as a rule that has changed")
MOST = 5


def unfit_outputs(study: StudyFile, folder: Path) -> dict[str, Misfit]:
    """Return why due records do not fit, by their actual path; those that fit are left out.

    Args:
        study: the study.
        folder: folder of its results.

    Raises:
        UserError: the data card cannot be read.
    """
    if study.study.source:
        return {}
    found = _judged(study, folder, study.runs())
    return {
        str(study.study.record_path(run.variant, run.seed, folder.parent)): judged.misfit
        for run, judged in found.items()
        if judged.misfit
    }


def finished_runs(study: StudyFile, folder: Path, runs: Iterable[Run]) -> list[Misfit]:
    """Return why those of the runs are run again that have ended with a result; a failed run has none."""
    changes = Changes(study, folder)
    finished = {
        run: judged for run, judged in _judged(study, folder, runs).items() if judged.record.get("status") in JUDGED
    }
    return [
        judged.misfit._replace(reason=changes.explain(judged.record, run, judged.misfit)) if judged.misfit else FITS
        for run, judged in finished.items()
    ]


def _judged(study: StudyFile, folder: Path, runs: Iterable[Run]) -> dict[Run, Judged]:
    content, trainer = study.content(), study.study.trainer
    found = {}
    for run in runs:
        record = study.study.record_path(run.variant, run.seed, folder.parent)
        if judged := judge(record, study.wanted(run, content), trainer):
            found[run] = judged
    return found


def describe_unfit(unfit: Sequence[Misfit]) -> list[str]:
    """Say in lines how many finished runs do not fit a study, and why."""
    if not unfit:
        return []
    one = len(unfit) == 1
    first = f"{quantity(len(unfit), 'finished run')} {'does' if one else 'do'} not fit the study"
    return [
        f"{first} and {'is' if one else 'are'} run again:",
        *(f"  {reason}" for reason in _reasons(unfit)),
        f"`{command_for('status')}` names the settings and files that differ",
    ]


def asks_to_replace(finished: Sequence[Misfit], say: Callable[[str], None]) -> bool:
    """Let the user decide whether finished runs are replaced; return whether there was a question, answered by yes.

    In a terminal there is one. `seedwise run` in a script needs `--replace`; a plain `snakemake` goes on there, as
    workflows do.

    Args:
        finished: why each finished run would be replaced.
        say: prints a line.

    Raises:
        SystemExit: they are not to be replaced; nothing has been changed.
    """
    if not finished or os.environ.get(MAY_REPLACE):
        return False
    count = quantity(len(finished), "finished run")
    keep = "undo the change, or give the study another name (`study:`)"
    if any("environment" in misfit.kinds for misfit in finished):
        keep = f"list packages that the program does not use in `environment: {{ignore: […]}}`, {keep}"
    it, reasons = "it" if len(finished) == 1 else "them", _reasons(finished)
    if sys.stdin and sys.stdin.isatty() and sys.stderr.isatty():
        say(f"{count} would be replaced:")
        for reason in reasons:
            say(f"  {reason}")
        say(f"To keep {it}, {keep}.")
        if _answer(f"Replace {it}? [y/N] ") not in ("y", "yes"):
            sys.exit("Nothing was run and nothing was replaced.")
        return True
    if is_called():
        sys.exit(
            f"{count} would be replaced ({'; '.join(reasons)}): to replace {it}, add --replace to `seedwise run`; "
            f"to keep {it}, {keep}"
        )
    return False


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return ""


def _reasons(misfits: Sequence[Misfit]) -> list[str]:
    """Count the reasons, the most common ones first."""
    reasons = Counter(misfit.reason for misfit in misfits)
    return [f"{count}: {reason}" for reason, count in reasons.most_common(MOST)]
