"""Runs of one variant with the same numbers: the seed does not reach the program, or digits are lost."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seedwise.config.study import Run, Study

MOST_RUNS = 500
"""Number of runs by which chance is judged, those of the variant first; the report takes all."""
_CLOCK = re.compile(r"time|second|minute|hour|duration|elapsed|speed|throughput|per_s|/s|fps", re.IGNORECASE)
"""Columns of a history that differ even between two runs of one seed."""


def same_numbers(study: Study, run: Run, asked: Iterable[Run], results: Path) -> str | None:
    """Say that a finished run has exactly the numbers of another seed of its variant, where the report will say so too.

    That is where chance does not explain it, judged by all runs so far: an accuracy in three digits often is that of
    another seed. Or it was the last run of its variant, and all of them agree.

    Args:
        study: the study.
        run: the run.
        asked: runs of the study; a seed that has left the study is not among them.
        results: folder that contains the studies' folders.
    """
    asked = list(asked)
    folder = study.run_folder(*run, results)
    own = _metrics(folder)
    if not own:
        return None
    for seed in sorted(other.seed for other in asked if other.variant == run.variant and other != run):
        other = study.run_folder(run.variant, seed, results)
        if _metrics(other) == own and not _differ(folder, other):
            judged = sorted(asked, key=lambda one: one.variant != run.variant)[:MOST_RUNS]
            found = {one: _metrics(study.run_folder(*one, results)) for one in judged}
            if not _telling(found, run.variant, study.analysis.metric):
                return None
            first, second = sorted((seed, run.seed))
            return (
                f"{run.variant}: seeds {first} and {second} gave exactly the same numbers. "
                "Does the seed reach the program? (Few digits or few test examples can do this too.)"
            )
    return None


def _telling(found: Mapping[Run, Mapping[str, Any] | None], variant: str, metric: str) -> bool:
    """Whether agreeing runs of a variant are more than chance explains, or all that it has.

    Args:
        found: the metrics of each run; None for one that has not finished.
        variant: of the runs.
        metric: that decides.
    """
    # Imported only where two runs agree.
    import pandas as pd

    from seedwise.statistics.ties import recorded
    from seedwise.statistics.warnings import improbable_agreement

    runs = pd.DataFrame([{**metrics, **run._asdict()} for run, metrics in found.items() if metrics])
    if metric not in runs:
        return False
    others = [str(name) for name in runs if name not in (*Run._fields, metric)]
    values = recorded(runs, list(dict.fromkeys(runs["variant"])), [metric, *others])
    constant = {values.names[arm] for arm in values.constant() if values.distinct[arm] == 1}
    complete = all(metrics for run, metrics in found.items() if run.variant == variant)
    unused, twins = improbable_agreement(values)
    return variant in {*unused, *twins, *(constant if complete else ())}


def _metrics(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / "metrics.json").read_bytes())
        return dict(record["metrics"]) if record["status"] == "finished" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _differ(one: Path, other: Path) -> bool:
    """Whether two runs differ in their scores or their history: an accuracy can be the same by chance, these cannot."""
    return any(
        None not in (found := (_columns(one / name), _columns(other / name))) and found[0] != found[1]
        for name in ("scores.csv", "history.csv")
    )


def _columns(table: Path) -> list[tuple[str, ...]] | None:
    """Return the columns of a table, without those that hold times; None if it is not there."""
    try:
        rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
    except OSError:
        return None
    return [column for column in zip(*rows, strict=False) if not _CLOCK.search(column[0])]
