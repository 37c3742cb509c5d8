"""From the name of a source to one table."""

from __future__ import annotations

from seedwise.sources.options import Options
from seedwise.sources.places import find_files, shown
from seedwise.sources.tables.files import STDIN, read_file
from seedwise.sources.tables.table import Table, joined


def open_table(source: str, options: Options) -> Table:
    """Read the table that a path, a pattern or - for standard input names."""
    if source == STDIN:
        return read_file(None, options.files)
    return joined([read_file(path, options.files) for path in find_files(source)], shown(source))
