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
    rows = [read_scores_of_run(folder / variant / f"seed{seed}") for seed in seeds]
    sizes = sorted({row.size for row in rows})
    if len(sizes) > 1:
        raise ScoresError(
            f"{folder / variant}: the runs have scores of {' and '.join(map(str, sizes))} examples; "
            "delete those of another test set and run the study again"
        )
    return np.stack(rows)


def read_scores_of_run(folder: Path) -> NDArray[np.float64]:
    """Read the scores of one run, shape (examples,).

    Raises:
        ScoresError: they are missing or corrupt.
    """
    path = folder / SCORES_FILE
    try:
        with np.load(path, allow_pickle=False) as archive:
            return np.asarray(archive["correct"], dtype=np.float64)
    except Exception as error:  # numpy, zipfile and zlib raise many kinds for a corrupt archive
        why = " ".join(str(error).split()) or type(error).__name__
        raise ScoresError(
            f"{path}: no readable scores ({why}); delete {folder} and run the study again: only this run is retrained"
        ) from error


def check_scores(folder: Path, record: RunRecord, metric: str | None) -> None:
    """Check that the mean of a run's scores is the metric in its record.

    Args:
        folder: folder of the run.
        record: record of the run.
        metric: the metric that is the mean of the scores; None if the trainer saves no scores.

    Raises:
        ScoresError: it is not, or the scores cannot be read.
    """
    if metric is None:
        return
    scores = read_scores_of_run(folder)
    value = record.metrics.get(metric)
    if value is None:
        return
    mean = float(scores.mean()) if scores.size else math.nan
    if not math.isclose(mean, value, abs_tol=1e-9):
        raise ScoresError(f"its {metric} is {value}, but the mean of its scores is {mean:.6g}")
