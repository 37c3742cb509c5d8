"""Trainers: each is a folder here that does one kind of run, and is the only place that knows how.

`Trainer` is the interface that the rest of Seedwise uses. What all trainers share (a run's lock, folder and record, its
trackers and its GPU) is in `seedwise.runs` and `seedwise.tracking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from seedwise.runs.metrics import Metric
from seedwise.runs.record import RunRecord


class Inputs(Protocol):
    """What the runs of a study read, as a digest and its parts."""

    @property
    def digest(self) -> str:
        """Digest of everything that the runs read, or that their data are made of."""

    @property
    def parts(self) -> Mapping[str, str]:
        """Digest of each part, by name."""


class RunSettings(Protocol):
    """The settings of one run: everything that decides its numbers, except seed, code, data and environment."""

    def canonical(self) -> str:
        """Return canonical JSON."""

    def digest(self) -> str:
        """12 hex digits of the SHA-256 of `canonical()`."""

    def flat(self) -> Mapping[str, Any]:
        """Return every setting that variants may differ in, by its dotted name."""


class Trainer(Protocol):
    """The interface of a trainer: what one kind of run records and reports.

    Attributes:
        metrics: the metrics that a run records for certain.
        scored: the metric that is the mean of the scores of the test examples; None if a run saves no such scores.
        unit: name of a step of a run, such as "epoch"; the first column of its history.
        histories: whether its runs leave histories.
        beside: names of the files that a run saves beside its record.
        streams: the sources of randomness of a run, each with its name in a sentence.
    """

    metrics: tuple[Metric, ...]
    scored: str | None
    unit: str
    histories: bool
    beside: tuple[str, ...]
    streams: Mapping[str, str]

    def curves(self, metric: str) -> tuple[str, ...]:
        """Return the history columns to plot for a metric, the most closely related first."""

    def steps(self, settings: Any) -> int | None:
        """Return the number of steps of a complete run; None if it is not known beforehand."""

    def setup(self, settings: Any, record: RunRecord) -> dict[str, str]:
        """Describe a run in plain words: one line per topic."""

    def threads(self, settings: Any) -> int:
        """Return the number of CPU threads of a run."""

    def device(self, settings: Any) -> str:
        """Return the device that a run asks for: auto, cpu, cuda or mps."""
