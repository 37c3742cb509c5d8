"""Trying a program: one run, the same once more, and one with another seed, to see what its numbers are worth."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.trainers.command.observer import Observer
from seedwise.trainers.command.outputs.place import Place, ResultsError, no_such
from seedwise.trainers.command.outputs.proposals import Proposal, propose, significant_digits
from seedwise.trainers.command.outputs.reading import read_history, read_results, read_scores
from seedwise.trainers.command.outputs.settings import HistorySource
from seedwise.trainers.command.reading import place_of
from seedwise.trainers.command.request import Request
from seedwise.trainers.command.run import Execution, execute
from seedwise.trainers.command.traces import Left, files_of, seed_shows

COARSE = 3
"""Significant digits with which runs of one variant are likely to tie."""
_MOST_CURVES = 20
Seed = Literal["arrives", "arrives unseen", "ignored", "coarse", "unknown"]


class Tried(NamedTuple):
    """One run of a trial.

    Attributes:
        seed: of the run.
        done: how it ended.
        metrics: that were read as the study says.
        problems: why metrics, history or scores cannot be read, one line each.
        proposals: numbers that it left besides, the likeliest first.
        curves: of a run that was stopped, its numbers so far, in their order.
        steps: rows of its history; 0 if it has none.
        memory: bytes at the peak; None if unknown.
        written: bytes that it left in its folder.
        outside: files elsewhere that it had open for writing.
        left: what it left besides its results.
    """

    seed: int
    done: Execution
    metrics: Mapping[str, float]
    problems: Sequence[str]
    proposals: Sequence[Proposal]
    curves: Mapping[str, tuple[float, ...]]
    steps: int
    memory: int | None
    written: int
    outside: Sequence[str]
    left: Left

    @property
    def failed(self) -> bool:
        """Whether it ended by itself, and badly."""
        return self.done.reason is not None and not self.done.timed_out

    @property
    def numbers(self) -> dict[str, float]:
        """Every number that it left, by the metric's name or by how it is read."""
        return {**{proposal.yaml: proposal.value for proposal in self.proposals}, **self.metrics}


def try_once(request: Request, progress: Callable[[float, str], None]) -> Tried:
    """Do one run and read what it leaves.

    Args:
        request: the run; nothing is recorded.
        progress: called every few seconds with the time and the last line of the output.

    Raises:
        UserError: the run cannot be prepared.
    """
    with Observer(request.folder, request.folder / "output.log", progress) as observer:
        done = execute(request, lambda _: None)
    place = place_of(request, done.folder, done.log, done.log_start, done.before)
    metrics, steps, problems = _read(request, place) if done.reason is None else ({}, 0, [])
    proposals = (
        []
        if done.reason is not None and not done.timed_out
        else propose(place, settings=request.settings.settings, beside=done.wrote)
    )
    return Tried(
        seed=request.seed,
        done=done,
        metrics=metrics,
        problems=problems,
        proposals=proposals,
        curves=_curves(proposals, place) if done.timed_out else {},
        steps=steps,
        memory=observer.memory,
        written=_size(request.folder, without=request.folder / "code"),
        outside=sorted(observer.outside),
        left=Left(request.seed, request.folder, done.log, done.log_start, _files(request)),
    )


def _files(request: Request) -> dict[str, Path]:
    reports = ("SEEDWISE_RESULTS", "SEEDWISE_HISTORY", "SEEDWISE_SCORES")
    return files_of(request.folder, request.out, map(request.path, reports))


def _read(request: Request, place: Place) -> tuple[dict[str, float], int, list[str]]:
    """Read metrics, history and scores as far as they can be read; also say why not."""
    problems: list[str] = []
    metrics: dict[str, float] = {}
    unsaid = request.settings.results is None and not place.results.exists()
    try:
        metrics = {} if unsaid else read_results(request.settings.results, place._replace(metric=""))
        if metrics and place.metric not in metrics:
            problems.append(f"analysis.metric: {no_such('metric', place.metric, list(metrics))}")
    except ResultsError as error:
        problems += error.problems
    steps = 0
    try:
        steps = len(read_history(request.place.history, place))
    except ResultsError as error:
        problems += error.problems
    try:
        read_scores(request.settings.scores, place)
    except ResultsError as error:
        problems += error.problems
    return metrics, steps, problems


def _curves(proposals: Sequence[Proposal], place: Place) -> dict[str, tuple[float, ...]]:
    """Return the numbers of each proposal by step, where it has steps."""
    found = {}
    for proposal in proposals[:_MOST_CURVES]:
        source = dict(yaml.safe_load(proposal.yaml)["results"])
        source.pop("take", None)
        with suppress(ResultsError, ValidationError):
            rows = read_history(HistorySource.model_validate(source), place)
            found[proposal.yaml] = tuple(row[proposal.metric] for row in rows if proposal.metric in row)
    return found


def _size(folder: Path, without: Path) -> int:
    """Return the bytes in a folder, but not those of the copy of the program, which a study deletes."""
    total = 0
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(root) / name != without]
        for name in names:
            with suppress(OSError):
                total += (Path(root) / name).lstat().st_size
    return total


@dataclass(frozen=True)
class Trial:
    """What three runs show, or four.

    Attributes:
        first: the run.
        again: the same run once more; None if the first failed.
        other: the run with another seed; None if one before it failed.
        metric: that decides.
        third: a run with a third seed, where the first two gave the same in all that they left; two runs may tie.
    """

    first: Tried
    again: Tried | None
    other: Tried | None
    metric: str
    third: Tried | None = None

    @property
    def runs(self) -> list[Tried]:
        """The runs that were done."""
        return [run for run in (self.first, self.again, *self.others) if run is not None]

    @property
    def others(self) -> list[Tried]:
        """The runs with other seeds than the first."""
        return [run for run in (self.other, self.third) if run is not None]

    @property
    def judged(self) -> list[str]:
        """The numbers by which the runs are compared: the metric that decides or, without it, what there is."""
        if self.metric in self.first.metrics:
            return [self.metric]
        likeliest = [proposal.yaml for proposal in self.first.proposals[:1]]
        return list(self.first.metrics) or likeliest

    @property
    def repeats(self) -> bool | None:
        """Whether the same seed gives the same numbers to the last digit; None if there are none to compare."""
        return None if self.again is None else self._same(self.first, self.again, self.judged)

    @property
    def seed(self) -> Seed:
        """Whether the numbers depend on the seed.

        It `arrives unseen` if only other numbers than the metric show it, or what the runs printed or wrote besides. It
        is `coarse` if nothing shows it but the metric has few digits.
        """
        if self.again is None or self.other is None or not self.repeats:
            return "unknown"
        if not all(self._same(self.first, other, self.judged) for other in self.others):
            return "arrives"
        if self.shown_by or self.trace:
            return "arrives unseen"
        if not self.finite:
            return "unknown"
        return "coarse" if self.digits is not None and self.digits <= COARSE else "ignored"

    @property
    def shown_by(self) -> list[str]:
        """Numbers that are the same with the same seed and differ with another."""
        if self.again is None or self.other is None:
            return []
        return [
            name
            for name in {**self.first.numbers, **self.first.curves}
            if self._same(self.first, self.again, [name])
            and any(self._same(self.first, other, [name]) is False for other in self.others)
        ]

    @cached_property
    def trace(self) -> str | None:
        """Where the output or the files show the seed; None if they do not, or if no run has another seed."""
        if self.again is None:
            return None
        whole = not any(run.done.timed_out for run in self.runs)
        found = (seed_shows(self.first.left, self.again.left, other.left, whole) for other in self.others)
        return next(filter(None, found), None)

    @property
    def digits(self) -> int | None:
        """The most significant digits that the deciding number has in any run; None if there is no such number."""
        return max(map(significant_digits, filter(math.isfinite, self._values)), default=None)

    @property
    def finite(self) -> bool:
        """Whether the numbers by which the runs are compared are finite in all runs."""
        return all(map(math.isfinite, self._values))

    @property
    def _values(self) -> list[float]:
        return [run.numbers[name] for run in self.runs for name in self.judged if name in run.numbers]

    @property
    def shared(self) -> list[str]:
        """Files in the program's own folder that more than one run wrote."""
        counts: dict[str, int] = {}
        for run in self.runs:
            for name in run.done.wrote:
                counts[name] = counts.get(name, 0) + 1
        return [name for name, count in counts.items() if count > 1]

    @property
    def once(self) -> list[str]:
        """Files in the program's own folder that only the first run wrote, as a download would."""
        return [name for name in self.first.done.wrote if name not in self.shared]

    @staticmethod
    def _same(one: Tried, two: Tried, names: Sequence[str]) -> bool | None:
        """Whether numbers agree in two runs; where runs were stopped, as far as both came. None without numbers."""
        found = []
        for name in names:
            if one.done.timed_out or two.done.timed_out:
                pair = list(zip(one.curves.get(name, ()), two.curves.get(name, ()), strict=False))
                found += [_equal(*values) for values in pair]
            elif name in one.numbers and name in two.numbers:
                found.append(_equal(one.numbers[name], two.numbers[name]))
        return all(found) if found else None


def try_program(
    requests: Iterator[Request] | Sequence[Request],
    metric: str,
    progress: Callable[[float, str], None],
    ended: Callable[[Tried], None],
) -> Trial:
    """Do the runs of a trial: a run, the same once more, one with another seed; the first failure ends it.

    A third seed follows where two have given the same in all that they left.

    Args:
        requests: the four runs; the last one is taken only if it is needed.
        metric: that decides.
        progress: as for `try_once`.
        ended: called after each run.

    Raises:
        UserError: a run cannot be prepared.
    """
    runs: list[Tried] = []
    trial = None
    for request in requests:
        runs.append(try_once(request, progress))
        ended(runs[-1])
        again, other, third = [*runs[1:], None, None, None][:3]
        trial = Trial(runs[0], again, other, metric, third)
        if runs[-1].failed or (other is not None and trial.seed not in ("ignored", "coarse")):
            break
    if trial is None:
        raise UserError("there is nothing to try")
    return trial


def _equal(one: float, two: float) -> bool:
    return one == two or (math.isnan(one) and math.isnan(two))
