"""Reading a program's numbers when it has ended: results, history by step, scores per example."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from seedwise.trainers.command.outputs.columns import (
    Cell,
    Columns,
    numbers_rows,
    step_column,
    take_values,
)
from seedwise.trainers.command.outputs.csv_files import read_table
from seedwise.trainers.command.outputs.json_files import read_json, read_objects, rows_of, table, values_by_key
from seedwise.trainers.command.outputs.mlflow import read_run
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.place import Place, ResultsError, find_file, no_such
from seedwise.trainers.command.outputs.program_output import read_matches
from seedwise.trainers.command.outputs.settings import (
    LOGGED,
    HistorySource,
    Logged,
    MetricsSource,
    ResultsSource,
    ScoresSource,
    Source,
    chosen_by,
)
from seedwise.trainers.command.outputs.tensorboard import read_events

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


def read_results(sources: Sequence[ResultsSource | Logged] | None, place: Place) -> dict[str, float]:
    """Return the metrics of a run; values may be NaN or infinite.

    Args:
        sources: value of `results` in the study; None reads the file $SEEDWISE_RESULTS.
        place: where the run left its files.

    Raises:
        ResultsError: numbers are missing, are not numbers, or more than one is found where one is needed.
    """
    values: dict[str, float] = {}
    problems: list[str] = []
    sources = sources or (LOGGED,)
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


def read_history(source: HistorySource | Logged | None, place: Place) -> list[dict[str, float]]:
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
    columns, steps = _columns(source, place, key)
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


def read_scores(source: ScoresSource | Logged | None, place: Place) -> Scores | None:
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
        cluster = "cluster" if "cluster" in columns.cells else None
        source = ScoresSource(jsonl=str(place.scores), cluster=cluster)
    else:
        columns, _ = _columns(source, place, key)
    wanted = [source.id, source.value, *([source.cluster] if source.cluster else [])]
    missing = [name for name in wanted if name not in columns.cells]
    if missing:
        there = list(columns.cells)
        raise ResultsError([f"{key}: {no_such(columns.what, name, there)}, in {columns.where}" for name in missing])
    ids = {cell.row: cell for cell in columns.cells[source.id]}
    values = {cell.row: cell for cell in columns.cells[source.value]}
    clusters = {cell.row: _name(cell.value) for cell in columns.cells[source.cluster]} if source.cluster else None
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


def read_readable(source: ResultsSource, place: Place) -> dict[str, float]:
    """Return those metrics of a source that can be read.

    Raises:
        ResultsError: the source itself cannot be read.
    """
    read = _reader(source, place, "results")
    values: dict[str, float] = {}
    for metric, column in (_names(source) or {}).items():
        with suppress(ResultsError):
            values |= read({metric: column})
    return values


def _results_of(source: ResultsSource | Logged, place: Place, key: str) -> dict[str, float]:
    if not isinstance(source, ResultsSource):
        if not place.results.exists():
            raise ResultsError(
                f"{key}: the program has not written {place.results} ($SEEDWISE_RESULTS); call seedwise.result, or say "
                f"where the numbers are: results: {{json: …}}; `seedwise try` proposes it"
            )
        return values_by_key(read_json(place.results, key), None, place.results, key)
    read = _reader(source, place, f"{key}.{source.kind}")
    return read(_names(source))


def _reader(source: ResultsSource, place: Place, key: str) -> Callable[[Mapping[str, str] | None], dict[str, float]]:
    """Read a source once, and return what gives the values of the metrics that one names."""
    if source.kind == "json":
        path = find_file(str(source.path), place, key)
        content = read_json(path, key)
        objects = rows_of(content, source.rows, path, key)
        if objects is None:
            if source.take != "last":
                raise ResultsError(
                    f"{key}: take: {source.take} is for tables; name the list of rows: rows: log_history"
                )
            return lambda names: values_by_key(content, names, path, key)
        columns = table(objects, path)
    else:
        columns, _ = _columns(source, place, key)
    return lambda names: take_values(columns, names, source.take, place, key)


def _names(source: ResultsSource) -> Mapping[str, str] | None:
    """Return column by metric; a match of a pattern has the metric's name."""
    return {name: name for name in source.stdout} if source.stdout is not None else source.keys


def _columns(source: Source, place: Place, key: str) -> tuple[Columns, list[int] | None]:
    """Read a source as columns; also the step of each row where the file is not a table."""
    if not key.endswith(source.kind):
        key = f"{key}.{source.kind}"
    only = _needed(source)
    if source.kind == "csv":
        return read_table(find_file(str(source.path), place, key), key, only), None
    if source.kind == "jsonl":
        path = find_file(str(source.path), place, key)
        return table(read_objects(path, key), path), None
    if source.kind == "json":
        path = find_file(str(source.path), place, key)
        content = read_json(path, key)
        objects = rows_of(content, source.rows, path, key)
        if objects is None:
            raise ResultsError(f"{key}: {path} is no list of rows; name the list in it, for example rows: log_history")
        return table(objects, path), None
    if source.kind == "tensorboard":
        return read_events(str(source.path), place, key, only)
    if source.kind == "mlflow":
        return read_run(str(source.path), place, key, only)
    assert isinstance(source, MetricsSource)
    assert source.stdout is not None
    return read_matches(source.stdout, place, key, source.take if isinstance(source, ResultsSource) else None), None


def _needed(source: Source) -> list[str] | None:
    """Return the columns whose cells are needed; None if all may be."""
    if isinstance(source, ScoresSource):
        return [source.id, source.value, *([source.cluster] if source.cluster else [])]
    if isinstance(source, ResultsSource) and source.keys is not None and source.take != "best":
        by = chosen_by(source.take)
        return [*source.keys.values(), *([by] if by else [])]
    return None


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
