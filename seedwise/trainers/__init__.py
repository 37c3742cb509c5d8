"""What a run is: each trainer is a folder here that knows how one run is done, and nothing outside it does.

`Trainer` is the face that the rest of Seedwise sees. What is common to all trainers (a run's lock, folder and record,
its trackers and its GPU) is in `seedwise.runs` and `seedwise.tracking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from seedwise.basics.code_digest import Sources
from seedwise.runs.metrics import Metric
from seedwise.runs.record import RunRecord


class RunData(NamedTuple):
    """The data that a study's runs read.

    Attributes:
        file: that holds them once they are prepared; the digest of what makes them is in its name.
        raw_folder: where the raw files are fetched to.
        digest: of what makes them.
        raw: digest of the raw files, where their content is not known beforehand; else empty.
        code: digest of each source file that reads them, by name.
    """

    file: Path
    raw_folder: Path
    digest: str
    raw: str
    code: Mapping[str, str]


class Trainer(Protocol):
    """What the runs of a study are.

    Attributes:
        metrics: that a run leaves; the first is compared where a study names none.
        scored: the metric that the scores of single test examples average to; None if a run leaves no such scores.
        history: columns of history.csv, the step first.
        watched: the column of the history that shows how a run is doing.
        beside: names of the files that a run leaves beside its record.
        streams: the sources of randomness of a run, each with what it is called in a sentence.
    """

    metrics: tuple[Metric, ...]
    scored: str | None
    history: tuple[str, ...]
    watched: str
    beside: tuple[str, ...]
    streams: Mapping[str, str]

    def curves(self, metric: str) -> tuple[str, ...]:
        """Name the columns of the history to draw beside a metric, the nearest to it first."""

    def steps(self, settings: Any) -> int:
        """Return how many rows the history of a whole run has."""

    def setup(self, settings: Any, record: RunRecord) -> dict[str, str]:
        """Say in plain words what a run was, by what each line is about."""

    def code(self, settings: Any, sources: Sources, home: Path) -> dict[str, str]:
        """Digest each source file that decides a run's numbers, by name; `home` holds the package.

        Raises:
            UserError: a function of the user's cannot be found.
        """

    def data(self, settings: Any, sources: Sources, home: Path, cache: Path | None) -> RunData:
        """Say which data a run reads and what they are made of; `cache` keeps digests of large files.

        Raises:
            UserError: a function of the user's cannot be found.
        """
