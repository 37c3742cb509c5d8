"""The histories of runs: their metrics after each step."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seedwise.basics.errors import UserError

HistoryOfRun = Mapping[tuple[str, int], pd.DataFrame]
"""Histories by variant and seed."""


def read_history_of_runs(runs: pd.DataFrame, folder: Path) -> dict[tuple[str, int], pd.DataFrame]:
    """Read history.csv of every run in `runs`; runs without one, such as pulled runs, are skipped.

    Raises:
        UserError: histories cannot be read; the message names all of them, and one remedy.
    """
    found, damaged = {}, []
    for variant, seed in zip(runs["variant"], runs["seed"], strict=True):
        file = folder / str(variant) / f"seed{seed}" / "history.csv"
        try:
            if file.exists() and len(history := pd.read_csv(file)):
                found[str(variant), int(seed)] = history
        except (OSError, ValueError):  # those of pandas are ValueErrors
            damaged.append(file.with_name("metrics.json"))
    if damaged:
        raise UserError(
            "\n".join(
                [f"{file.with_name('history.csv')}: not a history" for file in damaged]
                + ["Remove their records, and the next run of the study repeats these runs and no others:"]
                + [f"  rm -f {shlex.join(map(str, damaged))}"]
            )
        )
    return found
