"""Runs that were done again, beside the published ones: which numbers are the same, and is the rest within reason?"""

from __future__ import annotations

import csv
import io
import math
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import variance
from typing import TYPE_CHECKING

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity, shortened
from seedwise.runs.table import metric_columns

if TYPE_CHECKING:
    from seedwise.config.study import Study
    from seedwise.runs.record import RunRecord

CONDITIONS = ("hardware", "device", "precision", "threads", "settings_digest", "code_digest", "data_digest")
LEVEL = 0.01
"""Chance that runs which differ as two seeds do are called not reproduced."""
Run = tuple[str, int]
Row = Mapping[str, str]


@dataclass(frozen=True)
class Reproduction:
    """What doing some runs again has shown.

    Attributes:
        identical: runs all of whose metrics are equal to the last digit.
        different: difference of the deciding metric, by run, for the others.
        limit: largest such difference that is within reason; NaN where the seeds do not tell.
        conditions: what the runs were made with, where it differs: name, then published and now.
    """

    identical: list[Run]
    different: Mapping[Run, float]
    limit: float
    conditions: Mapping[str, tuple[str, str]]

    @property
    def holds(self) -> bool:
        """Whether every run is identical or within reason."""
        other = {"settings_digest", "data_digest"} & self.conditions.keys()  # then these are not the same runs
        return not other and all(abs(value) <= self.limit for value in self.different.values())


def read_published(path: Path, study: Study) -> dict[Run, Row]:
    """Return the rows of a runs.csv, by variant and seed, for the variants that the study has.

    Raises:
        UserError: the file cannot be read, or is no table of runs.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = _by_run(file)
        variants = {variant.name for variant in study.variants}
        found = {run: row for run, row in found.items() if run[0] in variants}
        for row in finished(found).values():
            float(row[study.analysis.metric])
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the study first, or name a table: --against runs.csv") from None
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise UserError(f"{path}: not a table of runs, as results/<study>/runs.csv is ({error})") from error
    return found


def read_recorded(study: Study, results: Path) -> dict[Run, Row]:
    """Return the rows that runs.csv has, from the records of a study that are there: of a clone there may be none.

    Raises:
        UserError: records cannot be used; the message names all of them.
    """
    from seedwise.analysis.collect import Unfit, refusal
    from seedwise.runs.record import RecordError, alteration, read_record, tabulate

    records, unfit = [], []
    for run in study.runs():
        path = study.record_path(run.variant, run.seed, results)
        if not path.exists():
            continue
        try:
            records.append(read_record(path))
        except RecordError as error:
            unfit.append(Unfit(path, str(error)))
        else:
            unfit += [Unfit(path, reason)] if (reason := alteration(path)) else []
    if unfit:
        raise UserError(refusal(study.study, study.folder(results), unfit))
    return _by_run(io.StringIO(tabulate(records)))


def refuse_other_rows(path: Path, rows: Mapping[Run, Row], recorded: Mapping[Run, Row]) -> None:
    """Make sure that a table has what the run records say.

    Raises:
        UserError: rows are missing or have other numbers; the message names the runs.
    """
    problems = []
    for (variant, seed), record in recorded.items():
        row = rows.get((variant, seed))
        names = ("status", *metric_columns(record))
        if row is None or any(row.get(name) != record[name] for name in names):
            problems.append(f"{variant} seed {seed} {'is missing' if row is None else 'has other numbers'}")
    if problems:
        raise UserError(
            f"{path}: not what the run records say: {shortened(problems)}. Remove it, and the study makes it again; "
            f"to compare with it as it is: --against {shlex.quote(str(path))}"
        )


def finished(rows: Mapping[Run, Row]) -> dict[Run, Row]:
    """Return the rows of runs that have finished."""
    return {run: row for run, row in rows.items() if row["status"] == "finished"}


def _by_run(lines: Iterable[str]) -> dict[Run, Row]:
    return {(row["variant"], int(row["seed"])): row for row in csv.DictReader(lines)}


def compare_runs(
    expected: Mapping[Run, Row], found: Mapping[Run, RunRecord], metric: str, spread: Mapping[Run, Row]
) -> Reproduction:
    """Compare runs with the rows that were published.

    Args:
        expected: these rows.
        found: the runs that were done again.
        metric: that decides.
        spread: rows that show how far seeds differ: from run records where there are some, since an outlier that was
            edited into a table would widen the limit.

    The limit is that of the difference of two runs of different seeds: t · √2 · s, with the spread s of the seeds in a
    variant, pooled over variants, and Bonferroni's correction for the number of runs.
    """
    identical, different, conditions = [], {}, {}
    for run, record in found.items():
        row = expected[run]
        numbers = {name: float(row[name]) for name in metric_columns(row) if row[name] and _is_number(row[name])}
        now = {name: record.metrics.get(name) for name in numbers}
        if record.status == row["status"] and all(_same(now[name], value) for name, value in numbers.items()):
            identical.append(run)
        else:
            lost, value = record.status != row["status"] or None in now.values(), now.get(metric)
            different[run] = math.nan if lost or value is None else value - numbers[metric]
        for name in CONDITIONS:
            current = str(getattr(record.provenance, name) or "")
            if row.get(name, current) not in ("", current):
                conditions[name] = (row[name], current)
    return Reproduction(identical, different, _limit(spread, metric, len(found)), conditions)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _same(now: float | None, before: float) -> bool:
    return now is not None and (now == before or (math.isnan(now) and math.isnan(before)))


def _limit(spread: Mapping[Run, Row], metric: str, runs: int) -> float:
    """Return the largest difference within reason; NaN, which nothing is within, if no variant has two seeds."""
    from scipy.special import stdtrit

    values = defaultdict(list)
    for (variant, _), row in spread.items():
        values[variant].append(float(row[metric]))
    degrees = sum(len(group) - 1 for group in values.values())
    if not degrees:
        return math.nan
    pooled = sum(variance(group) * (len(group) - 1) for group in values.values() if len(group) > 1) / degrees
    return float(stdtrit(degrees, 1 - LEVEL / runs / 2) * math.sqrt(2 * pooled))


def render_reproduction(result: Reproduction, published: Path) -> str:
    """Return what is printed."""
    total = len(result.identical) + len(result.different)
    if not result.different and result.holds:
        return f"Reproduced: all metrics of {quantity(total, 'run')} are those of {published}, to the last digit."
    largest = max(map(abs, result.different.values()), key=lambda value: (math.isnan(value), value), default=0.0)
    verdict = "Reproduced within the noise of the seeds" if result.holds else "NOT REPRODUCED"
    lines = [
        f"{verdict}: {len(result.identical)} of {quantity(total, 'run')} are those of {published} to the last digit; "
        f"the largest difference is {largest:.4g}, and two seeds differ by up to {result.limit:.4g}."
    ]
    lines += [f"  {variant}, seed {seed}: {value:+.4g}" for (variant, seed), value in result.different.items()]
    lines += [f"  {name}: {before}, now {now}" for name, (before, now) in result.conditions.items()]
    if not result.conditions:
        lines.append(
            "  Hardware, settings, code and data are the same: versions of packages have changed, the program is not "
            "deterministic, or the table was edited."
        )
    return "\n".join(lines)
