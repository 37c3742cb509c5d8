"""Mirror runs that have ended, from their record and their history."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from seedwise.runs.record import RunRecord, read_record
from seedwise.tracking import TrackedRun, Tracker


def tracked_run(record: RunRecord, study_folder: Path) -> TrackedRun:
    """Describe a run for a tracker, from its record."""
    digest = record.provenance.settings_digest
    return TrackedRun(record.study, record.variant, record.seed, record.settings, digest, study_folder)


def replay(record: Path, study_folder: Path, tracker: Tracker) -> None:
    """Send a run that has ended to a tracker, as if it were running now."""
    run = read_record(record)
    tracker.start(tracked_run(run, study_folder))
    for step, row in _history(record.with_name("history.csv")):
        tracker.log(row, step)
    tracker.finish(run.metrics, run.status)


def _history(path: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the number and the values of each step; nothing where a run has no history."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        step, *names = reader.fieldnames or ("step",)
        for row in reader:
            yield int(float(row[step])), {name: float(row[name]) for name in names if row[name]}


def replay_missing(
    study_folder: Path,
    is_whole: Callable[[TrackedRun, str], bool],
    tracker: Callable[[], Tracker],
    say: Callable[[str], None],
) -> tuple[int, int]:
    """Send every run of a study that a tracker does not have completely; stop at the first failure.

    Args:
        study_folder: results/<study>.
        is_whole: whether the tracker has a run completely, with its status.
        tracker: makes a tracker for one run.
        say: takes a line of progress.

    Returns:
        How many were sent, and how many were already there.
    """
    records = sorted(study_folder.glob("runs/*/seed*/metrics.json"), key=_by_variant_and_seed)
    sent = 0
    for position, path in enumerate(records, start=1):
        record = read_record(path)
        run = tracked_run(record, study_folder)
        if is_whole(run, record.status):
            continue
        replay(path, study_folder, tracker())
        sent += 1
        say(f"{position}/{len(records)} {run.name}: sent")
    return sent, len(records) - sent


def _by_variant_and_seed(record: Path) -> tuple[str, int]:
    return record.parents[1].name, int(record.parent.name.removeprefix("seed"))
