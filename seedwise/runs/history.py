"""The histories of runs: their metrics after each step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

HistoryOfRun = Mapping[tuple[str, int], pd.DataFrame]
"""Histories by variant and seed."""


def read_history_of_runs(runs: pd.DataFrame, folder: Path) -> dict[tuple[str, int], pd.DataFrame]:
    """Read history.csv of every run in `runs`; runs without one, such as pulled runs, are skipped."""
    found = {}
    for variant, seed in zip(runs["variant"], runs["seed"], strict=True):
        file = folder / str(variant) / f"seed{seed}" / "history.csv"
        if file.exists() and len(history := pd.read_csv(file)):
            found[str(variant), int(seed)] = history
    return found
