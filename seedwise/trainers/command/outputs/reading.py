"""Reading a program's numbers when it has ended: results, history by step, scores per example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from seedwise.trainers.command.outputs.columns import Cell, Columns, numbers_rows, step_column
from seedwise.trainers.command.outputs.json_files import json_reader, read_json, read_objects, table, values_by_key
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.place import Place, ResultsError, no_such
from seedwise.trainers.command.program_settings import LOGGED, PlainSource

if TYPE_CHECKING:  # other readers, and pydantic, are imported only by runs that need them
    from seedwise.trainers.command.outputs.settings import HistorySource, ResultsSource, ScoresSource

STEP = "step"
_ROW = "step"  # what numbers the rows if the file does not


class Scores(NamedTuple):
    """One number per test example.

    Attributes:
        ids: name of each example.
        values: its score.
        clusters: the group that it belongs to; None if there are none.
    """

    ids: list[str]
    values: list[float]
    clusters: list[str] | None


def read_results(sources: Sequence[PlainSource | ResultsSource] | None, place: Place) -> dict[str, float]:
    """Return the metrics of a run; values may be NaN or infinite.

    Args:
        sources: value of `results` in the study; None reads the file $SEEDWISE_RESULTS.
        place: where the run left its files.

    Raises:
        ResultsError: numbers are missing, are not numbers, or more than one is found where one is needed.
    """
    values: dict[str, float] = {}
    problems: list[str] = []
    sources = sources or [LOGGED]
    for position, source in enumerate(sources):
        key = "results" if len(sources) == 1 else f"results[{position}]"
        try:
            found = _results_of(source, place, key)
        except ResultsError as error:
            problems += error.problems
            continue
        problems += [f"{key}: {name} comes from another source too" for name in found if name in values]
        values |= found
    if not problems and place.metric and place.metric not in values:
        problems.append(
            f"results: {no_such('metric', place.metric, list(values))}; analysis.metric decides, so it must be one"
        )
    if problems:
        raise ResultsError(problems)
    return values


def read_history(source: PlainSource | HistorySource | None, place: Place) -> list[dict[str, float]]:
    """Return a run's metrics by step: rows whose first key is the step; rows of one step are merged.

    Args:
        source: value of `history` in the study; None reads the file $SEEDWISE_HISTORY if the program wrote it.
        place: where the run left its files.

    Raises:
        ResultsError: the history cannot be read, or has no such columns.
    """
    key = "history"
    if source is None or source == LOGGED:
        if not place.history.exists():
            if source is None:
                return []
            raise ResultsError(f"{key}: the program has logged no history ({place.history}); call seedwise.log")
        return _merged(table(read_objects(place.history, key), place.history), None, STEP, key)
    from seedwise.trainers.command.outputs.settings import HistorySource
    from seedwise.trainers.command.outputs.sources import read_columns

    source = HistorySource.model_validate(source)
    columns, steps = read_columns(source, place, key)
    names: Mapping[str, str] | None = source.names
    if source.kind == "stdout":
        names = {name: name for name in columns.cells if name != source.step}
        steps = None if source.step else []
    if names is not None and (missing := [name for name in names.values() if name not in columns.cells]):
        raise ResultsError(
            [f"{key}: {no_such(columns.what, name, list(columns.cells))}, in {columns.where}" for name in missing]
        )
    if steps is None:
        step = source.step or step_column(columns.cells)
        if step is not None:
            if step not in columns.cells:
                raise ResultsError(
                    f"{key}.step: {no_such(columns.what, step, list(columns.cells))}, in {columns.where}"
                )
            filled = _filled(columns, step) if source.kind == "stdout" else columns
            return _merged(filled, names, step, key)
    return _merged(_numbered(columns, steps), names, STEP, key)


def read_scores(source: PlainSource | ScoresSource | None, place: Place) -> Scores | None:
    """Return a run's scores per example; None if the study does not ask for them and the program wrote none.

    Args:
        source: value of `scores` in the study; None reads the file $SEEDWISE_SCORES if the program wrote it.
        place: where the run left its files.

    Raises:
        ResultsError: there are none, an example is there twice, or one has no finite score.
    """
    key = "scores"
    if source is None or source == LOGGED:
        if not place.scores.exists():
            if source is None:
                return None
            raise ResultsError(f"{key}: the program has written no scores ({place.scores}); call seedwise.scores")
        columns = table(read_objects(place.scores, key), place.scores)
        name, value, cluster = "id", "value", "cluster" if "cluster" in columns.cells else None
    else:
        from seedwise.trainers.command.outputs.settings import ScoresSource
        from seedwise.trainers.command.outputs.sources import read_columns

        source = ScoresSource.model_validate(source)
        columns, _ = read_columns(source, place, key)
        name, value, cluster = source.id, source.value, source.cluster
    wanted = [name, value, *([cluster] if cluster else [])]
    missing = [name for name in wanted if name not in columns.cells]
    if missing:
        there = list(columns.cells)
        raise ResultsError([f"{key}: {no_such(columns.what, name, there)}, in {columns.where}" for name in missing])
    ids = {cell.row: cell for cell in columns.cells[name]}
    values = {cell.row: cell for cell in columns.cells[value]}
    clusters = {cell.row: _name(cell.value) for cell in columns.cells[cluster]} if cluster else None
    rows = sorted(ids.keys() | values.keys())
    for row in rows:
        if row not in ids or row not in values or (clusters is not None and row not in clusters):
            where = (ids.get(row) or values[row]).where
            raise ResultsError(f"{key}: {columns.where}, {where}: needs {', '.join(wanted)}; one of them is empty")
    names = [_name(ids[row].value) for row in rows]
    _refuse_twice(names, [ids[row] for row in rows], columns.where, key)
    return Scores(
        names,
        [_score(values[row], columns.where, key) for row in rows],
        None if clusters is None else [clusters[row] for row in rows],
    )


def _results_of(source: PlainSource | ResultsSource, place: Place, key: str) -> dict[str, float]:
    if source == LOGGED:
        if not place.results.exists():
            raise ResultsError(
                f"{key}: the program has not written {place.results} ($SEEDWISE_RESULTS); call seedwise.result, or say "
                f"where the numbers are: results: {{json: …}}; `seedwise try` proposes it"
            )
        return values_by_key(read_json(place.results, key), None, place.results, key)
    if isinstance(source, Mapping) and source.keys() <= {"json", "keys"}:
        return json_reader(source["json"], place, f"{key}.json")(source.get("keys"))
    from seedwise.trainers.command.outputs.settings import ResultsSource
    from seedwise.trainers.command.outputs.sources import names_of, results_reader

    source = ResultsSource.model_validate(source)
    return results_reader(source, place, f"{key}.{source.kind}")(names_of(source))


def _merged(columns: Columns, names: Mapping[str, str] | None, step: str, key: str) -> list[dict[str, float]]:
    """Make rows of columns, one per step in the order of steps; later values of a step replace earlier ones."""
    try:
        steps = {cell.row: number(cell.value) for cell in columns.cells.get(step, ())}
    except NotANumberError as error:
        raise ResultsError(f"{key}: {step} {error}, in {columns.where}") from None
    rows: dict[float, dict[str, float]] = {}
    for metric, cells in _curves(columns, names, step, key):
        for row, value in cells:
            if row in steps:
                rows.setdefault(steps[row], {step: steps[row]})[metric] = value
    return [rows[value] for value in sorted(rows)]


def _curves(
    columns: Columns, names: Mapping[str, str] | None, step: str, key: str
) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    """Yield the numbers of each column that was chosen, or else of each that has only numbers."""
    chosen = names or {name: name for name in columns.cells if name != step and not numbers_rows(name)}
    for metric, column in chosen.items():
        try:
            yield metric, [(cell.row, number(cell.value)) for cell in columns.cells[column]]
        except NotANumberError as error:
            if names is not None:
                raise ResultsError(f"{key}: {metric} {error}, in {columns.where}") from None


def _numbered(columns: Columns, steps: Sequence[int] | None) -> Columns:
    """Add a column of steps: the given ones; else the number of the row, or of the match of each pattern."""
    if steps:
        numbers = [Cell(row, step, "") for row, step in enumerate(steps)]
        return Columns(columns.where, columns.what, {STEP: numbers, **columns.cells})
    if steps is None:
        rows = sorted({cell.row for cells in columns.cells.values() for cell in cells})
        numbers = [Cell(row, count, "") for count, row in enumerate(rows, start=1)]
        return Columns(columns.where, columns.what, {STEP: numbers, **columns.cells})
    most = max(map(len, columns.cells.values()), default=0)
    counted = {
        name: [cell._replace(row=count) for count, cell in enumerate(cells, start=1)]
        for name, cells in columns.cells.items()
    }
    return Columns(
        columns.where, columns.what, {STEP: [Cell(count, count, "") for count in range(1, most + 1)], **counted}
    )


def _filled(columns: Columns, step: str) -> Columns:
    """Give each line of an output the latest step that was printed."""
    rows = sorted({cell.row for cells in columns.cells.values() for cell in cells})
    printed = {cell.row: cell for cell in columns.cells[step]}
    steps: list[Cell] = []
    for row in rows:
        if row in printed:
            steps.append(printed[row])
        elif steps:
            steps.append(steps[-1]._replace(row=row))
    return Columns(columns.where, columns.what, {**columns.cells, step: steps})


def _name(value: object) -> str:
    return str(value)


def _refuse_twice(names: Sequence[str], cells: Sequence[Cell], where: str, key: str) -> None:
    seen: dict[str, Cell] = {}
    for name, cell in zip(names, cells, strict=True):
        first = seen.setdefault(name, cell)
        if first is not cell:
            raise ResultsError(
                f"{key}: {where}: example {name} is there twice ({first.where} and {cell.where}); it has one score"
            )


def _score(cell: Cell, where: str, key: str) -> float:
    """Read a score; true and false are 1 and 0."""
    if str(cell.value).lower() in ("true", "false"):
        return float(str(cell.value).lower() == "true")
    try:
        value = number(cell.value)
    except NotANumberError as error:
        raise ResultsError(f"{key}: {where}, {cell.where}: the score {error}") from None
    if value - value != 0:
        raise ResultsError(f"{key}: {where}, {cell.where}: the score is {value}; need a finite number")
    return value
