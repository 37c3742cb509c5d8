"""The scores that a run leaves: one number per test example, in predictions.npz in the run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from seedwise.basics.errors import UserError

SCORES_FILE = "predictions.npz"


def read_scores(folder: Path, variant: str, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Read the scores of some of a variant's runs: shape (seeds, examples).

    Args:
        folder: of all runs of the study.
        variant: its name.
        seeds: in the order of the rows.

    Raises:
        UserError: a run has no readable scores, or the runs have scores of different numbers of examples.
    """
    rows = [_read(folder / variant / f"seed{seed}" / SCORES_FILE) for seed in seeds]
    sizes = sorted({row.size for row in rows})
    if len(sizes) > 1:
        raise UserError(
            f"{folder / variant}: the runs have scores of {' and '.join(map(str, sizes))} examples; "
            "delete those of another test set and run the study again"
        )
    return np.stack(rows)


def _read(path: Path) -> NDArray[np.float64]:
    try:
        with np.load(path) as archive:
            return np.asarray(archive["correct"], dtype=np.float64)
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise UserError(
            f"{path}: no readable scores ({error}); delete {path.parent} and run the study again: only this run is "
            "retrained"
        ) from error
