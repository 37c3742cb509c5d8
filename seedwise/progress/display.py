"""The progress of a study while Snakemake runs it: a few lines at the bottom of a terminal, or a plain log.

It handles the events of Snakemake's logger, like a logger plugin. It is not a plugin because a plugin must be installed
as a package before a profile can name it, and the plain command must work wherever requirements.txt is installed.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, TextIO

from seedwise.basics.calls import command_for
from seedwise.basics.words import quantity
from seedwise.config.study import Run
from seedwise.progress.same_numbers import same_numbers
from seedwise.progress.session import Session, Snapshot, Training
from seedwise.progress.words import duration, progress
from seedwise.runs.metrics import metric_label

REDRAW = 0.5
FIRST_PAUSE, LONGEST_PAUSE, PAUSE_SHARE = 30.0, 600.0, 0.05
"""Seconds between lines of a plain log: minimum, maximum, and fraction of the time since the start."""
MOST_ROWS = 8
MOST_IN_A_LINE = 4
_BAR = 20
_NOISE = ("job_info", "job_started", "job_finished", "progress", "shellcmd")


def headline(shot: Snapshot) -> str:
    """Return a summary: `5 of 9 runs done, 2 running, 1 failed, 1 to go; about 3 min left`."""
    parts = [f"{shot.done} of {quantity(shot.total, 'run')} done"]
    for count, word in ((shot.running, "running"), (shot.failed, "failed"), (shot.to_go, "to go")):
        if count:
            parts.append(f"{count} {word}")
    known = shot.left is not None and shot.left >= 1  # below, the estimate was wrong
    left = f"; about {duration(shot.left or 0)} left" if known and (shot.trainings or shot.to_go) else ""
    return ", ".join(parts) + left


def block(shot: Snapshot, width: int, height: int = 24, blocks: str = "#.") -> list[str]:
    """Return lines that fit a terminal: a bar, then one row per running training or other job."""
    text = headline(shot)
    bar = min(_BAR, width - len(text) - 3)
    if bar >= 5:
        full = round(bar * shot.done / max(shot.total, 1))
        text = f"{blocks[0] * full}{blocks[1] * (bar - full)}  {text}"
    wide = max((len(training.run.variant) for training in shot.trainings), default=0)
    rows = [_row(training, wide, shot) for training in shot.trainings if training.started is not None]
    queued = sum(training.started is None for training in shot.trainings)
    rows += [f"{job.rule}  {duration(shot.now - job.began)}" for job in shot.others]
    if queued:
        rows.append(f"{quantity(queued, 'run')} submitted or starting")
    most = max(1, min(MOST_ROWS, height - 3))
    if len(rows) > most:
        rows = [*rows[: most - 1], f"and {len(rows) - most + 1} more"]
    return [line[: width - 1] for line in [text, *(f"  {row}" for row in rows)]]


def _row(training: Training, wide: int, shot: Snapshot) -> str:
    cells = [f"{training.run.variant:{wide}}", f"seed {training.run.seed}"]
    if training.steps is not None:
        cells.append(f"{shot.unit} {training.step or 0:{len(str(training.steps))}} of {training.steps}")
    elif training.step is not None:
        cells.append(f"{shot.unit} {training.step}")
    if training.steps is not None or training.watched is not None:
        value = "-     " if training.watched is None else f"{training.watched:.4f}"
        cells.append(f"{metric_label(shot.metric)} {value}")
    since = duration(shot.now - training.started) if training.started else ""
    return "  ".join([*cells, since])


def log_line(shot: Snapshot) -> str:
    """Return one line for a plain log: the headline, and the progress of the first few running trainings."""
    begun = [training for training in shot.trainings if training.started is not None]
    parts = [f"{_name(training.run)} {_place(training, shot)}" for training in begun[:MOST_IN_A_LINE]]
    parts += [f"{job.rule} for {duration(shot.now - job.began)}" for job in shot.others]
    more = len(begun) - MOST_IN_A_LINE
    return " | ".join([headline(shot), *parts, *([f"and {more} more"] if more > 0 else [])])


def _place(training: Training, shot: Snapshot) -> str:
    if training.steps is not None and not (training.step and training.watched is not None):
        return f"in {shot.unit} 1 of {training.steps}"
    return progress(shot.unit, training.step, training.steps, shot.metric, training.watched)


def _name(run: Run) -> str:
    return f"{run.variant} seed {run.seed}"


class Terminal:
    """A terminal stream with fixed lines at its bottom: all other output goes above them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._lines: Sequence[str] = ()
        self._drawn = 0
        self._at_start = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write above the fixed lines."""
        with self._lock:
            self._erase()
            self._stream.write(text)
            self._at_start = text.endswith("\n") if text else self._at_start
            self._draw()
        return len(text)

    def show(self, lines: Sequence[str]) -> None:
        """Replace the fixed lines."""
        with self._lock:
            self._erase()
            self._lines = lines
            self._draw()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\r\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        if self._at_start and self._lines:
            self._stream.write("".join(f"{line}\n" for line in self._lines))
            self._drawn = len(self._lines)
        self._stream.flush()


class Display(logging.Handler):
    """Handles Snakemake's events and shows the progress of a session until it is stopped."""

    def __init__(self, session: Session, handler: logging.StreamHandler[TextIO]) -> None:
        super().__init__()
        self._session, self._handler = session, handler
        self._stream: TextIO = handler.stream
        self._terminal = Terminal(self._stream) if _can_redraw(self._stream) else None
        self._began = time.time()
        self._stopped = threading.Event()
        self._warned: set[str] = set()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self, logger: logging.Logger, *, hide_noise: bool) -> None:
        """Attach to a logger and show progress; `hide_noise` suppresses Snakemake's messages on each successful job."""
        self._logger = logger
        if hide_noise:
            self._handler.addFilter(_is_informative)
        logger.addHandler(self)
        if self._terminal:
            self._handler.setStream(self._terminal)  # type: ignore[arg-type]
            self._stderr, sys.stderr = sys.stderr, self._terminal
        self._thread.start()
        atexit.register(self.stop)  # Snakemake calls no hook if it ends with an exception

    def stop(self) -> None:
        """Stop showing progress, and print a summary of the runs."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join(5)
        self._logger.removeHandler(self)
        self._handler.removeFilter(_is_informative)
        if self._terminal:
            self._terminal.show(())
            self._handler.setStream(self._stream)
            sys.stderr = self._stderr
        self._say(f"{headline(self._session.snapshot())}, after {duration(time.time() - self._began)}")
        failed = list(self._session.failed.items())
        for run, state in failed[:MOST_ROWS]:
            log = f"\n    log: {state.log}" if state.log else ""
            self._say(f"  {_name(run)} failed: {state.reason or 'see its log'}{log}")
        if len(failed) > MOST_ROWS:
            self._say(f"  and {len(failed) - MOST_ROWS} more; `{command_for('status')}` lists them")

    def emit(self, record: logging.LogRecord) -> None:
        """Handle an event."""
        try:
            self._handle_event(record)
        except Exception:  # a display error must never stop a study
            self.handleError(record)

    def _handle_event(self, record: logging.LogRecord) -> None:
        event: dict[str, Any] = record.__dict__
        match str(event.get("event")):
            case "job_info":
                self._session.begin(event["jobid"], event["rule_name"], event["wildcards"] or {})
            case "job_error":
                self._session.fail(event["jobid"])
            case "job_finished":
                self._say_finished(event["job_id"])

    def _say_finished(self, jobid: int) -> None:
        found = self._session.finish(jobid)
        if found is None:
            return
        job, state = found
        took = duration(time.time() - job.began)
        if job.run is None or state is None:
            if job.rule != "all":
                self._say(f"{job.rule} done in {took}")
            return
        result = ""
        if state.state == "diverged":
            result = f": {state.reason}"
        elif state.watched is not None:
            result = f", {metric_label(state.metric)} {state.watched:.4f}"
        runs = "run" if self._session.total == 1 else "runs"
        unwarned = state.state == "finished" and job.run.variant not in self._warned
        if unwarned and (warning := same_numbers(self._session.reader.folder(job.run), job.run)):
            self._warned.add(job.run.variant)
            self._say(f"Warning: {warning}")
        counted = f" ({self._session.done} of {self._session.total} {runs} done)" if not self._terminal else ""
        self._say(f"{_name(job.run)} {state.state} in {took}{result}{counted}")

    def _say(self, text: str) -> None:
        stream = self._terminal or self._stream
        stream.write(f"[{time.strftime('%H:%M:%S')}] {text}\n")
        stream.flush()

    def _watch(self) -> None:
        last = self._began
        while not self._stopped.wait(REDRAW):
            try:
                if self._terminal:
                    size = _size(self._stream)
                    lines = block(self._session.snapshot(), size.columns, size.lines, _blocks(self._stream))
                    self._terminal.show(lines)
                elif time.time() - last >= pause(time.time() - self._began):
                    last = time.time()
                    self._say(log_line(self._session.snapshot()))
            except (OSError, ValueError, RuntimeError):
                continue  # a file or a dictionary changed while it was read: try again


def pause(elapsed: float) -> float:
    """Return the seconds between lines of a plain log; they grow, so that a study of days does not fill it."""
    return min(LONGEST_PAUSE, max(FIRST_PAUSE, PAUSE_SHARE * elapsed))


def _is_informative(record: logging.LogRecord) -> bool:
    """Whether a message from Snakemake adds anything to the display."""
    return str(record.__dict__.get("event")) not in _NOISE and record.getMessage() != "Select jobs to execute..."


def _can_redraw(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _size(stream: TextIO) -> os.terminal_size:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return shutil.get_terminal_size()
    return size if size.columns else shutil.get_terminal_size()


def _blocks(stream: TextIO) -> str:
    return "█░" if "utf" in (stream.encoding or "").lower() else "#."
