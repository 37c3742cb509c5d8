"""The histories that runs leave: their metrics after each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

HistoryOfRun = Mapping[tuple[str, int], pd.DataFrame]
"""By variant and seed."""


def read_history_of_runs(runs: pd.DataFrame, folder: Path) -> dict[tuple[str, int], pd.DataFrame]:
    """Read history.csv of every run in `runs`; runs that left none, as pulled runs do, are passed over."""
    found = {}
    for variant, seed in zip(runs["variant"], runs["seed"], strict=True):
        file = folder / str(variant) / f"seed{seed}" / "history.csv"
        if file.exists() and len(history := pd.read_csv(file)):
            found[str(variant), int(seed)] = history
    return found
