"""From the runs that a source lists to a table with one run per variant and seed: whatever is left out is reported."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, quote

State = Literal["finished", "diverged", "failed", "running"]
RUNNING = ("running", "pending", "preempting", "scheduled", "unfinished")
FINAL = "final/"
"""What the name of a run's final metric begins with where our trackers recorded it."""
RESERVED = ("variant", "seed", "status", "reason", "source_run")
"""Columns of runs.csv that are not metrics."""


@dataclass(frozen=True)
class FoundRun:
    """A run as a source lists it.

    Attributes:
        name: what the source calls it.
        variant: None if the source does not say.
        seed: None if the source does not say, or says no whole number.
        state: one of our four words.
        metrics: the compared metric and the others that the source has; None where there is no number.
        ended: the source's own word for how the run ended, such as "crashed"; of a run that counts as failed, why.
    """

    name: str
    variant: str | None
    seed: int | None
    state: State
    metrics: Mapping[str, float | None]
    ended: str = ""


@dataclass
class Selection:
    """The runs that count, in the order of variants and seeds, and a sentence about everything else."""

    runs: list[FoundRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def metric_keys(metric: str, asked: str | None, known: Collection[str], source: str) -> dict[str, str]:
    """Find what the metrics that a table is to have are called in a source, by our names.

    They are the compared metric and every `final/<name>`.

    Args:
        metric: the compared one.
        asked: what the config says that the source calls it; None looks for `final/<metric>`, then for `<metric>`.
        known: names that the source has.
        source: the source's name in messages.

    Raises:
        UserError: the source has no compared metric.
    """
    key = next((name for name in ([asked] if asked else [f"{FINAL}{metric}", metric]) if name in known), None)
    if key is None:
        place = "runs.metric" if asked else "analysis.metric"
        names = sorted(known)
        guess = nearest(asked or metric, names)
        hint = f"; did you mean {quote(guess)}?" if guess else "."
        remedy = "" if asked else " If it has another name there, give that as runs.metric."
        raise UserError(
            f"{place}: {source} has no {quote(asked or metric)}{hint} Found: {', '.join(names) or 'nothing'}.{remedy}"
        )
    finals = {name.removeprefix(FINAL): name for name in sorted(known) if name.startswith(FINAL)}
    others = {name: final for name, final in finals.items() if name and name not in (metric, *RESERVED)}
    return {metric: key, **others}


def read_metrics(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, float | None]:
    """Read a run's metrics from what the source has of it."""
    return {name: number(values.get(key)) for name, key in keys.items()}


def state_of(state: str, status: object) -> State:
    """Return our word for how a run ended; `status` is what our own runs record."""
    if state.lower() in RUNNING:
        return "running"
    if status == "diverged":
        return "diverged"
    return "finished" if state.lower() in ("finished", "") else "failed"


def number(value: object) -> float | None:
    """Read a metric; None where there is no number."""
    try:
        return float(str(value)) if value is not None and not isinstance(value, bool) else None
    except ValueError:
        return None


def whole(value: object) -> int | None:
    """Read a seed; None where it is not a whole number."""
    read = number(value)
    return int(read) if read is not None and read.is_integer() else None


def select(
    found: Sequence[FoundRun], metric: str, variants: Sequence[str], seeds: Sequence[int], duplicates: str
) -> Selection:
    """Choose one run for each variant and seed.

    Args:
        found: oldest first.
        metric: the one that is compared.
        variants: those that count.
        seeds: those that count.
        duplicates: which of several runs with a result counts: latest or first; error allows only one.

    Raises:
        UserError: a variant has no run at all, or there are duplicates where they are an error.
    """
    selection = Selection()
    cells: dict[tuple[str, int], list[FoundRun]] = {}
    left_out: dict[str, list[str]] = {}
    for run in found:
        reason = _left_out(run, variants, seeds)
        if reason:
            left_out.setdefault(reason, []).append(_label(run))
        elif run.variant is not None and run.seed is not None:
            cells.setdefault((run.variant, run.seed), []).append(run)
    selection.notes += [_note(labels, f"not counted: {reason}") for reason, labels in left_out.items()]
    for variant in variants:
        if not any(cell[0] == variant for cell in cells):
            there = ", ".join(sorted({str(run.variant) for run in found if run.variant is not None})) or "none"
            raise UserError(
                f"variants: found no run of {variant} that has ended and has one of the seeds; variants found: {there}"
            )
        for seed in seeds:
            runs = cells.get((variant, seed), [])
            if runs:
                selection.runs.append(_one(runs, metric, duplicates, selection.notes))
    missing = [f"{v} seed {s}" for v in variants for s in seeds if (v, s) not in cells]
    if missing:
        selection.notes.append(_note(missing, "missing: the source has no run that has ended", "declared run"))
    return selection


def _left_out(run: FoundRun, variants: Sequence[str], seeds: Sequence[int]) -> str:
    if run.variant is None or run.seed is None:
        return "the source does not say its variant or seed"
    if run.variant not in variants:
        return "its variant is not in the config"
    if run.seed not in seeds:
        return "its seed is not in the config"
    return "it is still running" if run.state == "running" else ""


def _one(runs: Sequence[FoundRun], metric: str, duplicates: str, notes: list[str]) -> FoundRun:
    """Choose among the runs of one variant and seed; a run without a result counts only where none has one."""
    lost = [run for run in runs if run.state == "failed"]
    nothing = [run for run in runs if run.state == "finished" and run.metrics.get(metric) is None]
    results = [run for run in runs if run not in lost and run not in nothing]
    if results:
        if len(results) > 1 and duplicates == "error":
            found = ", ".join(run.name for run in results)
            raise UserError(
                f"runs: found {len(results)} runs of {results[0].variant} seed {results[0].seed} ({found}); "
                "delete all but one, or set runs.duplicates to latest or first"
            )
        chosen = results[0 if duplicates == "first" else -1]
        replaced = [_label(run) for run in results if run is not chosen]
        lost_too = [_label(run) for run in runs if run not in results]
        notes += [_note(replaced, f"replaced by {chosen.name} ({duplicates} counts)")] if replaced else []
        notes += [_note(lost_too, f"without a result, {chosen.name} counts")] if lost_too else []
        return chosen
    chosen = runs[-1]
    why = chosen.ended or chosen.state if chosen in lost else f"has no {metric}"
    notes.append(_note([_label(run) for run in runs], f"counted as failed ({why})"))
    return FoundRun(chosen.name, chosen.variant, chosen.seed, "failed", {}, why)


def _label(run: FoundRun) -> str:
    return f"{run.variant} seed {run.seed} ({run.name})"


def _note(labels: Sequence[str], what: str, noun: str = "run") -> str:
    return f"{len(labels)} {noun}{'s' if len(labels) > 1 else ''} {what}: {', '.join(labels)}."


def tabulate_found(runs: Sequence[FoundRun], metric: str) -> str:
    """Return the chosen runs as the CSV text of runs.csv: the compared metric, then the others that a run has.

    The source's own word is the reason of a run that failed; why a run diverged, no source says.
    """
    found = {name for run in runs for name, value in run.metrics.items() if value is not None}
    columns = [metric, *sorted(found - {metric})]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["variant", "seed", "status", "reason", *columns, "source_run"])
    for run in runs:
        values = [run.metrics.get(name) for name in columns]
        cells = ["" if value is None else repr(value) for value in values]
        reason = " ".join(run.ended.split()) if run.state == "failed" else ""
        writer.writerow([run.variant, run.seed, run.state, reason, *cells, run.name])
    return stream.getvalue()
