"""The arms of a study: the scores of each variant's runs, with every lost run counted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.statistics.intervals import LARGEST_SCORE, DataError

STATUSES = ("finished", "diverged", "failed")
PENDING = ("running", "missing")
"""Statuses of runs that have not ended, in the table of an interim report; they are not counted."""


@dataclass(frozen=True)
class Arm:
    """The runs of one variant, in seed order.

    Attributes:
        variant: its name.
        seeds: of the finished runs.
        recorded: the metric of the finished runs; may be NaN or infinite.
        n_diverged: number of runs that diverged.
        n_failed: number of runs that failed.
    """

    variant: str
    seeds: tuple[object, ...]
    recorded: NDArray[np.float64]
    n_diverged: int
    n_failed: int

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which of `recorded` are finite."""
        return np.asarray(np.abs(self.recorded) <= LARGEST_SCORE)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The finite values, which can be analysed."""
        return self.recorded[self.usable]

    @property
    def complete(self) -> bool:
        """Whether every finished run has a finite value; if not, nothing is computed from the others."""
        return bool(self.usable.all())


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
    lost = table.groupby(["variant", "status"]).size().to_dict()
    finished = table.loc[table["status"] == "finished"]
    seeds: dict[str, list[object]] = {variant: [] for variant in chosen}
    values: dict[str, list[float]] = {variant: [] for variant in chosen}
    for variant, seed, value in zip(finished["variant"], finished["seed"], finished["value"], strict=True):
        seeds[variant].append(seed)
        values[variant].append(value)
    return [
        Arm(
            variant,
            tuple(seeds[variant]),
            np.array(values[variant], dtype=np.float64),
            lost.get((variant, "diverged"), 0),
            lost.get((variant, "failed"), 0),
        )
        for variant in chosen
    ]


def common_seeds(arm: Arm, other: Arm) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of the seeds that are usable in both arms, in the same order."""
    mine = dict(zip(arm.seeds, arm.recorded, strict=True))
    theirs = dict(zip(other.seeds, other.recorded, strict=True))
    pairs = np.array([[mine[seed], theirs[seed]] for seed in mine if seed in theirs], dtype=np.float64).reshape(-1, 2)
    finite = pairs[(np.abs(pairs) <= LARGEST_SCORE).all(axis=1)]
    return finite[:, 0], finite[:, 1]


def unknown(kind: str, name: str, valid: Iterable[object]) -> str:
    """Say that a name does not exist, and suggest the nearest one that does."""
    names = [str(item) for item in valid]
    by_lower = {item.lower(): item for item in names}
    nearest = difflib.get_close_matches(str(name).lower(), by_lower, n=1)
    hint = f" Did you mean {by_lower[nearest[0]]!r}?" if nearest else ""
    return f"no {kind} {name!r}; found {', '.join(names) or 'none'}.{hint}"


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
