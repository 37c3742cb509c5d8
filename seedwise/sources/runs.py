"""From a table of any kind to one row per run: what is ambiguous is refused, what is left out is said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, plain, quote
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.runs.direction import higher_is_better
from seedwise.sources.cells.dates import read_dates
from seedwise.sources.cells.numbers import MISSING, NumberFormat, Numbers, advice, is_number, read_numbers
from seedwise.sources.cells.seeds import read_seeds, through_float
from seedwise.sources.cells.states import GRAVEST, STATES, State, meaning
from seedwise.sources.columns import Columns, bare, find, find_columns, missing, shortened_name, simple
from seedwise.sources.history import EMPTY, take_rows
from seedwise.sources.options import Options
from seedwise.sources.replicates import SETTINGS, refuse_mixed, refuse_several
from seedwise.sources.settings import RESERVED
from seedwise.sources.tables.table import Table

NAMES = ("source_run", "run id", "run_id", "id", "trial_id", "run_name", "tags.mlflow.runname", "name", "run")
"""Columns with the name of a run, in lower case; the first that a table has counts."""
IDS = ("source_run", "run id", "run_id", "id", "trial_id")
"""Those that tell two runs of one variant and seed apart."""
VARIANT, SEED, STATUS, REASON, RUN, DATASET = RESERVED
_ANSWERS = 30  # rows of a variant from which 0 and 1 look like answers
_SHOWN = 12  # runs that a note names one by one


@dataclass(frozen=True)
class RunTable:
    """Runs, one row each.

    Attributes:
        runs: variant, seed, the metrics by the names that the user gave, status (finished, diverged or failed), reason,
            source_run (what the source calls it), and dataset if one was named.
        notes: sentences about whatever was left out, assumed or recognised.
        found: how many rows or runs the source lists.
    """

    runs: pd.DataFrame
    notes: tuple[str, ...]
    found: int


def read_runs(table: Table, options: Options, declared: Sequence[str] = ()) -> RunTable:
    """Make one row per run of a table.

    Metrics that nobody named come along if their name says which way is better, or if our trackers recorded them.

    Args:
        table: whose rows are runs, or steps of runs.
        options: what the user says about it.
        declared: the variants of a study; rows of others, or without a variant or seed, are listed and left out. If
            none are declared, every row must have both.

    Raises:
        UserError: the table lacks a column, holds what cannot be read, pools several experiments, or has two runs of
            one variant and seed and nothing says which counts.
    """
    found = len(table.frame)
    if not found:
        raise UserError(f"{table.name}: only a header, no runs below it")
    if table.evaluation is not None and options.sample != "runs":
        way = options.spelled("sample", "examples")
        raise UserError(f"{table.name}: {table.layout}, whose rows are answers, not runs; add {way}")
    table = meeting(table, options)
    columns = find_columns(table, options)
    runs, notes = _identified(table, columns, options, declared)
    runs, more = _with_states(table, runs, columns, options)
    notes += more
    rows = runs["_row"].to_numpy()
    for name, column in zip(options.metrics, columns.metrics, strict=True):
        numbers = _numbers(table, column, runs, options)
        runs[name], runs[EMPTY + name] = numbers.at(rows)
        notes += numbers.notes
    others = _other_metrics(table, columns, options)
    for name, numbers in others.items():
        runs[name], runs[EMPTY + name] = numbers.at(rows)
    if columns.dataset:
        runs[DATASET] = table.text(columns.dataset).to_numpy()[rows]
        _refuse_datasets(table, runs, columns.dataset, options)
    cell = [VARIANT, SEED, *([DATASET] if columns.dataset else [])]
    own = ["_id"] if "_id" in runs else []
    taken, more = take_rows(table, runs, [*cell, *own], [*options.metrics, *others], options)
    if len(taken) < len(runs):
        refuse_several(table, runs, [*cell, *own], columns, options)
    runs = taken
    notes += more
    _refuse_answers(table, runs, columns, options)
    refuse_mixed(table, runs, columns, options)
    runs, more = _with_outcomes(table, runs, options.metrics[0])
    notes += more
    runs, more = _one_each(table, runs, cell, columns, options)
    notes += more
    runs[SEED] = _of_one_kind(runs[SEED])
    given = [name for name in others if runs[name].notna().any()]
    kept = [VARIANT, SEED, STATUS, REASON, *cell[2:], *options.metrics, *given, RUN]
    return RunTable(runs[kept].reset_index(drop=True), tuple(dict.fromkeys([*table.notes, *notes])), found)


def meeting(table: Table, options: Options) -> Table:
    """Return the rows that meet the user's conditions."""
    for condition in options.where:
        matched = re.fullmatch(r"(.*?)(!?=)(.*)", condition, re.DOTALL)
        spelled = options.spelled("where", condition)
        if matched is None:
            raise UserError(f"{spelled}: write COLUMN=VALUE or COLUMN!=VALUE")
        name, relation, value = (part.strip() for part in matched.groups())
        found = find(table.columns, name)
        if not found and (name.endswith(("<", ">")) or value.startswith("=")):
            raise UserError(f"{spelled}: only COLUMN=VALUE and COLUMN!=VALUE are known; filter the table otherwise")
        if value.startswith("=") and value not in set(table.text(found[0]) if found else ()):
            value = value.lstrip("= ")
        if len(found) != 1:
            raise UserError(f"{spelled}: {missing(name, table.columns)}")
        texts = table.text(found[0])
        equal = (texts == value).to_numpy(copy=True)
        if is_number(value):
            number = float(value)
            equal |= np.array([is_number(text) and float(text) == number for text in texts], dtype=bool)
        chosen = equal if relation == "=" else ~equal
        if not chosen.any():
            seen = shortened([shortened_name(text) for text in texts.unique()], 6)
            raise UserError(f"{spelled}: no row meets it; {found[0]} is {seen}")
        if not chosen.all():
            left = int((~chosen).sum())
            rows = f"{quantity(left, 'row')} that {'does' if left == 1 else 'do'} not meet {condition}"
            table = table.where(chosen).noting(f"{rows} left out, as asked.")
    return table


def _identified(
    table: Table, columns: Columns, options: Options, declared: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the variant, seed and name of each row that counts, and notes about the others."""
    variants = variants_of(table, columns.variant, options)
    texts = _ungrouped(table, str(columns.seed), options)
    rounded = through_float(texts).to_numpy()
    if rounded.any():
        row = int(rounded.argmax())
        raise UserError(
            f"{table.place(row)}: the seed {texts[row]} was rounded when it was stored as a float, so that two seeds "
            "can have become one; store seeds as whole numbers or as text"
        )
    runs = pd.DataFrame({VARIANT: variants, SEED: read_seeds(texts), RUN: _names(table, columns)})
    identity = _column(table, IDS, columns)
    if identity is not None:
        runs["_id"] = table.text(identity)
    runs["_row"] = np.arange(len(runs))
    named = (runs[VARIANT] != "") & runs[SEED].notna()
    named &= ~texts.str.lower().isin([*MISSING, "nan"])
    notes = []
    if not named.all():
        if not declared:
            raise UserError(_unnamed(table, runs, named, columns))
        notes.append(note(runs[RUN][~named], "not counted: the source does not say its variant or seed"))
    if declared:
        strange = named & ~runs[VARIANT].isin(list(declared))
        if strange.any():
            notes.append(note(labels(runs[strange]), "not counted: its variant is not in the config"))
        named &= ~strange
        if not named.any():
            there = shortened(sorted(set(runs[VARIANT][strange])), 12) or "none"
            raise UserError(f"variants: {table.name} has no run of any declared variant; variants found: {there}")
    else:
        refuse_alike(table, runs[VARIANT], options)
    return runs[named].reset_index(drop=True), notes


def _ungrouped(table: Table, column: str, options: Options) -> pd.Series:
    """Return the seeds as text, without marks between groups of digits if the user says that there are some."""
    texts = table.text(column)
    grouped = texts.str.fullmatch(r"[1-9][0-9]{0,2}([,' ][0-9]{3})+")
    if not grouped.any():
        return texts
    mark = options.numbers.thousands
    if mark:
        return texts.where(~grouped, texts.str.replace(mark, "", regex=False))
    if texts.str.fullmatch(r"[0-9]+").any():
        row = int(grouped.to_numpy().argmax())
        found = next(sign for sign in ",' " if sign in texts[row])
        raise UserError(
            f"{table.place(row)}: the seed is {quote(texts[row])}, others are written without a mark; if it groups "
            f"digits, add {options.spelled('thousands', found)}"
        )
    return texts


def variants_of(table: Table, columns: Sequence[str], options: Options) -> pd.Series:
    """Return the variant of each row, by the name that the user gives it; empty where the table has none."""
    first = table.text(columns[0])
    whole = first
    if len(columns) > 1:
        names = [bare(column) for column in columns[1:]]
        texts = zip(first, *(table.text(column) for column in columns[1:]), strict=True)
        whole = pd.Series([_finer(text, dict(zip(names, more, strict=True))) for text, *more in texts], dtype="str")
    if options.rename:
        there = list(whole.unique())
        for old in options.rename:
            if old not in there:
                guess = nearest(old, there)
                hint = f"; did you mean {quote(guess)}?" if guess else f"; variants: {shortened(there, 8)}"
                raise UserError(f"{options.spelled('map', f'{old}={options.rename[old]}')}: no such variant{hint}")
        whole = whole.replace(dict(options.rename))
    return whole


def _finer(variant: str, settings: Mapping[str, str]) -> str:
    """Name a variant that several columns make, without those that are empty: `resnet (lr=0.1, width=2)`."""
    given = ", ".join(f"{name}={text}" for name, text in settings.items() if text)
    return f"{variant} ({given})" if variant and given else variant


def _column(table: Table, names: Sequence[str], columns: Columns) -> str | None:
    taken = columns.named
    by_name = {column.strip().lower(): column for column in reversed(table.columns) if column not in taken}
    return next((by_name[name] for name in names if name in by_name), None)


def _names(table: Table, columns: Columns) -> pd.Series:
    """Return what the source calls each row."""
    places = f"{table.unit} " + pd.Series(table.places).astype("str")
    column = _column(table, NAMES, columns)
    if column is None:
        return places
    names = table.text(column)
    return names.where(names != "", places)


def _unnamed(table: Table, runs: pd.DataFrame, named: pd.Series, columns: Columns) -> str:
    rows = np.flatnonzero(~named)
    without = VARIANT if (runs[VARIANT].iloc[rows] == "").any() else SEED
    if without == SEED and len(rows) == len(runs):
        return f"{table.name}: no run has a seed (the column {columns.seed} is empty); number the runs of each variant"
    where = table.place(int(rows[0])) if len(rows) == 1 else f"{table.name}, {table.lines(rows)}"
    return f"{where}: the run has no {without}; fill it in, or delete the row if it is no run"


def refuse_alike(table: Table, variants: pd.Series, options: Options) -> None:
    """Refuse variants whose names differ in capitals or blanks only; raises UserError with the way on."""
    seen: dict[str, str] = {}
    for variant in variants.unique():
        other = seen.setdefault(_looks(str(variant)), variant)
        if other != variant and variant not in options.rename.values() and other not in options.rename.values():
            old, new = (other, variant) if variant.isascii() and not other.isascii() else (variant, other)
            raise UserError(
                f"{table.name}: the variants {_distinctly(other, variant)}; if they are one, add "
                f"{options.spelled('map', f'{old}={new}')}; else give one of them another name in the same way"
            )


def _looks(name: str) -> str:
    """Return what names that a reader takes for one have in common."""
    text = unicodedata.normalize("NFKC", name)
    text = " ".join("".join(mark for mark in text if unicodedata.category(mark) != "Cf").casefold().split())
    return repr(float(text)) if is_number(text) else text


def _distinctly(one: str, other: str) -> str:
    """Write two names that look the same so that a reader sees how they differ."""
    if " ".join(one.casefold().split()) == " ".join(other.casefold().split()):
        return f"{quote(one)} and {quote(other)} differ only in capitals or blanks"
    if one.isascii() and other.isascii():
        return f"{quote(one)} and {quote(other)} are one number"
    return f"{one!a} and {other!a} look the same"


def _refuse_datasets(table: Table, runs: pd.DataFrame, column: str, options: Options) -> None:
    """Refuse rows without a dataset, and datasets that look the same; raises UserError."""
    without = runs["_row"][runs[DATASET] == ""]
    if len(without):
        way = options.spelled("where", f"{bare(column)}!=")
        raise UserError(
            f"{table.name}, {table.lines(without)}: {column} is empty; fill it in, or leave such rows out with {way}"
        )
    seen: dict[str, str] = {}
    for name in runs[DATASET].unique():
        other = seen.setdefault(_looks(name), name)
        if other != name:
            raise UserError(
                f"{table.name}: the datasets {_distinctly(other, name)}; write one name in all rows, or "
                f"leave one out with {options.spelled('where', f'{bare(column)}!={name}')}"
            )


def _with_states(
    table: Table, runs: pd.DataFrame, columns: Columns, options: Options
) -> tuple[pd.DataFrame, list[str]]:
    """Add how each run ended, and leave out those that have not."""
    rows = runs["_row"].to_numpy()
    ranks = np.full(len(rows), len(GRAVEST) - 1)
    words = np.full(len(rows), "", dtype=object)
    for column in columns.status:
        codes, texts = pd.factorize(table.text(column).iloc[rows])
        read = _states(table, rows[np.unique(codes, return_index=True)[1]], column, list(texts), options)
        rank = np.array([GRAVEST.index(state) for state in read])[codes]
        graver = rank < ranks
        ranks[graver], words[graver] = rank[graver], np.asarray(texts, dtype=object)[codes[graver]]
    states = np.array(GRAVEST, dtype=object)[ranks]
    given = find(table.columns, REASON)
    if len(given) == 1:
        reasons = table.text(given[0]).iloc[rows].to_numpy()
        words = np.where(reasons != "", reasons, words)
    runs = runs.copy()
    tidy = {word: " ".join(word.split()) for word in set(words)}
    runs[STATUS], runs[REASON] = states, [tidy[word] for word in words]
    runs.loc[runs[STATUS] == "finished", REASON] = ""
    running = runs[STATUS] == "running"
    if not running.any():
        return runs, []
    if running.all():
        raise UserError(f"{table.name}: no run has ended yet, as {columns.status[0]} says")
    return runs[~running].reset_index(drop=True), [note(labels(runs[running]), "not counted: still running")]


def _states(table: Table, rows: NDArray[np.intp], column: str, texts: Sequence[str], options: Options) -> list[State]:
    """Return what each different word of a column means; `rows` are the first with each of them."""
    known: dict[str, State | None] = {text: meaning(text, options.states, simple(column)) for text in set(texts)}
    if "" in known and known[""] is None:
        # Without any other word for it, an empty cell is the word for a run that ended well.
        known[""] = None if "finished" in known.values() else "finished"
    for row, text in zip(rows, texts, strict=True):
        if known[text] is None:
            pair = options.spelled("state", f"{text}={'finished' if not text else 'failed'}")
            says = (
                f"{column} is {quote(shortened_name(text))}, which does not say how the run ended"
                if text
                else (f"{column} is empty, where others say how their run ended")
            )
            raise UserError(
                f"{table.place(row)}: {says}. Known words mean {', '.join(STATES)}; say what this one means with "
                f"{pair}, or {options.spelled('ignore', column)} if the column is about something else"
            )
    return [state for text in texts if (state := known[text]) is not None]


def _numbers(table: Table, column: str, runs: pd.DataFrame, options: Options) -> Numbers:
    counted = runs.loc[runs[STATUS] == "finished", "_row"].to_numpy()
    return numbers_of(table, column, counted, options, "if the run has no result")


def numbers_of(table: Table, column: str, counted: NDArray[np.intp], options: Options, when: str) -> Numbers:
    """Read a column of numbers.

    Args:
        table: where it is.
        column: its name.
        counted: the rows whose number counts.
        options: how numbers are written.
        when: in which case a cell of it may be empty, for a message.

    Raises:
        UserError: a cell that counts cannot be read.
    """
    numbers = read_numbers(table.frame[column], column, options.numbers)
    strange = np.intersect1d(numbers.strange, counted) if len(numbers.strange) else numbers.strange
    if not len(strange):
        return numbers
    texts = table.text(column)
    row = int(strange[0])
    more = f" (and {quantity(len(strange) - 1, 'other cell')} of this column)" if len(strange) > 1 else ""
    cells = [texts[index] for index in strange]
    ways = [
        " ".join(options.spelled(name, mark) for name, mark in marks.items())
        for marks in advice(cells)
        if not (marks.keys() == {"thousands"} and options.numbers.decimal == marks["thousands"])
    ]
    if options.numbers != NumberFormat() and all(map(is_number, cells)):
        remedy = "other cells are written with another mark; correct one or the other"
    elif len(ways) == 2:
        remedy = f"if the mark stands before the fraction, add {ways[0]}; if it groups digits, {ways[1]}"
    elif ways:
        remedy = f"add {ways[0]} if that is how numbers are written here"
    elif texts[row].endswith("%"):
        remedy = "give every cell of the column the sign, or none"
    else:
        remedy = f"correct it, or leave the cell empty {when}"
    raise UserError(
        f"{table.place(row)}: {column} is {quote(shortened_name(texts[row]))}, not a number{more}; {remedy}"
    )


def _other_metrics(table: Table, columns: Columns, options: Options) -> dict[str, Numbers]:
    """Read the columns of numbers that are metrics by their name."""
    found: dict[str, Numbers] = {}
    for column in table.columns:
        name = bare(column)
        ours = "final/" in column
        if column in columns.named or name in (*RESERVED, *options.metrics, *found) or not name:
            continue
        if ours or (name.lower() not in SETTINGS and higher_is_better(name) is not None):
            numbers = read_numbers(table.frame[column], column, options.numbers)
            if not len(numbers.strange) and not numbers.missing.all():
                found[name] = numbers
    return found


def _with_outcomes(table: Table, runs: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, list[str]]:
    """Count a run without a finite value of the metric that decides as lost."""
    notes = []
    values = runs[metric].to_numpy(dtype=np.float64)
    ended = (runs[STATUS] == "finished").to_numpy()
    absent = ended & runs[EMPTY + metric].to_numpy()
    infinite = ended & ~absent & ~np.isfinite(values)
    runs = runs.copy()
    for row in runs["_row"][absent]:
        if int(table.places[row]) in table.short:
            raise UserError(
                f"{table.place(row)}: fewer cells than the header has, and so no {metric}; was the file cut off? "
                "Complete the row, or delete it"
            )
    if absent.any():
        notes.append(note(labels(runs[absent]), f"counted as failed: no {metric}"))
        runs.loc[absent, STATUS], runs.loc[absent, REASON] = "failed", f"has no {metric}"
    if infinite.any():
        notes.append(note(labels(runs[infinite]), f"counted as diverged: its {metric} is not finite"))
        runs.loc[infinite, REASON] = [f"{metric} is {value:g}" for value in values[infinite]]
        runs.loc[infinite, STATUS], runs.loc[infinite, metric] = "diverged", np.nan
    return runs, notes


def _one_each(
    table: Table, runs: pd.DataFrame, cell: Sequence[str], columns: Columns, options: Options
) -> tuple[pd.DataFrame, list[str]]:
    """Choose one of several runs of a variant and seed; one without a result counts only where none has a result."""
    repeated = runs.duplicated(list(cell), keep=False)
    if not repeated.any():
        return runs, []
    dates = _dates(table, columns)
    replaced: dict[str, list[str]] = {}
    dropped: list[int] = []
    for _, group in runs[repeated].groupby(list(cell), sort=False):
        results = group[group[STATUS] != "failed"]
        if len(results) > 1:
            chosen = _counting(table, results, dates, columns, options)
        else:
            chosen = int((results if len(results) else group).index[-1])
        others = group.index[group.index != chosen]
        dropped += [int(index) for index in others]
        for index in others:
            why = f"{options.duplicates} counts" if index in results.index else "without a result"
            text = f"replaced by {runs[RUN][chosen]} ({why})"
            replaced.setdefault(text, []).extend(labels(runs.loc[[index]]))
    notes = [note(labels, what) for what, labels in replaced.items()]
    return runs.drop(index=dropped).reset_index(drop=True), notes


def _refuse_answers(table: Table, runs: pd.DataFrame, columns: Columns, options: Options) -> None:
    """Refuse to take the answers of an evaluation, each right or wrong, for runs."""
    if options.sample == "runs":
        return
    metric = options.metrics[0]
    values = runs.loc[runs[STATUS] == "finished", metric]
    count = int(runs[VARIANT].value_counts().max())
    if count >= _ANSWERS and values.isin([0, 1]).all():
        raise UserError(
            f"{table.name}: {metric} is 0 or 1 in all of up to {count} rows of a variant: are they answers to "
            f"questions? Then add {_as_answers(columns, options)}, so that the verdict is about new questions; else "
            f"{options.spelled('sample', 'runs')}"
        )


def _as_answers(columns: Columns, options: Options) -> str:
    example = options.spelled("example", str(columns.seed))
    return f"runs.sample: examples and {example}" if options.spelling == "keys" else example


def _dates(table: Table, columns: Columns) -> list[float] | None:
    return read_dates(table.text(columns.created).tolist()) if columns.created else None


def _counting(
    table: Table, results: pd.DataFrame, dates: list[float] | None, columns: Columns, options: Options
) -> int:
    """Return the index of the run that counts among several with a result."""
    rows = results["_row"].to_numpy()
    if options.duplicates in ("first-row", "last-row"):
        return int(results.index[0 if options.duplicates == "first-row" else -1])
    row = results.iloc[0]
    what = f"{table.name}, {table.lines(rows)}: {row[VARIANT]} has seed {row[SEED]} {_times(len(rows))}"
    written = list(dict.fromkeys(table.text(str(columns.seed)).iloc[rows]))
    what += f" ({enumerate_words(written)} are one seed)" if len(written) > 1 else ""
    what += f" on {row[DATASET]}" if DATASET in results else ""
    if options.duplicates == "error":
        raise UserError(f"{what}; one run must not count twice: delete all but one, or say which counts")
    when = [dates[index] for index in rows] if dates else []
    if len(set(when)) == len(rows):
        order = np.argsort(when)
        return int(results.index[order[-1 if options.duplicates == "latest" else 0]])
    why = f"{columns.created} does not say which is newer" if columns.created else "no column says when they were made"
    raise UserError(
        f"{what}, and {why}. Say which counts: "
        f"{options.spelled('duplicates', 'first-row')} if the newest stands first, "
        f"as W&B and MLflow export, {options.spelled('duplicates', 'last-row')}, or "
        f"{options.spelled('created', _dated(table, columns) or 'COLUMN')} with their dates"
    )


def _dated(table: Table, columns: Columns) -> str | None:
    """Return a column that nobody named and that holds dates, for a message."""
    for column in table.columns:
        texts = table.text(column)
        if column not in columns.named and not texts.map(is_number).all() and read_dates(texts.tolist()) is not None:
            return column
    return None


def _times(count: int) -> str:
    return {2: "twice", 3: "three times"}.get(count, f"{count} times")


def _of_one_kind(seeds: pd.Series) -> list[int] | list[str]:
    """Return seeds that can be compared: whole numbers if all are, else text."""
    values = seeds.tolist()
    return values if all(isinstance(seed, int) for seed in values) else [str(seed) for seed in values]


def labels(runs: pd.DataFrame) -> list[str]:
    """Name runs in a note."""
    return [
        f"{plain(str(variant))} seed {seed} ({plain(str(name))})"
        for variant, seed, name in zip(runs[VARIANT], runs[SEED], runs[RUN], strict=True)
    ]


def note(named: Sequence[str] | pd.Series, what: str, noun: str = "run") -> str:
    """Say what became of some runs."""
    return f"{quantity(len(named), noun)} {what}: {shortened([str(name) for name in named], _SHOWN)}."
