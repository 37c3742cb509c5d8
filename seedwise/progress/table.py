"""The text of the live table and of a plain log. No score is in it, because seeing scores is a look at the data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from seedwise.basics.words import quantity
from seedwise.config.study import Run
from seedwise.progress.session import Job, Place, Snapshot, Training
from seedwise.progress.words import duration, progress

MOST_ROWS = 12
MOST_IN_A_LINE = 4
MOST_MARKS = 30
"""Number of seeds up to which each has a mark of its own."""
_BAR, _WIDEST = 20, 24
JOBS = {
    "fetch_data": "getting the data",
    "prepare_data": "preparing the data",
    "collect_runs": "collecting the runs",
    "analyse_study": "analysing",
    "plot_figures": "drawing figures",
    "render_report": "writing results.md",
    "render_page": "writing page.html",
    "upload_results": "uploading the results",
}
"""What the jobs beside the runs do; other rules are called by their names."""


class Marks(NamedTuple):
    """The characters of a table: the two parts of the bar, and the state of each run."""

    full: str = "#"
    empty: str = "."
    done: str = "+"
    running: str = ">"
    failed: str = "x"
    waiting: str = "."
    diverged: str = "!"

    def of(self, place: Place) -> str:
        """Return the mark of a run."""
        found: str = getattr(self, place)
        return found


PLAIN = Marks()
UNICODE = Marks("█", "░", "✓", "▸", "✗", "·", "!")


def headline(shot: Snapshot) -> str:
    """Return a summary: `5 of 9 runs done, 2 running, 1 failed, 1 to go; about 3 min left`."""
    parts = [f"{shot.done} of {quantity(shot.total, 'run')} done"]
    for count, word in ((shot.running, "running"), (shot.failed, "failed"), (shot.to_go, "to go")):
        if count:
            parts.append(f"{count} {word}")
    known = shot.left is not None and shot.left >= 1  # below, the estimate was wrong
    left = f"; about {duration(shot.left or 0)} left" if known and (shot.trainings or shot.to_go) else ""
    return ", ".join(parts) + left


def block(shot: Snapshot, width: int, height: int = 24, marks: Marks = PLAIN) -> list[str]:
    """Return lines that fit a terminal: a bar, then a row per variant with its seeds, then a row per other job."""
    lines = [_bar(shot, width, marks)] if shot.total else []
    most = max(1, min(MOST_ROWS, height - 4))
    rows = _rows(shot, width, most, marks)
    rows += [f"{doing(job)}, {duration(shot.now - job.began)}" for job in shot.others]
    if len(rows) > most:
        rows = [*rows[: most - 1], f"and {len(rows) - most + 1} more"]
    return [_cut(line, width - 1) for line in [*lines, *(f"  {row}" for row in rows)]]


def _bar(shot: Snapshot, width: int, marks: Marks) -> str:
    text = headline(shot)
    bar = min(_BAR, width - len(text) - 3)
    if bar < 5:
        return text
    full = round(bar * shot.done / max(shot.total, 1))
    return f"{marks.full * full}{marks.empty * (bar - full)}  {text}"


def _rows(shot: Snapshot, width: int, most: int, marks: Marks) -> list[str]:
    """Return a row per variant; where there are too many, only those that run or are half done."""
    if not shot.places:
        return []
    seeds = {name: list(group) for name, group in groupby(shot.places.items(), lambda item: item[0].variant)}
    if len(seeds) > most:
        places = {name: {place for _, place in own} for name, own in seeds.items()}
        active = {name: own for name, own in seeds.items() if len(places[name]) > 1 or "running" in places[name]}
        hidden = len(seeds) - len(active)
        rows = [_row(name, own, active, shot, width, marks) for name, own in active.items()]
        return [*rows[: most - 1], f"and {hidden + max(0, len(rows) - most + 1)} more variants"]
    return [_row(name, own, seeds, shot, width, marks) for name, own in seeds.items()]


def _row(
    name: str,
    own: Sequence[tuple[Run, Place]],
    seeds: dict[str, list[tuple[Run, Place]]],
    shot: Snapshot,
    width: int,
    marks: Marks,
) -> str:
    wide = min(_WIDEST, max(map(len, seeds)))
    longest = max(map(len, seeds.values()))
    if longest <= min(MOST_MARKS, width // 3):
        states = "".join(marks.of(place) for _, place in own).ljust(longest)
    else:
        done = sum(place in ("done", "diverged") for _, place in own)
        states = f"{done} of {len(own)}"
    active = sorted(training for training in shot.trainings if training.run.variant == name)
    cells = [f"{_cut(name, wide):{wide}}", states, "; ".join(_doing(training, shot) for training in active)]
    return "  ".join(cells).rstrip()


def _doing(training: Training, shot: Snapshot) -> str:
    since = f", {duration(shot.now - training.started)}" if training.started else ""
    return f"seed {training.run.seed}: {place_of(training, shot)}{since}"


def place_of(training: Training, shot: Snapshot) -> str:
    """Return what a training does now: `importing`, `epoch 2 of 4`, `step 500`."""
    if training.started is None:
        return "queued or starting" if shot.queues else "starting"
    if training.step is None and training.phase:
        return training.phase
    return progress(shot.unit, training.step, training.steps)


def log_line(shot: Snapshot) -> str:
    """Return one line for a plain log: the headline, and the progress of the first few running trainings."""
    begun = [training for training in shot.trainings if training.started is not None]
    parts = [f"{name(training.run)}: {place_of(training, shot)}" for training in begun[:MOST_IN_A_LINE]]
    parts += [f"{doing(job)} for {duration(shot.now - job.began)}" for job in shot.others]
    more = len(begun) - MOST_IN_A_LINE
    first = [headline(shot)] if shot.total else []
    return " | ".join([*first, *parts, *([f"and {more} more"] if more > 0 else [])])


def doing(job: Job) -> str:
    """Return what a job other than a run does, in words."""
    return JOBS.get(job.rule, job.rule)


def name(run: Run) -> str:
    """Return the name of a run."""
    return f"{run.variant} seed {run.seed}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 3)]}..."[: max(0, width)]
