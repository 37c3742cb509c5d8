"""Reading one source of numbers as a study describes it: as metrics, or as columns."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from seedwise.trainers.command.outputs.columns import Columns, take_values
from seedwise.trainers.command.outputs.csv_files import read_table
from seedwise.trainers.command.outputs.json_files import ByName, json_reader, read_json, read_objects, rows_of, table
from seedwise.trainers.command.outputs.mlflow import read_run
from seedwise.trainers.command.outputs.place import Place, ResultsError, find_file
from seedwise.trainers.command.outputs.program_output import read_matches
from seedwise.trainers.command.outputs.settings import MetricsSource, ResultsSource, ScoresSource, Source, chosen_by
from seedwise.trainers.command.outputs.tensorboard import read_events


def read_readable(source: ResultsSource, place: Place) -> dict[str, float]:
    """Return those metrics of a source that can be read.

    Raises:
        ResultsError: the source itself cannot be read.
    """
    read = results_reader(source, place, "results")
    values: dict[str, float] = {}
    for metric, column in (names_of(source) or {}).items():
        with suppress(ResultsError):
            values |= read({metric: column})
    return values


def results_reader(source: ResultsSource, place: Place, key: str) -> ByName:
    """Read a source once, and return what gives the values of the metrics that one names."""
    if source.kind == "json":
        return json_reader(str(source.path), place, key, source.rows, source.take)
    columns, _ = read_columns(source, place, key)
    return lambda names: take_values(columns, names, source.take, place, key)


def names_of(source: ResultsSource) -> Mapping[str, str] | None:
    """Return column by metric; a match of a pattern has the metric's name."""
    return {name: name for name in source.stdout} if source.stdout is not None else source.keys


def read_columns(source: Source, place: Place, key: str) -> tuple[Columns, list[int] | None]:
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
