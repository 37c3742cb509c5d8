"""The arms of a study, read from its table of runs."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.names import plain
from seedwise.statistics.arm import Arm
from seedwise.statistics.intervals import DataError

LOST = ("diverged", "failed")
"""Statuses of runs that ended without a score that counts."""
STATUSES = ("finished", *LOST)
MOST_NAMED = 12
"""Names that a message lists."""
PENDING = ("running", "missing")
"""Statuses of runs that have not ended, in the table of an interim report; they are not counted."""


def arms(runs: pd.DataFrame, metric: str, variants: Sequence[str] | None = None) -> list[Arm]:
    """The arms of a study.

    Args:
        runs: one row per run, with the columns variant, seed, `metric` and optionally status (finished, diverged or
            failed; without that column all runs are finished).
        metric: column to analyse.
        variants: those to return, in this order; None means all, in order of first appearance.

    Raises:
        DataError: a column or variant does not exist, a status or value is not understood, a seed is missing, or two
            runs of one variant have the same seed.
    """
    for column in ("variant", "seed", metric):
        if column not in runs.columns:
            raise DataError(unknown("column", column, runs.columns))
    names = [str(name) for name in runs["variant"]]
    known = dict.fromkeys(names)
    chosen = list(known) if variants is None else list(variants)
    for variant in chosen:
        if variant not in known:
            raise DataError(unknown("variant", variant, known))
    table = pd.DataFrame({"variant": names, "seed": runs["seed"].to_numpy(), "value": _numbers(runs[metric], metric)})
    table["status"] = runs["status"].to_numpy() if "status" in runs.columns else "finished"
    _check(table)
    table = table.loc[table["variant"].isin(chosen)].sort_values("seed", kind="stable")
    counts = table.groupby(["variant", "status"]).size().to_dict()
    finished = _by_variant(table.loc[table["status"] == "finished"])
    lost = _by_variant(table.loc[table["status"].isin(LOST)])
    return [
        Arm(
            variant,
            tuple(finished[variant][0]),
            np.array(finished[variant][1], dtype=np.float64),
            counts.get((variant, "diverged"), 0),
            counts.get((variant, "failed"), 0),
            tuple(lost[variant][0]),
            tuple(lost[variant][1]),
        )
        for variant in chosen
    ]


def _by_variant(table: pd.DataFrame) -> defaultdict[str, tuple[list[object], list[float]]]:
    """Seeds and values of each variant."""
    found: defaultdict[str, tuple[list[object], list[float]]] = defaultdict(lambda: ([], []))
    for variant, seed, value in zip(table["variant"], table["seed"], table["value"], strict=True):
        seeds, values = found[variant]
        seeds.append(seed)
        values.append(value)
    return found


def unknown(kind: str, name: str, valid: Iterable[object]) -> str:
    """Say that a name does not exist, and suggest the nearest one that does."""
    names = [str(item) for item in valid]
    by_lower = {item.lower(): item for item in names}
    nearest = difflib.get_close_matches(str(name).lower(), by_lower, n=1)
    hint = f" Did you mean {by_lower[nearest[0]]!r}?" if nearest else ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"no {kind} {name!r}; found {', '.join(map(plain, names[:MOST_NAMED])) or 'none'}{more}.{hint}"


def _numbers(column: pd.Series, metric: str) -> NDArray[np.float64]:
    try:
        return np.asarray(pd.to_numeric(column), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{metric} must be numbers: {error}") from error


def _check(table: pd.DataFrame) -> None:
    strange = table.loc[~table["status"].isin([*STATUSES, *PENDING]), "status"]
    if len(strange):
        raise DataError(unknown("status", str(strange.iloc[0]), STATUSES))
    if table["seed"].isna().any():
        raise DataError(f"a run of {table.loc[table['seed'].isna(), 'variant'].iloc[0]} has no seed")
    twice = table.loc[table.duplicated(["variant", "seed"])]
    if len(twice):
        raise DataError(
            f"{twice['variant'].iloc[0]} has more than one run with seed {twice['seed'].iloc[0]}: "
            "one run must not count twice"
        )
