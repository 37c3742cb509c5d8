"""What a program has left when it ends well: metrics, and perhaps a history and scores."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from seedwise.basics.files import write_text
from seedwise.runs.scores import write_scores
from seedwise.trainers.command.outputs.place import Note, Place
from seedwise.trainers.command.outputs.reading import read_history, read_results, read_scores

if TYPE_CHECKING:
    from seedwise.trainers.command.request import Request
    from seedwise.trainers.command.run import Execution


class Left(NamedTuple):
    """What a run has left: its metrics by name, and a row per step whose first column is the step."""

    metrics: dict[str, float]
    history: list[dict[str, float]]


def read_what_it_left(request: Request, done: Execution) -> Left:
    """Read a run's metrics, and write history.csv and scores.csv if the study asks for them or the program logs them.

    Args:
        request: the run.
        done: what has run.

    Raises:
        ResultsError: something that the study asks for is not there, or cannot be read; the message says all of it.
    """
    place = place_of(request, done.folder, done.log, done.log_start, done.before)
    metrics = read_results(request.settings.results, place)
    history = read_history(request.place.history, place)
    if history:
        _write_history(request.folder / "history.csv", history)
    found = read_scores(request.settings.scores, place)
    if found is not None:
        write_scores(request.folder, found.ids, found.values, found.clusters)
    return Left(metrics, history)


def place_of(
    request: Request, folder: Path, log: Path, start: int, before: Mapping[Path, Note] = MappingProxyType({})
) -> Place:
    """Return where a run leaves its numbers.

    Args:
        request: the run.
        folder: where the program runs.
        log: file with what the program prints.
        start: where in the file that begins.
        before: files outside the run's folder, as they were before the program was started.
    """
    return Place(
        fill=request.fill,
        folder=folder,
        out=request.out,
        log=log,
        log_start=start,
        results=request.path("SEEDWISE_RESULTS"),
        history=request.path("SEEDWISE_HISTORY"),
        scores=request.path("SEEDWISE_SCORES"),
        metric=request.place.metric,
        higher_is_better=request.place.higher_is_better,
        before=before,
    )


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    stream = io.StringIO()
    columns = list(dict.fromkeys(name for row in history for name in row))
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in history:
        step = row[columns[0]]
        writer.writerow({**row, columns[0]: int(step) if step.is_integer() else step})
    write_text(path, stream.getvalue())
