"""A table as it stands in a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.words import shortened

_LISTED = 6  # rows that a message names one by one


@dataclass(frozen=True)
class Evaluation:
    """What the columns of a tool's evaluation log are.

    Attributes:
        variant: those that can make the variant; the first always does, the others where they vary.
        example: what was asked.
        scores: those with scores.
        dataset: the task.
        repeat: the number of the answer.
        digest: of the question and its right answer, which all variants must share.
        prompt: a digest of how the question was put, which may differ between variants.
        one_of: a column of which only one value can count within a dataset.
        settings: those that belong to the variant if they vary within it.
        higher_is_better: direction of the scores for which the log says it.
    """

    variant: tuple[str, ...]
    example: str
    scores: tuple[str, ...]
    dataset: str | None = None
    repeat: str | None = None
    digest: str | None = None
    prompt: str | None = None
    one_of: str | None = None
    settings: tuple[str, ...] = ()
    higher_is_better: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Columns of cells, and where each row stands.

    Attributes:
        name: what the file is called in messages.
        frame: the cells by column. Text where the format knows nothing else.
        places: the number of each row's line, or of the row itself where the format has no lines.
        unit: what `places` counts: line or row.
        notes: sentences about what was skipped or assumed while it was read.
        layout: what the table was recognised as; empty for one row per run.
        short: the places of rows that end before the header does.
        steps: whether its layout says that each row is a step of a run.
        evaluation: what its columns are, if it is the log of an evaluation.
    """

    name: str
    frame: pd.DataFrame
    places: NDArray[np.int64]
    unit: str = "line"
    notes: tuple[str, ...] = field(default=())
    layout: str = ""
    short: frozenset[int] = frozenset()
    steps: bool = False
    evaluation: Evaluation | None = None

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [str(column) for column in self.frame.columns]

    def text(self, column: str) -> pd.Series:
        """Return a column's cells as text without surrounding blanks; empty where there is none."""
        return as_text(self.frame[column])

    def where(self, chosen: NDArray[np.bool_]) -> Table:
        """Return the rows for which `chosen` is true."""
        frame = self.frame.loc[chosen].reset_index(drop=True)
        return replace(self, frame=frame, places=self.places[chosen])

    def place(self, row: int) -> str:
        """Name the place of one row, for the start of a message: `runs.csv, line 7`."""
        return f"{self.name}, {self.unit} {self.places[row]}"

    def lines(self, rows: Iterable[int]) -> str:
        """Name the places of some rows: `line 3` or `lines 3, 5 and 12 more`."""
        numbers = sorted({int(self.places[row]) for row in rows})
        return f"{self.unit}{'s' if len(numbers) > 1 else ''} {shortened([str(n) for n in numbers], _LISTED)}"

    def noting(self, *notes: str) -> Table:
        """Return the table with further notes."""
        return replace(self, notes=(*self.notes, *notes))


def as_text(column: pd.Series) -> pd.Series:
    """Return the cells of a column as text; numbers as Python writes them, which is exact."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.fillna("").str.strip()
    if pd.api.types.is_float_dtype(column.dtype):
        texts = ["" if missing else repr(value) for missing, value in zip(column.isna(), column.tolist(), strict=True)]
    else:
        texts = [_written(value) for value in column.tolist()]
    return pd.Series(texts, index=column.index, dtype="str")


def _written(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float):
        # A float of NumPy says in its own text that it is one.
        return "" if math.isnan(value) else repr(float(value))
    return str(value).strip()


def joined(tables: Sequence[Table], name: str) -> Table:
    """Put the rows of several tables under one another; a column that one of them lacks is empty there."""
    if len(tables) == 1:
        return tables[0]
    frames = [table.frame for table in tables]
    if any(list(frame.dtypes.items()) != list(frames[0].dtypes.items()) for frame in frames):
        frames = [frame.astype("object") for frame in frames]  # so that no whole number becomes a float
    frame = pd.concat(frames, ignore_index=True)
    # A row is named by its number in the whole, because lines of different files would be mixed up.
    places = np.arange(1, len(frame) + 1, dtype=np.int64)
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    layouts = dict.fromkeys(table.layout for table in tables)
    steps = all(table.steps for table in tables)
    return Table(name, frame, places, "row", tuple(notes), ", ".join(filter(None, layouts)), steps=steps)
