"""Columns of values that a file or an output has, and which of them counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from seedwise.basics.words import quantity
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.place import Place, ResultsError, no_such

if TYPE_CHECKING:
    from seedwise.trainers.command.outputs.settings import Choice, Word

STEPS = (
    "step",
    "global_step",
    "_step",
    "iteration",
    "iter",
    "training_iteration",
    "total_timesteps",
    "timesteps_total",
    "epoch",
)
"""Names of columns that number the rows, the first choice first."""


class Cell(NamedTuple):
    """One value that is not empty.

    Attributes:
        row: which row it stands in; later ones are greater.
        value: a number, or text that is read only if it counts.
        where: what a message says of its place.
    """

    row: int
    value: object
    where: str


@dataclass(frozen=True)
class Columns:
    """The columns of one source.

    Attributes:
        where: file that they come from.
        what: what a column is called there.
        cells: the cells that are not empty, by column, in order.
    """

    where: str
    what: str
    cells: Mapping[str, Sequence[Cell]]


def take_values(
    columns: Columns, names: Mapping[str, str] | None, take: Word | Choice, place: Place, key: str
) -> dict[str, float]:
    """Return one value per metric.

    Args:
        columns: the columns.
        names: column by metric; None takes every column that has only numbers, and does not number the rows.
        take: which value of a column counts.
        place: the run.
        key: where the source stands in the study, for messages.

    Raises:
        ResultsError: columns are missing, are empty or have no number where it counts; all of them are named.
    """
    if names is None:
        names = {name: name for name, cells in columns.cells.items() if not numbers_rows(name) and _all_numbers(cells)}
        if not names:
            raise ResultsError(f"{key}: {columns.where} has no {columns.what} of numbers")
    last = _chosen_row(columns, names, take, place, key)
    values, problems = {}, []
    for metric, column in names.items():
        label = metric if metric == column else f"{metric} ({column})"
        try:
            cells = _cells(columns, column)
            values[metric] = _taken(cells if last is None else _up_to(last, cells), take)
        except (LookupError, NotANumberError) as error:
            problems.append(f"{key}: {label}: {_text(error)} in {columns.where}")
    if problems:
        raise ResultsError(problems)
    return values


def numbers_rows(name: str) -> bool:
    """Whether a column has a name of those that number the rows."""
    return name.lower().rpartition("/")[2] in STEPS


def step_column(names: Iterable[str]) -> str | None:
    """Return the column that numbers the rows; None if no name is known."""
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(name.lower().rpartition("/")[2], name)
    return next((by_name[step] for step in STEPS if step in by_name), None)


def _text(error: Exception) -> str:
    return str(error.args[0])


def _cells(columns: Columns, column: str) -> Sequence[Cell]:
    if column not in columns.cells:
        raise LookupError(no_such(columns.what, column, list(columns.cells)) + ",")
    return columns.cells[column]


def _all_numbers(cells: Sequence[Cell]) -> bool:
    try:
        for cell in cells:
            number(cell.value)
    except NotANumberError:
        return False
    return bool(cells)


def _chosen_row(columns: Columns, names: Mapping[str, str], take: Word | Choice, place: Place, key: str) -> int | None:
    """Return the row of the checkpoint that `best`, `at_min` or `at_max` chooses; None for other ways to take."""
    if take == "best":
        by, highest = place.metric, place.higher_is_better
        if by not in names:
            raise ResultsError(
                f"{key}.take: best is where {by} is best, which this source does not have; write max or min, or "
                "{at_max: name} or {at_min: name}"
            )
    elif not isinstance(take, str) and take.mean_last is None:
        by, highest = take.at_max or take.at_min or "", take.at_max is not None
    else:
        return None
    try:
        cells = _cells(columns, names.get(by, by))
        return _extreme(cells, highest=highest).row
    except (LookupError, NotANumberError) as error:
        raise ResultsError(f"{key}.take: {by}: {_text(error)} in {columns.where}") from None


def _up_to(row: int, cells: Sequence[Cell]) -> Sequence[Cell]:
    """Return the cells of a row and those before it, so that a column without a cell there has its latest one."""
    earlier = [cell for cell in cells if cell.row <= row]
    if cells and not earlier:
        raise LookupError("has values only after the row that take chooses; read it as a source of its own,")
    return earlier


def _extreme(cells: Sequence[Cell], *, highest: bool) -> Cell:
    """Return the cell with the extreme value, the first of equal ones; NaN only if there is nothing else."""
    if not cells:
        raise LookupError("has no values")
    sign = 1 if highest else -1

    def goodness(cell: Cell) -> float:
        value = _number(cell)
        return -math.inf if math.isnan(value) else sign * value

    finite = [cell for cell in cells if not math.isnan(_number(cell))]
    return max(finite or cells, key=goodness)


def _taken(cells: Sequence[Cell], take: Word | Choice) -> float:
    if not cells:
        raise LookupError("has no values")
    if not isinstance(take, str) and take.mean_last is not None:
        if len(cells) < take.mean_last:
            raise LookupError(f"has {quantity(len(cells), 'value')}, fewer than mean_last: {take.mean_last}")
        return sum(map(_number, cells[-take.mean_last :])) / take.mean_last
    if take == "only" and len(cells) > 1:
        shown = ", ".join(str(cell.value) for cell in cells[:4])
        raise LookupError(f"has {len(cells)} values where take: only allows one ({shown}{', …' * (len(cells) > 4)})")
    if take in ("min", "max"):
        return _number(_extreme(cells, highest=take == "max"))
    return _number(cells[0] if take == "first" else cells[-1])


def _number(cell: Cell) -> float:
    try:
        return number(cell.value)
    except NotANumberError as error:
        raise NotANumberError(f"{error} ({cell.where})" if cell.where else str(error)) from None
