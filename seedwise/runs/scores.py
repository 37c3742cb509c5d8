"""The scores of a run: one number per test example, in predictions.npz or scores.csv in the run's folder."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.runs.record import RunRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCORES_FILE, TABLE = "predictions.npz", "scores.csv"
"""Files with the scores of an image classifier and of a program."""


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
    import numpy as np  # not where a program's runs are recorded: it takes longer to import than such a run

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
        scores = _load(_file(folder))
    except ScoresError as error:
        return f"{_file(folder).name}: {error}"
    value = record.metrics.get(metric)
    mean = float(scores.mean()) if scores.size else math.nan
    if value is None or math.isclose(mean, value, abs_tol=1e-9):
        return None
    return f"its {metric} is {value}, but the mean of its scores is {mean:.6g}"


def write_scores(folder: Path, ids: Sequence[str], values: Sequence[float], clusters: Sequence[str] | None) -> None:
    """Write the scores of a program's run: one row per test example, in the order of the ids.

    Args:
        folder: folder of the run.
        ids: of the examples.
        values: the score of each.
        clusters: the cluster of each, where the data have clusters.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "score", *(["cluster"] if clusters is not None else [])])
    rows = zip(ids, map(repr, values), *([clusters] if clusters is not None else []), strict=True)
    writer.writerows(sorted(rows))
    write_text(folder / TABLE, stream.getvalue())


def _file(folder: Path) -> Path:
    return folder / (TABLE if (folder / TABLE).exists() else SCORES_FILE)


def _read(folder: Path) -> NDArray[np.float64]:
    try:
        return _load(_file(folder))
    except ScoresError as error:
        raise ScoresError(
            f"{_file(folder)}: {error}; delete {folder} and run the study again: only this run is done again"
        ) from error


def _load(path: Path) -> NDArray[np.float64]:
    import numpy as np

    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as stream:
                return np.array([float(row["score"]) for row in csv.DictReader(stream)])
        with path.open("rb") as content, np.load(content, allow_pickle=False) as archive:
            return np.asarray(archive["correct"], dtype=np.float64)
    except Exception as error:  # numpy, zipfile and zlib raise many kinds for a corrupt archive
        raise ScoresError(f"no readable scores ({' '.join(str(error).split()) or type(error).__name__})") from error
