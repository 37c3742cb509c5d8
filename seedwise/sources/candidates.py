"""What a user who left out the metric or the baseline may have meant, for the message that asks for it."""

from __future__ import annotations

from dataclasses import replace

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.basics.words import shortened
from seedwise.runs.direction import higher_is_better
from seedwise.sources.cells.numbers import FALSE, MISSING, TRUE, is_number
from seedwise.sources.columns import STEPS, shortened_name, simple, simple_step, split_names, usual_column
from seedwise.sources.identities import variants_of
from seedwise.sources.open import open_table
from seedwise.sources.options import Options
from seedwise.sources.replicates import HARMLESS, NOT_NUMBERS, SETTINGS
from seedwise.sources.tables.table import Table

_SHOWN = 8
_NO_METRICS = HARMLESS | SETTINGS | {"variant", "seed", *STEPS}


def possible_metrics(source: str, options: Options) -> str:
    """Return `; found acc, loss`, with the columns of numbers, or nothing where the table cannot be read."""
    try:
        table = open_table(source, replace(options, metrics=("",)))
    except UserError:
        return ""
    found = [column for column in table.columns if _is_measured(table, column)]
    found.sort(key=lambda column: higher_is_better(column) is None)
    return _listed(found)


def possible_baselines(source: str, options: Options) -> str:
    """Return `; found a, b`, with the variants, or nothing where they cannot be found."""
    try:
        table = open_table(source, options)
        names = split_names(options.variant, table) or [usual_column(table, "variant", options)]
        found = list(variants_of(table, names, options).unique())
    except (UserError, KeyError):  # a column that the user names is refused in its turn
        return ""
    return _listed([name for name in found if name])


def _is_measured(table: Table, column: str) -> bool:
    if simple(column) in _NO_METRICS or simple_step(column) in STEPS:
        return False
    words = [text for text in table.text(column).unique() if text]
    known = MISSING | NOT_NUMBERS | TRUE | FALSE
    return len(words) > 1 and all(is_number(word) or word.lower() in known for word in words)


def _listed(names: list[str]) -> str:
    return f"; found {shortened([plain(shortened_name(name)) for name in names], _SHOWN)}" if names else ""
