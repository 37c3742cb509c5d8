"""The tables of a study: runs.csv, summary.csv, comparisons.csv, sources.csv and effects.csv.

pandas is imported where a table is read or written: whether tables are as they were written is known without it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seedwise.basics.errors import UserError
from seedwise.basics.files import aside, short_digest, write_text

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("variant", "baseline", "reference")
"""Columns of names, which stay text: a variant may be called 16 or null."""

TABLES = ("runs.csv", "summary.csv", "comparisons.csv", "sources.csv", "effects.csv")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table. Names stay text, whatever they look like; other empty cells are missing values.

    Raises:
        UserError: it cannot be opened, or is no table.
    """
    import pandas as pd

    try:
        columns = [str(column) for column in pd.read_csv(path, nrows=0).columns]
        table = pd.read_csv(
            path,
            dtype={name: str for name in NAMES if name in columns},
            keep_default_na=False,
            na_values={column: ["", "nan", "NaN"] for column in columns if column not in NAMES},
        )
    except (FileNotFoundError, ValueError) as error:  # those of pandas are ValueErrors
        raise UserError(made_again(path)) from error
    except OSError as error:  # perhaps of a disk or of rights: the table itself may be whole
        folder = isinstance(error, IsADirectoryError)
        way = f"; move it out of the way: {aside(path)}" if folder else "; look at its rights and its disk"
        raise UserError(f"{path}: cannot be read ({error.strerror}){way}") from error
    return table


def made_again(*paths: Path) -> str:
    """Say that products are damaged, and how they are made again."""
    lines = [f"{path}: damaged or edited: it is not what the study wrote" for path in paths]
    it = "it" if len(paths) == 1 else "them"
    # What stands in the place of a product and is a folder was made by somebody, and is not removed.
    folders = [aside(path) for path in paths if path.is_dir()]
    files = [str(path) for path in paths if not path.is_dir()]
    commands = [*([f"rm -f {shlex.join(files)}"] if files else []), *folders]
    remedy = [f"{'Move' if folders else 'Remove'} {it}, and the study makes {it} again:", f"  {' && '.join(commands)}"]
    return "\n".join([*lines, *remedy])


def table_digests(folder: Path, names: Iterable[str] = TABLES) -> dict[str, str]:
    """Return a digest of each table, or other file, of a study that is in its folder."""
    return {name: short_digest(folder / name) for name in names if (folder / name).is_file()}


def refuse_altered(folder: Path, digests: Mapping[str, str]) -> None:
    """Refuse tables that are not as the analysis has read and written them.

    Raises:
        UserError: it names all that are not, and one remedy.
    """
    found = table_digests(folder, digests)
    if altered := [name for name, digest in digests.items() if found.get(name) != digest]:
        raise UserError(made_again(*(folder / name for name in altered)))


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write each table to <folder>/<name>.csv."""
    from seedwise.statistics.analysis import format_table

    for name, table in tables.items():
        write_text(folder / f"{name}.csv", format_table(table))
