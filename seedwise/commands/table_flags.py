"""Flags that say what the columns of a table are, how its cells are written and which rows count."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import enumerate_words
from seedwise.sources.choices import DECIMALS, DUPLICATES, LAYOUTS, SAMPLES, THOUSANDS

if TYPE_CHECKING:
    from seedwise.sources.options import Options

Add = Callable[..., None]


def adding(group: argparse._ArgumentGroup, flags: list[str]) -> Add:
    """Return a function that adds a flag to `group`, and its names to `flags`."""

    def add(*names: str, **options: Any) -> None:
        flags.extend(names)
        group.add_argument(*names, **options)

    return add


def add_table_flags(parser: argparse.ArgumentParser, flags: list[str]) -> None:
    """Add the flags to `parser`, and their names to `flags`."""

    def group(title: str) -> Add:
        return adding(parser.add_argument_group(title), flags)

    columns = group("columns, where they have other names than variant, seed and status")
    columns("--variant", metavar="COLUMN", action="append", help="the variant; several columns, --variant model,lr")
    columns("--seed", metavar="COLUMN", help="the seed")
    columns(
        "--number-runs",
        action="store_true",
        help="the table has no seeds: each row is a run, numbered in the order of the table",
    )
    columns("--status", metavar="COLUMN", help="how runs ended")
    columns("--created", metavar="COLUMN", help="when they were made, to tell the latest of several")
    columns("--dataset", metavar="COLUMN", help="on what they ran: a verdict for each, corrected together")
    columns("--ignore", metavar="COLUMN", action="append", help="a column that may vary between runs of a variant")

    answers = group("evaluations: the table has one row per answer")
    answers(
        "--sample",
        choices=SAMPLES,
        help="what the rows are: runs, or answers to examples; examples if --example is given",
    )
    answers(
        "--example", metavar="COLUMN", help="what was asked; compares variants example by example (docs/evaluations.md)"
    )
    answers("--cluster", metavar="COLUMN", help="what examples share, such as a text, so that they are not independent")
    answers("--repeat", metavar="COLUMN", help="the number of the answer, where a model answered several times")
    answers("--judge", metavar="COLUMN", help="who scored the answer, where several did")
    answers("--digest", metavar="COLUMN", help="digest of what was asked: an example with two of them is refused")

    rows = group("rows")
    rows(
        "--where", metavar="COLUMN=VALUE", action="append", help="only rows with that value, or without: COLUMN!=VALUE"
    )
    rows("--map", metavar="OLD=NEW", action="append", help="another name for a variant")
    rows(
        "--state", metavar="WORD=MEANING", action="append", help="what a word of the status means: finished, failed, …"
    )
    rows(
        "--duplicates",
        choices=DUPLICATES,
        help="which of several runs with one seed counts: by date, or by row; default latest",
    )
    rows(
        "--take",
        metavar="ROW",
        help="of a run with a row per step: last (default), first, best, best:COLUMN, mean-last:5",
    )

    cells = group("files and cells; found out where possible")
    cells("--decimal", choices=DECIMALS, default=".", help="decimal mark")
    cells("--thousands", choices=THOUSANDS, help="mark between groups of three digits")
    cells("--encoding", metavar="NAME", help="encoding of text, such as utf-16")
    cells("--separator", metavar="CHARACTER", help="between cells; \\t is a tab")
    cells("--table", metavar="NAME", help="sheet of an Excel file, or table of a database")
    cells(
        "--layout",
        metavar="NAME",
        help=f"layout of the table: {enumerate_words(LAYOUTS, 'or')}; rows has one row per run",
    )
    cells("--run-name", metavar="PATTERN", help="what run names say, such as {variant}-s{seed}")
    cells("--path-name", metavar="PATTERN", help="what paths say, such as runs/{variant}/seed{seed}/metrics.csv")


def table_options(arguments: argparse.Namespace) -> Options:
    """Return what the flags say.

    Raises:
        UserError: a flag cannot be understood.
    """
    from seedwise.sources.cells.numbers import NumberFormat
    from seedwise.sources.options import Options, parse_pairs, parse_states
    from seedwise.sources.tables.files import FileOptions
    from seedwise.sources.taking import parse_take

    if arguments.decimal == arguments.thousands:
        raise UserError(f"--thousands {arguments.thousands}: that is the decimal mark; --decimal says otherwise")
    separator = "\t" if arguments.separator == "\\t" else arguments.separator
    if separator is not None and len(separator) != 1:
        raise UserError(f"--separator: found {quote(arguments.separator)}; write one character, or \\t for a tab")
    try:
        take = parse_take(arguments.take) if arguments.take else None
    except UserError as error:
        raise UserError(f"--take: {error}") from None
    return Options(
        metrics=tuple(arguments.metric or ()),
        variant=tuple(arguments.variant or ()),
        baseline=arguments.baseline,
        seed=arguments.seed,
        number_runs=arguments.number_runs,
        status=arguments.status,
        created=arguments.created,
        dataset=arguments.dataset,
        sample=arguments.sample,
        example=arguments.example,
        cluster=arguments.cluster,
        repeat=arguments.repeat,
        judge=arguments.judge,
        digest=arguments.digest,
        where=tuple(arguments.where or ()),
        ignore=tuple(arguments.ignore or ()),
        rename=parse_pairs(arguments.map or (), "--map"),
        states=parse_states(parse_pairs(arguments.state or (), "--state"), "--state"),
        numbers=NumberFormat(arguments.decimal, arguments.thousands),
        files=FileOptions(arguments.encoding, separator, arguments.table),
        duplicates=arguments.duplicates,
        layout=arguments.layout,
        take=take,
        run_name=arguments.run_name,
        path_name=arguments.path_name,
        higher_is_better=arguments.higher_is_better,
    )
