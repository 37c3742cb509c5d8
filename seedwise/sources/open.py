"""From the name of a source to one table with a row for each run, or for each step of a run."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity
from seedwise.sources.cells.seeds import read_seed
from seedwise.sources.columns import find
from seedwise.sources.evaluations import read_log
from seedwise.sources.evaluations.whole import as_one, settled
from seedwise.sources.layouts import ONE_RUN, arrange
from seedwise.sources.layouts.beside import settings_beside
from seedwise.sources.layouts.layout import RUN_NAME, has_seed, has_variant, is_evaluation, says_its_run
from seedwise.sources.layouts.means import refuse_means
from seedwise.sources.layouts.names import name_runs, usual, with_columns
from seedwise.sources.layouts.patterns import parse_pattern
from seedwise.sources.options import Options
from seedwise.sources.places import find_files, shown
from seedwise.sources.tables.columnar import table_of_frame
from seedwise.sources.tables.files import STDIN, load, parse
from seedwise.sources.tables.table import Table, joined

_FOLDERS = "runs/{variant}/seed{seed}/"


def open_table(source: str, options: Options) -> Table:
    """Read the table that a path, a pattern or - for standard input names.

    Raises:
        UserError: there is no such file, one cannot be read, or nothing says which run a file is of.
    """
    if source == STDIN:
        return _whole(_read(None, options), options)
    files = find_files(source)
    tables = [_read(path, options) for path in files]
    evaluation = as_one(tables)
    tables = _told_apart(files, tables, shown(source), options)
    return _whole(replace(joined(tables, shown(source)), evaluation=evaluation), options)


def _read(path: Path | None, options: Options) -> Table:
    """Read one file, or standard input if `path` is None: the log of an evaluation, or a table of any layout."""
    if path is not None and path.is_file():
        try:
            with path.open("rb") as stream:  # a log can be large, and little of it is needed
                log = read_log(stream, shown(str(path)), path, options)
        except OSError:
            log = None  # which reading it as a table will report
        if log is not None:
            return log
    content, name, file = load(path)
    unpacked = path.with_name(file) if path is not None and file else Path()
    log = read_log(io.BytesIO(content), name, unpacked, options)
    return log or arrange(parse(content, name, file, options.files), options)


def open_frame(frame: Any, options: Options, name: str = "the data frame") -> Table:
    """Read the table that a data frame of pandas or polars is; that of polars by its columns, without pyarrow.

    Raises:
        UserError: it is no data frame, or two of its columns have one name.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name or options.metrics[0])
    if not isinstance(frame, pd.DataFrame):
        if hasattr(frame, "collect") and not hasattr(frame, "to_dict"):
            frame = frame.collect()  # a lazy frame of polars
        if not hasattr(frame, "to_dict"):
            raise UserError(f"found {type(frame).__name__}; need a path, or a data frame of pandas or polars")
        columns = {name: list(values) for name, values in frame.to_dict(as_series=False).items()}
        frame = pd.DataFrame({name: pd.Series(values, dtype=_kind(values)) for name, values in columns.items()})
    return _whole(arrange(table_of_frame(frame, name), options), options)


def _kind(values: Sequence[object]) -> str:
    """Return a type that keeps values exact: float only where all are floats, which large whole numbers do not fit."""
    return "float64" if values and all(isinstance(value, float) or value is None for value in values) else "object"


def _whole(table: Table, options: Options) -> Table:
    """Add what the names of runs say, and say first what the table was read as."""
    if table.evaluation is not None:
        table = settled(table, options)
    else:
        table = name_runs(table, options)
        refuse_means(table, options)
    if not table.layout:
        return table
    return replace(table, notes=(f"{table.name} was read as {table.layout}.", *table.notes))


def _told_apart(files: Sequence[Path], tables: Sequence[Table], name: str, options: Options) -> list[Table]:
    """Add to each file's rows what its path, or a file beside it, says about its run."""
    if options.path_name is not None:
        place = options.named("path-name")
        pattern = parse_pattern(options.path_name, place, path=True)
        read = pattern.read_all([path.as_posix() for path in files], "file")
        return [_saying(table, keys, place) for table, keys in zip(tables, read, strict=True)]
    if any(table.evaluation for table in tables):
        return list(tables)
    known = [says_its_run(table, options) for table in tables]
    if all(known):
        return list(tables)
    tables, tool = _with_settings(files, tables, options)
    if tool or (len(files) == 1 and not _is_one_run(tables[0], options)):
        return tables
    lacking = [table for table in tables if not says_its_run(table, options)]
    if not lacking or all(RUN_NAME in table.columns for table in tables):
        return tables
    found = usual(_tails(files)[0], words=True) if len(files) > 1 and not is_evaluation(options) else None
    if found is not None and _agree(tables, [keys["seed"] for keys in found[0]], options):
        read, pattern_text = found[0], found[1] + _tails(files)[1]
        note = (
            f"Variant and seed were read from the paths of the files, as {pattern_text} "
            f"({_spell_path_name(options, pattern_text)} with another pattern says otherwise)."
        )
        return [_saying(table, keys, "").noting(note) for table, keys in zip(tables, read, strict=True)]
    same = len({path.name for path in files}) == 1
    example = f"{_FOLDERS}{files[0].name}" if same else f"{{variant}}_seed{{seed}}{files[0].suffix}"
    if is_evaluation(options):
        example = f"{{variant}}/{files[0].name}" if same else f"{{variant}}{files[0].suffix}"
    if len(files) == 1:
        every = re.sub(r"\{.*?\}", "*", example)
        raise UserError(
            f"{name}: {lacking[0].layout}, of one run. Name the files of all runs with a pattern in quotes, and say "
            f"how their paths are made, as in '{every}' {_spell_path_name(options, example)}"
        )
    what = (
        "variant"
        if has_seed(lacking[0], options) or options.number_runs
        else "seed"
        if has_variant(lacking[0], options)
        else "variant and seed"
    )
    raise UserError(
        f"{name}: {quantity(len(files), 'file')}, and nothing in {lacking[0].name} says the {what} of its run; "
        f"name the column ({options.spelled('variant' if what != 'seed' else 'seed', 'COLUMN')}), or say how the paths "
        f"are made: {_spell_path_name(options, example)}"
    )


def _agree(tables: Sequence[Table], seeds: Sequence[str], options: Options) -> bool:
    """Whether no file says a variant, or another seed than its path."""
    for table, seed in zip(tables, seeds, strict=True):
        own = find(table.columns, options.seed or "seed")
        if has_variant(table, options) or {read_seed(text) for name in own for text in table.text(name)} - {int(seed)}:
            return False
    return True


def _is_one_run(table: Table, options: Options) -> bool:
    """Whether a single file holds the history of one run, so that only its path can say which."""
    return table.layout in ONE_RUN and not (has_variant(table, options) or has_seed(table, options))


def _spell_path_name(options: Options, pattern: str) -> str:
    return options.quoted("path-name", pattern)


def _saying(table: Table, keys: Mapping[str, str], place: str) -> Table:
    return with_columns(table, None, {"": dict(keys)}, place)


def _tails(files: Sequence[Path]) -> tuple[list[str], str]:
    """Return what distinguishes the paths, without the folders and the ending that all have; and that ending."""
    paths = [path.as_posix() for path in files]
    folder = os.path.commonpath([path.rpartition("/")[0] for path in paths]) if "/" in paths[0] else ""
    rests = [path.removeprefix(f"{folder}/") if folder else path for path in paths]
    parts = [rest.split("/") for rest in rests]
    shared: list[str] = []
    while (
        all(len(names) > len(shared) + 1 for names in parts) and len({names[-len(shared) - 1] for names in parts}) == 1
    ):
        shared.insert(0, parts[0][-len(shared) - 1])
    endings = {path.suffix for path in files}
    ending = f"/{'/'.join(shared)}" if shared else endings.pop() if len(endings) == 1 else ""
    return [rest.removesuffix(ending) for rest in rests], ending


def _with_settings(files: Sequence[Path], tables: Sequence[Table], options: Options) -> tuple[list[Table], str]:
    """Add the settings that tools left beside the files; those that all files share only if they have a role."""
    beside = [settings_beside(path) for path in files]
    if not any(settings for settings, _ in beside):
        return list(tables), ""
    without = [str(path) for path, (settings, _) in zip(files, beside, strict=True) if not settings]
    if without:
        raise UserError(
            f"{shown(without[0])}: no settings beside it, as {quantity(len(files) - len(without), 'other file')} "
            f"{'has' if len(files) - len(without) == 1 else 'have'}; leave it out, or say how the paths are made: "
            f"{_spell_path_name(options, f'{_FOLDERS}{files[0].name}')}"
        )
    tool = beside[0][1]
    keys = list(dict.fromkeys(key for settings, _ in beside for key in settings))
    wanted = [*(part for name in options.variant for part in [name, *name.split(",")]), options.seed, options.dataset]
    wanted += ["variant", "seed", *(re_name for re_name in options.where_columns)]
    roles = {key for name in wanted if name for key in find([f"config.{key}" for key in keys], name)}
    kept = [key for key in keys if f"config.{key}" in roles or len({settings.get(key) for settings, _ in beside}) > 1]
    left = len(keys) - len(kept)
    arranged = []
    for table, (settings, _) in zip(tables, beside, strict=True):
        named = {f"config.{key}": settings.get(key, "") for key in kept}
        arranged.append(_saying(table, {key: text for key, text in named.items() if key not in table.columns}, ""))
    note = (
        f"Settings of each run were read from the files that {tool} left beside {'it' if len(files) == 1 else 'them'}"
    )
    note += (
        f"; {quantity(left, 'setting')} that all runs share {'is' if left == 1 else 'are'} left out." if left else "."
    )
    return [table.noting(note) for table in arranged], tool
