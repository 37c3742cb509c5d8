"""Trainers: each is a folder here that does one kind of run, and is the only place that knows how.

`Trainer` is the interface that the rest of Seedwise uses. What all trainers share (a run's lock, folder and record, its
trackers and its GPU) is in `seedwise.runs` and `seedwise.tracking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from seedwise.basics.code_digest import CodeFiles
from seedwise.runs.metrics import Metric
from seedwise.runs.record import RunRecord


class RunData(NamedTuple):
    """The data that a study's runs read.

    Attributes:
        file: the prepared data; `digest` is part of its name.
        raw_folder: where the raw files are fetched to.
        digest: digest of everything that the data are made of: settings, code and raw files.
        raw: digest of the raw files where their content is not known beforehand; else empty.
        code: digest of each source file that reads the raw files, by name.
    """

    file: Path
    raw_folder: Path
    digest: str
    raw: str
    code: Mapping[str, str]


class Trainer(Protocol):
    """The interface of a trainer: what one kind of run records, depends on and reports.

    Attributes:
        metrics: the metrics that a run records; the first is compared where a study names none.
        scored: the metric that is the mean of the scores of the test examples; None if a run saves no such scores.
        history: columns of history.csv, the step first.
        watched: the history column that shows how well a run is doing.
        beside: names of the files that a run saves beside its record.
        streams: the sources of randomness of a run, each with its name in a sentence.
    """

    metrics: tuple[Metric, ...]
    scored: str | None
    history: tuple[str, ...]
    watched: str
    beside: tuple[str, ...]
    streams: Mapping[str, str]

    def curves(self, metric: str) -> tuple[str, ...]:
        """Return the history columns to plot for a metric, the most closely related first."""

    def steps(self, settings: Any) -> int:
        """Return the number of history rows of a complete run."""

    def setup(self, settings: Any, record: RunRecord) -> dict[str, str]:
        """Describe a run in plain words: one line per topic."""

    def code(self, settings: Any, files: CodeFiles, home: Path) -> dict[str, str]:
        """Digest each source file that affects a run's numbers, by name; `home` is the folder that holds the package.

        Raises:
            UserError: a function that the config names cannot be found.
        """

    def data(self, settings: Any, files: CodeFiles, home: Path, cache: Path | None) -> RunData:
        """Return the data that a run reads and what they are made of; `cache` stores the digests of large files.

        Raises:
            UserError: a function that the config names cannot be found.
        """
