"""Numbers in TensorBoard's event files, read by the package tensorboard, which is imported only here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.trainers.command.outputs.columns import Cell, Columns
from seedwise.trainers.command.outputs.place import Place, ResultsError, files_below, matches, refuse_unchanged, several

INSTALL = "pip install tensorboard"


def read_events(template: str, place: Place, key: str, only: Sequence[str] | None = None) -> tuple[Columns, list[int]]:
    """Read the scalars of the one folder with event files that a path leads to.

    Args:
        template: path with placeholders, of a folder, of one above it, or of an event file.
        place: the run.
        key: where it stands in the study, for messages.
        only: tags that are needed; None reads all.

    Returns:
        The columns, one per tag, and the step of each of their rows. Each event is a row of its own: several may have
        the same step.

    Raises:
        ResultsError: tensorboard is not installed, or there is not exactly one such folder.
    """
    folder = _folder(template, place, key)
    try:
        from tensorboard.backend.event_processing.event_accumulator import SCALARS, TENSORS, EventAccumulator
    except ImportError as error:
        raise ResultsError(f"{key}: reading TensorBoard's events needs the package tensorboard: {INSTALL}") from error
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    # Without the zeros it keeps a random sample of the events.
    events = EventAccumulator(str(folder), size_guidance={SCALARS: 0, TENSORS: 0})
    events.Reload()
    tags = events.Tags()
    scalars, tensors = tags["scalars"], [tag for tag in tags["tensors"] if _is_scalar(events, tag)]
    found = []
    for tag in scalars:
        if only is None or tag in only:
            found += [(event.step, event.wall_time, tag, event.value) for event in events.Scalars(tag)]
    for tag in tensors:
        if only is None or tag in only:
            found += [(event.step, event.wall_time, tag, _scalar(event)) for event in events.Tensors(tag)]
    found.sort(key=lambda event: event[:2])
    cells: dict[str, list[Cell]] = {tag: [] for tag in [*scalars, *tensors]}
    for row, (step, _, tag, value) in enumerate(found):
        cells[tag].append(Cell(row, float(value), f"step {step}"))
    return Columns(str(folder), "tag", cells), [int(step) for step, *_ in found]


def _folder(template: str, place: Place, key: str) -> Path:
    shown = place.fill(template)
    found: dict[Path, None] = {}
    for path in matches(template, place):
        for file in files_below(path) if path.is_dir() else [path]:
            if "tfevents" in file.name:
                found.setdefault(file.parent)
    if not found:
        raise ResultsError(f"{key}: no event files (*tfevents*) in {shown} or below it")
    if len(found) > 1:
        raise ResultsError(f"{key}: {several('folder', shown, list(found))}")
    folder = next(iter(found))
    refuse_unchanged([file for file in files_below(folder) if "tfevents" in file.name], place, key)
    return folder


def _is_scalar(events: Any, tag: str) -> bool:
    """Whether a tensor is a scalar, as TensorFlow 2 and Keras write them."""
    return bool(events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars")


def _scalar(event: Any) -> float:
    from tensorboard.util import tensor_util

    return float(tensor_util.make_ndarray(event.tensor_proto).item())
