"""Runs that only have a name: their variant and seed are read from it, as the user says or if it is plain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import shortened
from seedwise.sources.cells.seeds import read_seed
from seedwise.sources.columns import find
from seedwise.sources.layouts.layout import RUN_NAME, says_its_run
from seedwise.sources.layouts.patterns import parse_pattern
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

_NAMES = (RUN_NAME, "tags.mlflow.runname", "name", "run")
_EXAMPLE = "{variant}-s{seed}"


@dataclass(frozen=True)
class _Form:
    """A usual form of names, and the pattern that a user would write for it."""

    regex: re.Pattern[str]
    counts: bool = False  # whether its seeds must count from 0 or 1, because the form alone is not plain enough


_FORMS = (
    # CleanRL: f"{env_id}__{exp_name}__{seed}__{time}"
    _Form(re.compile(r"(?P<env>(?:(?!__).)+)__(?P<variant>(?:(?!__).)+)__(?P<seed>[0-9]+)__(?P<created>[0-9]{10})")),
    _Form(re.compile(r"(?P<variant>(?:(?!__).)+)__(?P<seed>[0-9]+)__(?P<created>[0-9]{10})")),
    _Form(re.compile(r"(?P<variant>.+?)(?P<mark>[-_ ./]+(?:seed|SEED|Seed)[-_= ]?)(?P<seed>[0-9]+)")),
    _Form(re.compile(r"(?P<variant>.+?)(?P<mark>[-_./]s)(?P<seed>[0-9]+)"), counts=True),
)


def spell_run_name(options: Options, pattern: str = _EXAMPLE) -> str:
    """Write the option that says how names of runs are made."""
    return options.quoted("run-name", pattern)


def name_runs(table: Table, options: Options) -> Table:
    """Add the variant and seed of runs that only have a name.

    A pattern of the user's counts for any table. Without one, only tables of a layout that knows no settings are read,
    and only if every name has one usual form.

    Raises:
        UserError: a name does not fit, can be read in two ways, or is in no usual form.
    """
    column = next((name for wanted in _NAMES for name in table.columns if name.strip().lower() == wanted), None)
    if options.run_name is not None:
        place = options.named("run-name")
        if column is None:
            raise UserError(f"{table.name}: no column with the names of runs, which {place} is about")
        pattern = parse_pattern(options.run_name, place)
        names = list(table.text(column).unique())
        return with_columns(table, column, dict(zip(names, pattern.read_all(names, "run name"), strict=True)), place)
    if RUN_NAME not in table.columns or says_its_run(table, options):
        return table
    names = list(table.text(RUN_NAME).unique())
    found = usual(names)
    if found is None:
        raise UserError(
            f"{table.name}: runs have only a name ({shortened([quote(name) for name in names], 3)}); say what it is "
            f"made of: {spell_run_name(options)}"
        )
    read, pattern_text = found
    note = (
        f"Variant and seed were read from the names of the runs, as {pattern_text} "
        f"({spell_run_name(options, pattern_text)} with another pattern says otherwise)."
    )
    return with_columns(table, RUN_NAME, dict(zip(names, read, strict=True)), "").noting(note)


def usual(names: Sequence[str], *, words: bool = False) -> tuple[list[dict[str, str]], str] | None:
    """Read names that all have one usual form, in which a seed cannot be anything else.

    Args:
        names: all of them, different from each other.
        words: whether the word `seed` itself must stand before each seed.

    Returns:
        What each name says, and the pattern; None if there is no such form.
    """
    for form in _FORMS[2:3] if words else _FORMS:
        matches = [form.regex.fullmatch(name) for name in names]
        found = [match.groupdict() for match in matches if match is not None]
        if not found or len(found) < len(names):
            continue
        marks = {groups.pop("mark", "") for groups in found}
        if len(marks) > 1 or any(_marked(groups["variant"]) for groups in found):
            continue
        seeds = sorted({int(groups["seed"]) for groups in found})
        if form.counts and (seeds[0] > 1 or seeds != list(range(seeds[0], seeds[0] + len(seeds))) or len(seeds) < 2):
            continue
        mark = marks.pop()
        return found, "__".join(f"{{{key}}}" for key in found[0]) if not mark else f"{{variant}}{mark}{{seed}}"
    return None


def _marked(text: str) -> bool:
    """Whether a variant's name itself says something of a seed, so that two readings are possible."""
    return bool(re.search(r"(?:^|[-_ ./])(?:seed[-_= ]?|s)[0-9]+(?:$|[-_ ./])", text, re.IGNORECASE))


def with_columns(table: Table, column: str | None, read: dict[str, dict[str, str]], place: str) -> Table:
    """Add columns by what a text says; `column` has the text of each row, or None if all rows have the same.

    Raises:
        UserError: the table has a column of that name which says something else.
    """
    texts = table.text(column).tolist() if column else [next(iter(read))] * len(table.frame)
    frame = table.frame.copy(deep=False)
    for key in next(iter(read.values()), {}):
        cells = pd.Series([read[text][key] for text in texts], dtype="str")
        there = find(table.columns, key) if key in ("variant", "seed") else [key] if key in table.columns else []
        for name in there:
            own = table.text(name)
            differing = [
                row
                for row, (one, other) in enumerate(zip(own, cells, strict=True))
                if read_seed(one) != read_seed(other)
            ]
            if differing and place:
                row = differing[0]
                raise UserError(
                    f"{table.place(row)}: {name} is {quote(own[row])}, and {place} reads {quote(cells[row])}; call the "
                    "placeholder otherwise, or use *"
                )
        if not there:
            frame[key] = cells
    return replace(table, frame=frame)
