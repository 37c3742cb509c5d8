"""What a layout is: a way to write down runs that some tool or habit has, and how it becomes rows of runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seedwise.sources.columns import bare, find
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

RUN_NAME = "run_name"
"""The column in which a layout leaves the names of its runs, where they have nothing else."""


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        name: for `--layout`.
        phrase: completes "X was read as …".
        signs: what it is recognised by, for the message where it was named and does not fit.
        recognise: whether a table has it. It says yes only where nothing else is likely.
        convert: makes rows of runs, or of steps of runs; None where the table has them already.
        forced: as `recognise`, where the user named the layout; None is the same.
        steps: whether each row is a step of a run.
        one_run: whether a file is of one run, so that its path must say which, unless a column does.
    """

    name: str
    phrase: str
    signs: str
    recognise: Callable[[Table, Options], bool]
    convert: Callable[[Table, Options], Table] | None = None
    forced: Callable[[Table, Options], bool] | None = None
    steps: bool = False
    one_run: bool = False


def lower(table: Table) -> set[str]:
    """Return the names of a table's columns in lower case, with _ for blanks."""
    return {column.strip().lower().replace(" ", "_") for column in table.columns}


def file_name(table: Table) -> str:
    """Return the name of the file that a table is from, without its folder."""
    return table.name.rpartition("/")[2]


def has_variant(table: Table, options: Options) -> bool:
    """Whether a column is, or is said to be, the variant."""
    return bool(options.variant or find(table.columns, "variant"))


def is_evaluation(options: Options) -> bool:
    """Whether the rows are answers to examples, which need no seed."""
    return options.sample == "examples" or (options.example is not None and options.sample is None)


def has_seed(table: Table, options: Options) -> bool:
    """Whether a column is, or is said to be, the seed, or none is needed."""
    return is_evaluation(options) or bool(options.seed or find(table.columns, "seed"))


def says_its_run(table: Table, options: Options) -> bool:
    """Whether each row says which run it is of, as far as that is needed."""
    return has_variant(table, options) and (has_seed(table, options) or options.number_runs)


def has_metrics(table: Table, options: Options) -> bool:
    """Whether the compared metrics are columns."""
    return all(find(table.columns, name) for name in options.metrics)


def is_named(column: str, names: frozenset[str] | tuple[str, ...]) -> bool:
    """Whether a column has one of some names, in lower case with _ for blanks, after any prefix of a tool."""
    return bare(column).strip().lower().replace(" ", "_") in names
