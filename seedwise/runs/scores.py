"""The scores of single examples that a run leaves: 1 where it was right, in the order of the test set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.runs.record import RunRecord

FILE = "predictions.npz"


class ScoresError(UserError):
    """The scores of a run cannot be read, or contradict its record."""


def read_scores(folder: Path) -> NDArray[np.float64]:
    """Read the scores of one run, shape (examples,).

    Raises:
        ScoresError: they are not there, or torn.
    """
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as archive:
            scores = np.asarray(archive["correct"], dtype=np.float64)
    except Exception as error:  # numpy raises many kinds for a torn archive
        raise ScoresError(f"{path.name} cannot be read ({str(error) or type(error).__name__})") from error
    if scores.ndim != 1:
        raise ScoresError(f"{path.name} holds scores of shape {scores.shape}; need one per example")
    return scores


def read_variant_scores(runs: Path, variant: str, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Read the scores of a variant's runs, shape (seeds, examples).

    Raises:
        ScoresError: scores of a run are not there, torn, or of another number of examples.
    """
    rows = []
    for seed in seeds:
        folder = runs / variant / f"seed{seed}"
        try:
            rows.append(read_scores(folder))
        except ScoresError as error:
            raise ScoresError(f"{folder}: {error}") from error
        if len(rows[-1]) != len(rows[0]):
            raise ScoresError(f"{folder}: scores of {len(rows[-1])} examples; other runs have {len(rows[0])}")
    return np.stack(rows)


def check_scores(folder: Path, record: RunRecord, metric: str | None) -> None:
    """Check that a run's scores average to the metric in its record.

    Args:
        folder: of the run.
        record: of the run.
        metric: that the scores average to; None if the trainer leaves no scores.

    Raises:
        ScoresError: they do not, or cannot be read.
    """
    if metric is None:
        return
    scores = read_scores(folder)
    value = record.metrics.get(metric)
    if value is not None and not (len(scores) and math.isclose(float(scores.mean()), value, abs_tol=1e-9)):
        mean = float(scores.mean()) if len(scores) else math.nan
        raise ScoresError(f"its {metric} is {value}, but its predictions make it {mean:.6g}")
