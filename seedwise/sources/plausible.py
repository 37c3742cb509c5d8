"""What a table holds that can be read and cannot be meant: sums of other rows, two units in one column."""

from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain, quote
from seedwise.basics.words import quantity
from seedwise.runs.direction import HIGHER, higher_is_better, words_of
from seedwise.sources.cells.seeds import read_seed
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

SUMMARIES = frozenset(
    """
    mean avg average median std stdev std_dev sd var variance sem se stderr min max sum total all overall summary
    """.split()  # noqa: SIM905 - one list of words
)
"""What a row that sums up others has where they have a seed or an example, in lower case."""
_OF_VARIANTS = SUMMARIES | {"best", "worst", "diff", "difference", "delta", "improvement", "gain"}
_NO_SHARE = re.compile(r"mcc|psnr|returns?|rewards?|success|correct|bleu|chrf")
"""Metrics whose name says that higher is better, and that need not be between 0 and 1, or 0 and 100."""
_MARKS = frozenset(
    sign * size
    for sign in (-1.0, 1.0)
    for size in (
        *(999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 99999999.0, 999999999.0),
        *(2.0**31 - 1, 2.0**31, 2.0**63, float(np.finfo("f4").max), float(np.finfo("f8").max)),
        *(10.0**power for power in range(6, 309)),
    )
) | {-1.0, -9.0, -99.0}
"""Numbers that programs and people write where there is no result."""
_FEWEST = 3  # other values, by which one that is far from them is known
_PERCENT = (30, 300)
"""How many times the fractions the percentages of one table can be, as medians."""


def refuse_summary_rows(table: Table, units: pd.Series, column: str, options: Options) -> None:
    """Refuse rows that sum up others: where those have a seed, or the number of a question, they say `mean`.

    Args:
        table: for its name and places.
        units: the seed or example of each row, as text.
        column: what the table calls it.
        options: how the user says that such rows do not count.

    Raises:
        UserError: it names the rows and the conditions that leave them out.
    """
    texts = [text for text in units.unique() if text]
    words = [text for text in texts if text.lower() in SUMMARIES]
    others = [text for text in texts if text.lower() not in SUMMARIES]
    if not words or not others or not all(isinstance(read_seed(text), int) for text in others):
        return
    rows = np.flatnonzero(units.isin(words))
    ways = " ".join(options.spelled("where", f"{column}!={word}") for word in words)
    if options.spelling != "flags" and len(words) > 1:
        ways = f"{options.named('where')} " + " and ".join(quote(f"{column}!={word}") for word in words)
    raise UserError(
        f"{table.name}, {table.lines(rows)}: {plain(column)} is {quote(words[0])} here and a number elsewhere: "
        f"{quantity(len(rows), 'row')} that {'sums' if len(rows) == 1 else 'sum'} up others? Leave such rows out with "
        f"{ways}"
    )


def refuse_summary_variants(table: Table, runs: pd.DataFrame, cell: list[str], metric: str, options: Options) -> None:
    """Refuse a variant that is the mean, sum, best or difference of the others for each seed, and is called so.

    Raises:
        UserError: it names the variant and the ways on.
    """
    names = [name for name in runs["variant"].unique() if str(name).strip().lower() in _OF_VARIANTS]
    names = [name for name in names if name not in options.rename.values()]
    if not names:
        return
    wide = runs.assign(_seed=runs["seed"].astype("str")).pivot_table(
        index=["_seed", *cell[2:]], columns="variant", values=metric, sort=False
    )
    for name in names:
        others = wide[[other for other in wide.columns if other not in names]]
        if name in wide and others.shape[1] > 1 and _sums_up(wide[name].to_numpy(), others.to_numpy()):
            column = options.variant[0] if options.variant else "variant"
            raise UserError(
                f"{table.name}: the variant {quote(name)} sums up the others, seed by seed; leave it out with "
                f"{options.spelled('where', f'{column}!={name}')}, or give it another name with "
                f"{options.spelled('map', f'{name}={name} itself')}"
            )


def _sums_up(own: np.ndarray, others: np.ndarray) -> bool:
    known = np.isfinite(own) & np.isfinite(others).all(axis=1)
    if known.sum() < 2:
        return False
    own, others = own[known], others[known]
    ways = [others.mean(axis=1), others.sum(axis=1), others.max(axis=1), others.min(axis=1), np.median(others, axis=1)]
    if others.shape[1] == 2:
        ways += [others[:, one] - others[:, two] for one, two in permutations((0, 1))]
    return any(np.allclose(own, way, rtol=1e-3, atol=0) for way in ways)


def refuse_units(table: Table, metric: str, values: np.ndarray, options: Options) -> None:
    """Refuse shares of which some are in percent and others are not.

    Args:
        table: for its name.
        metric: by whose name the values are shares, as those of accuracy are.
        values: that count.
        options: what the user says; the metric among the ignored columns says that all is as it should be.

    Raises:
        UserError: it shows two of the values.
    """
    words = words_of(metric)
    named = any(HIGHER.fullmatch(word) and not _NO_SHARE.fullmatch(word) for word in words)
    if not named or higher_is_better(metric) is None or metric in options.ignore:
        return
    values = values[np.isfinite(values)]
    small, large = values[(values > 0) & (values < 1)], values[(values > 1) & (values <= 100)]
    if not small.size or not large.size:
        return
    low, high = _PERCENT
    if low <= np.median(large) / np.median(small) <= high:
        raise UserError(
            f"{table.name}: {plain(metric)} is {small.max():g} in some rows and {large.max():g} in others: are some "
            f"in percent? Write all of them in one unit; if they are, "
            f"add {options.spelled('ignore', metric)}"
        )


def said_marks(metric: str, values: np.ndarray, datasets: pd.Series | None = None) -> list[str]:
    """Say which scores may stand for no result, such as -1 or -999, and count as scores all the same.

    Args:
        metric: what the values are of.
        values: that count.
        datasets: of each value, where there are several; what is far from the values of one need not be elsewhere.
    """
    if datasets is not None:
        names = [str(name) for name in datasets.unique()]
        whose = [f"{metric} of {name}" if len(names) > 1 else metric for name in names]
        groups = [values[(datasets == name).to_numpy()] for name in names]
        return [note for label, own in zip(whose, groups, strict=True) for note in said_marks(label, own)]
    values = values[np.isfinite(values)]
    is_mark = np.isin(values, list(_MARKS))
    others = values[~is_mark]
    if not is_mark.any() or others.size < _FEWEST or others.min() == others.max():
        return []
    low, high = others.min(), others.max()
    notes = []
    for mark in np.unique(values[is_mark]):
        if max(low - mark, mark - high) >= high - low or mark < 0 <= low:
            rows = quantity(int((values == mark).sum()), "row")
            notes.append(
                f"{plain(metric)} is {mark:g} in {rows}, and from {low:g} to {high:g} in all others: does it stand for "
                "no result? It counts as a score here; if it is none, leave the cell empty."
            )
    return notes
