"""The scores of a run: one number per test example, in predictions.npz in the run's folder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.runs.record import RunRecord

SCORES_FILE = "predictions.npz"


class ScoresError(UserError):
    """The scores of a run cannot be read, or contradict its record."""


def read_scores(folder: Path, variant: str, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Read the scores of a variant's runs: shape (seeds, examples).

    Args:
        folder: folder of all runs of the study.
        variant: name of the variant.
        seeds: seeds of the runs, in the order of the rows.

    Raises:
        ScoresError: a run has no readable scores, or the numbers of examples differ.
    """
    rows = [_read(folder / variant / f"seed{seed}") for seed in seeds]
    sizes = sorted({row.size for row in rows})
    if len(sizes) > 1:
        raise ScoresError(
            f"{folder / variant}: the runs have scores of {' and '.join(map(str, sizes))} examples; "
            "delete those of another test set and run the study again"
        )
    return np.stack(rows)


def contradiction(folder: Path, record: RunRecord, metric: str | None) -> str | None:
    """Say why a run's scores do not agree with its record; None if they do.

    Args:
        folder: folder of the run.
        record: record of the run.
        metric: the metric that is the mean of the scores; None if the trainer saves no scores.
    """
    if metric is None:
        return None
    try:
        scores = _load(folder / SCORES_FILE)
    except ScoresError as error:
        return f"{SCORES_FILE}: {error}"
    value = record.metrics.get(metric)
    mean = float(scores.mean()) if scores.size else math.nan
    if value is None or math.isclose(mean, value, abs_tol=1e-9):
        return None
    return f"its {metric} is {value}, but the mean of its scores is {mean:.6g}"


def _read(folder: Path) -> NDArray[np.float64]:
    try:
        return _load(folder / SCORES_FILE)
    except ScoresError as error:
        raise ScoresError(
            f"{folder / SCORES_FILE}: {error}; delete {folder} and run the study again: only this run is retrained"
        ) from error


def _load(path: Path) -> NDArray[np.float64]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return np.asarray(archive["correct"], dtype=np.float64)
    except Exception as error:  # numpy, zipfile and zlib raise many kinds for a corrupt archive
        raise ScoresError(f"no readable scores ({' '.join(str(error).split()) or type(error).__name__})") from error
