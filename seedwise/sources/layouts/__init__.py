"""Layouts other than one row per run, each recognised by its columns and turned into rows of runs."""

from __future__ import annotations

from dataclasses import replace

from seedwise.basics.errors import UserError
from seedwise.basics.names import not_known
from seedwise.sources.evaluations import NAMES as LOGS
from seedwise.sources.layouts.charts import CHART
from seedwise.sources.layouts.dumps import DUMP
from seedwise.sources.layouts.layout import Layout
from seedwise.sources.layouts.tensorboard import SCALAR
from seedwise.sources.layouts.tools import TOOLS
from seedwise.sources.layouts.wide import WIDE
from seedwise.sources.options import Options
from seedwise.sources.tables.rows import BETWEEN, PIVOT
from seedwise.sources.tables.table import Table

ROWS = "rows"
"""The name for `--layout` that switches recognition off."""
LAYOUTS: tuple[Layout, ...] = (CHART, DUMP, SCALAR, *TOOLS, *WIDE)
"""In the order in which they are tried; the most telling signs come first."""
ONE_RUN = frozenset(layout.phrase for layout in LAYOUTS if layout.one_run)
"""Phrases of the layouts in which a file is of one run."""
NAMES = (ROWS, *(layout.name for layout in LAYOUTS), *LOGS)
"""For `--layout`; logs of evaluations are recognised before a file is read as a table."""


def arrange(table: Table, options: Options) -> Table:
    """Turn a table of any known layout into rows of runs, or of steps of runs.

    Raises:
        UserError: the layout that the user named is unknown or not the table's, or the table cannot be read in it.
    """
    place = options.named("layout")
    if options.layout is not None and options.layout not in NAMES:
        raise UserError(f"{place}: {not_known(options.layout, NAMES)}")
    layout = None if options.layout == ROWS else _layout(table, options, place)
    if layout is None:
        return _flattened(table)
    table = layout.convert(table, options) if layout.convert else table
    return replace(table, layout=layout.phrase, steps=layout.steps)


def _layout(table: Table, options: Options, place: str) -> Layout | None:
    if options.layout is None:
        return next((layout for layout in LAYOUTS if layout.recognise(table, options)), None)
    layout = next(layout for layout in LAYOUTS if layout.name == options.layout)
    if not (layout.forced or layout.recognise)(table, options):
        signs = layout.signs.replace("{seed}", options.named("seed"))
        raise UserError(
            f"{table.name}: {place} says {layout.name}, whose sign is {signs}; leave it out, or say {ROWS} for "
            "a table with a row for each run"
        )
    return layout


def _flattened(table: Table) -> Table:
    """Give the columns of a pivot that is to be read as rows plain names."""
    if not table.layout.startswith(PIVOT):
        return replace(table, layout="")
    plain = {column: column.replace(BETWEEN, ".").rstrip(".") for column in table.frame.columns}
    return replace(table, frame=table.frame.rename(columns=plain), layout="")
