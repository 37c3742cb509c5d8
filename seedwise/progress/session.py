"""One run of Snakemake, followed by its events: which trainings are running, done, failed or still to come."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from seedwise.config.study import Run
from seedwise.progress.states import RunState, StateReader
from seedwise.runs.attempt import read_attempt

Place = Literal["done", "diverged", "failed", "running", "waiting"]
"""Where a run of a session is; one that Snakemake has started or submitted is running."""


class Training(NamedTuple):
    """A training that Snakemake has started; on a cluster it may still be queued, and then `started` is None."""

    run: Run
    phase: str | None
    step: int | None
    steps: int | None
    mean_seconds: float | None
    started: float | None
    latest: float | None


@dataclass
class Job:
    """A job that Snakemake started at `began`; `run` is None unless it is a training."""

    rule: str
    run: Run | None
    began: float


class Snapshot(NamedTuple):
    """The progress at one moment.

    Attributes:
        unit: name of a step of a training, such as "epoch".
        places: of each requested run, variant by variant.
        left: estimated seconds until the last training ends; None if unknown.
        queues: whether jobs that were started may wait in the queue of a cluster.
    """

    unit: str
    places: Mapping[Run, Place]
    done: int
    total: int
    failed: int
    trainings: Sequence[Training]
    others: Sequence[Job]
    left: float | None
    now: float
    queues: bool = False

    @property
    def running(self) -> int:
        """Number of trainings that have begun."""
        return sum(training.started is not None for training in self.trainings)

    @property
    def to_go(self) -> int:
        """Number of runs that have neither ended nor begun."""
        return self.total - self.done - self.failed - self.running


@dataclass
class Session:
    """The progress of a study, from Snakemake's events and the runs' folders.

    Attributes:
        reader: reads the states of the study's runs.
        asked: the requested runs, variant by variant, including those done in earlier sessions.
        waiting: runs that this session has yet to start.
        queues: whether jobs that were started may wait in the queue of a cluster.
        train: name of the rule that does a run; a workflow that imports this one may rename it.
    """

    reader: StateReader
    asked: Sequence[Run]
    waiting: set[Run]
    queues: bool = False
    train: str = "train_run"
    jobs: dict[int, Job] = field(default_factory=dict)
    failed: dict[Run, RunState] = field(default_factory=dict)
    diverged: set[Run] = field(default_factory=set)
    _seconds: dict[str, list[float]] = field(default_factory=dict)
    _began: dict[Run, float] = field(default_factory=dict)
    _most_at_once: int = 1
    _first: float | None = None  # when the first of the runs that have ended began

    def __post_init__(self) -> None:
        self.total = len(self.asked)
        self.done = self.total - len(self.waiting)

    def begin(self, jobid: int, rule: str, wildcards: Mapping[str, str]) -> None:
        """Record that a job was started or, on a cluster, submitted."""
        run = Run(wildcards["variant"], int(wildcards["seed"])) if rule == self.train else None
        self.jobs[jobid] = Job(rule, run, time.time())
        if run:
            self._began.pop(run, None)  # of an attempt before
        if run and run in self.failed:  # Snakemake retries it
            del self.failed[run]
        elif run:
            self.waiting.discard(run)

    def finish(self, jobid: int) -> tuple[Job, RunState | None] | None:
        """Record that a job is done; return it, with the state of the run that it trained."""
        job = self.jobs.pop(jobid, None)
        if job is None or job.run is None:
            return (job, None) if job else None
        self.done += 1
        state = self.state(job.run)
        took = self.took(job, state)
        self._seconds.setdefault(job.run.variant, []).append(took)
        self._first = self._first or time.time() - took
        if state.state == "diverged":
            self.diverged.add(job.run)
        return job, state

    def fail(self, jobid: int) -> tuple[Job, RunState | None] | None:
        """Record that a job failed, or was interrupted and is still to be done; return it as `finish` does."""
        job = self.jobs.pop(jobid, None)
        if job is None or job.run is None:
            return (job, None) if job else None
        state = self.state(job.run)
        if state.state == "interrupted":
            self.waiting.add(job.run)
        else:
            self.failed[job.run] = state
        return job, state

    def took(self, job: Job, state: RunState | None) -> float:
        """Return how many seconds a job took that has ended now, without its time in the queue of a cluster."""
        if not self.queues or job.run is None:
            began: float = self._began.get(job.run, job.began) if job.run else job.began
        elif state and state.seconds is not None:
            return state.seconds  # Snakemake learns late that a job has ended
        else:
            mark = read_attempt(self.reader.folder(job.run))
            began = max(mark.started, job.began) if mark else self._began.get(job.run, job.began)
        return time.time() - began

    def state(self, run: Run) -> RunState:
        """Read the state of a run."""
        return self.reader.read(run)

    def snapshot(self) -> Snapshot:
        """Return the progress now; it reads the folders of the running trainings."""
        jobs, now = list(self.jobs.values()), time.time()
        trainings = [self._training(job.run, job.began) for job in jobs if job.run]
        self._began |= {training.run: training.started for training in trainings if training.started is not None}
        self._most_at_once = max(self._most_at_once, sum(training.started is not None for training in trainings))
        waiting = Counter(run.variant for run in set(self.waiting))
        left = time_left(trainings, waiting, self._seconds, self._most_at_once, now)
        if self.queues and left is not None:
            left = max(left, self._queue_left(trainings, waiting.total(), now))
        others = [job for job in jobs if job.run is None]
        running = {training.run for training in trainings}
        places = {run: self._place(run, running) for run in self.asked}
        return Snapshot(
            self.reader.unit, places, self.done, self.total, len(self.failed), trainings, others, left, now, self.queues
        )

    def _queue_left(self, trainings: Sequence[Training], waiting: int, now: float) -> float:
        """Return the seconds after which the last queued run begins, at the pace so far; 0 until the pace is known.

        The start of a job and the queue itself take time that no run knows of.
        """
        ended = sum(len(own) for own in self._seconds.values())
        if self._first is None or ended < 2 * self._most_at_once:
            return 0.0
        queued = waiting + sum(training.started is None for training in trainings)
        return queued * (now - self._first) / ended

    def _place(self, run: Run, running: Collection[Run]) -> Place:
        if run in running:
            return "running"
        if run in self.waiting:
            return "waiting"
        if run in self.failed:
            return "failed"
        return "diverged" if run in self.diverged else "done"

    def _training(self, run: Run, submitted: float) -> Training:
        folder, steps = self.reader.folder(run), self.reader.steps(run.variant)
        mark, last = read_attempt(folder), self.reader.last_step(run)
        started = mark.started if mark and mark.error is None else self._began.get(run)
        phase = mark.phase if mark and mark.error is None else None
        if last is None:
            return Training(run, phase, None, steps, None, started, None)
        started = started or submitted  # it has just removed its mark because it is done
        try:
            latest = (folder / "history.csv").stat().st_mtime
        except OSError:
            latest = None
        return Training(run, phase, last.number, steps, last.mean_seconds, started, latest)


def time_left(
    trainings: Sequence[Training],
    waiting: Mapping[str, int],
    seconds: Mapping[str, Sequence[float]],
    at_once: int,
    now: float,
) -> float | None:
    """Estimate the seconds until the last training ends; None before the first step of the first one.

    A run is assumed to take as long as its variant's completed runs; without any, as long as the variant's steps so far
    predict; without any, as long as the runs of the other variants. As many are assumed to run at once as have at most
    in this session.
    """
    predicted = {
        training.run.variant: training.steps * training.mean_seconds
        for training in trainings
        if training.mean_seconds is not None and training.steps is not None
    }
    known = predicted | {variant: statistics.fmean(own) for variant, own in seconds.items()}
    if not known:
        return None
    usual = statistics.fmean(known.values())
    remaining = []
    for training in trainings:
        if training.mean_seconds is not None and training.step is not None and training.steps is not None:
            since = now - training.latest if training.latest else 0.0
            rest = (training.steps - training.step) * training.mean_seconds - since
        else:
            rest = known.get(training.run.variant, usual) - (now - training.started if training.started else 0.0)
        remaining.append(max(0.0, rest))
    to_come = sum(count * known.get(variant, usual) for variant, count in waiting.items())
    return max([0.0, *remaining, (sum(remaining) + to_come) / at_once])
