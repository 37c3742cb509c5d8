"""From runs that a source lists to a table of one run a variant and seed: whatever is left out is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from seedwise.basics.errors import UserError
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES as METRICS

State = Literal["finished", "diverged", "failed", "running"]
RUNNING = ("running", "pending", "preempting", "scheduled", "unfinished")


@dataclass(frozen=True)
class FoundRun:
    """A run as a source lists it.

    Attributes:
        name: how the source calls it.
        variant: None if the source does not say.
        seed: None if the source does not say, or says no whole number.
        state: in our words.
        metrics: by our names; None where there is no number.
        ended: what the source calls the run's end where it is none of ours, such as "crashed".
    """

    name: str
    variant: str | None
    seed: int | None
    state: State
    metrics: Mapping[str, float | None]
    ended: str = ""


@dataclass
class Selection:
    """The runs that count, in the order of variants and seeds, and a sentence for everything else."""

    runs: list[FoundRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def metric_keys(metric: str, key: str | None) -> dict[str, str]:
    """What each of our metrics is called in a source."""
    return {name: f"final/{name}" for name in METRICS} | ({metric: key} if key else {})


def state_of(state: str, status: object) -> State:
    """Our word for how a run ended; `status` is the one that our own runs record."""
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
    """Read a seed; None where it is no whole number."""
    read = number(value)
    return int(read) if read is not None and read.is_integer() else None


def select(
    found: Sequence[FoundRun], metric: str, variants: Sequence[str], seeds: Sequence[int], duplicates: str
) -> Selection:
    """Choose one run for each variant and seed.

    Args:
        found: oldest first.
        metric: the one that is compared.
        variants: that count.
        seeds: that count.
        duplicates: latest, first or error: which counts of several runs that have a result.

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
            raise UserError(f"variants: found no run of {variant} that has ended, with one of the seeds; found {there}")
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
        return "the source names no variant or no seed for it"
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
            raise UserError(
                f"runs: found {len(results)} runs of {results[0].variant} seed {results[0].seed} "
                f"({', '.join(run.name for run in results)}); delete all but one, or say duplicates: latest or first"
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
    return FoundRun(chosen.name, chosen.variant, chosen.seed, "failed", {}, chosen.ended)


def _label(run: FoundRun) -> str:
    return f"{run.variant} seed {run.seed} ({run.name})"


def _note(labels: Sequence[str], what: str, noun: str = "run") -> str:
    return f"{len(labels)} {noun}{'s' if len(labels) > 1 else ''} {what}: {', '.join(labels)}."


def tabulate_found(runs: Sequence[FoundRun]) -> str:
    """Lay the chosen runs out as the CSV text of runs.csv."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["variant", "seed", "status", *METRICS, "source_run"])
    for run in runs:
        values = [run.metrics.get(name) for name in METRICS]
        cells = ["" if value is None else repr(value) for value in values]
        writer.writerow([run.variant, run.seed, run.state, *cells, run.name])
    return stream.getvalue()
