"""Tables of means: what they lack is refused by name, because no test can be made of them here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedwise.basics.errors import UserError
from seedwise.basics.words import shortened
from seedwise.sources.columns import bare
from seedwise.sources.layouts.layout import has_seed
from seedwise.sources.options import Options
from seedwise.sources.tables.rows import BETWEEN
from seedwise.sources.tables.table import Table

_SPREADS = frozenset(
    [
        *("std", "stdev", "std_dev", "stddev", "sd", "var", "variance", "ci", "ci95", "ci_95", "ci_low", "ci_high"),
        *("sem", "se", "stderr", "std_err", "std_error", "standard_error"),
    ]
)
_CENTRES = frozenset(["mean", "avg", "average", "median", "iqm"])
STATISTICS = _SPREADS | _CENTRES | {"count", "n", "n_seeds", "num_seeds", "min", "max"}
"""Names of columns that sum up runs, in lower case with _ for blanks."""
_PLUS_MINUS = re.compile(r"[0-9naif.)%]\s*(?:±|\+/-|\+-|\\pm)\s*[0-9nai.(]", re.IGNORECASE)
_LOOKED_AT = 50  # rows


def refuse_means(table: Table, options: Options) -> None:
    """Refuse a table without seeds whose columns sum up runs.

    Raises:
        UserError: it names them.
    """
    if has_seed(table, options):
        return
    words = {column: _statistic(column) for column in table.columns}
    spreads = [column for column, word in words.items() if word in _SPREADS]
    centres = [column for column, word in words.items() if word in _CENTRES]
    beside = [column for column in spreads if re.split(r"[-_ ./]", column)[0] in table.columns]
    if spreads and (centres or beside):
        _refuse(table, [*centres, *spreads])
    head = table.frame.head(_LOOKED_AT)
    for column in table.columns:
        if not head.empty and _sums_up(table, column):
            raise UserError(
                f"{table.name}: a table of means ({column} has cells such as {table.text(column).iloc[0]}): the score "
                "of each run is needed, one row per run"
            )


def refuse_statistics(table: Table, values: Sequence[str]) -> None:
    """Refuse a pivot whose second level has the names of statistics, as `groupby(…).agg` makes it.

    Raises:
        UserError: it is one.
    """
    if {value.strip().lower() for value in values} <= STATISTICS and len(values) > 1:
        _refuse(table, list(values))


def _statistic(column: str) -> str:
    """Return the statistic that a column's name begins or ends with: `std` of `acc_std`, `mean` of `mean_reward`."""
    words = re.split(rf"[-_ ./{BETWEEN}()]+", bare(column).strip().lower().rstrip(")"))
    two = "_".join(words[-2:])
    return next((word for word in (two, words[-1], words[0]) if word in _SPREADS | _CENTRES), "")


def _sums_up(table: Table, column: str) -> bool:
    if str(table.frame[column].dtype) not in ("str", "string", "object"):
        return False
    texts = [text for text in table.text(column).head(_LOOKED_AT) if text]
    return bool(texts) and 2 * sum(bool(_PLUS_MINUS.search(text)) for text in texts) > len(texts)


def _refuse(table: Table, columns: Sequence[str]) -> None:
    shown = shortened([column.replace(BETWEEN, " ") for column in columns], 4)
    raise UserError(f"{table.name}: a table of means ({shown}): the score of each run is needed, one row per run")
