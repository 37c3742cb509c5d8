"""The progress of a study while Snakemake runs it: a table at the bottom of a terminal, or lines in a plain log.

It handles the events of Snakemake's logger, like a logger plugin. It is not a plugin because a plugin must be installed
as a package before a profile can name it, and the plain command must work wherever requirements.txt is installed.
"""

from __future__ import annotations

import atexit
import logging
import re
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, TextIO

from seedwise.basics.calls import command_for
from seedwise.basics.names import visible
from seedwise.config.study import Run
from seedwise.progress import failures
from seedwise.progress.quiet import ENDING, Quiet
from seedwise.progress.same_numbers import same_numbers
from seedwise.progress.session import Job, Session
from seedwise.progress.states import RunState
from seedwise.progress.table import JOBS, PLAIN, UNICODE, Marks, block, headline, log_line, name
from seedwise.progress.terminal import Terminal, can_redraw, size
from seedwise.progress.words import duration
from seedwise.runs.attempt import ENDED

REDRAW = 0.5
FIRST_PAUSE, LONGEST_PAUSE, PAUSE_SHARE = 30.0, 600.0, 0.05
"""Seconds between lines of a plain log: minimum, maximum, and fraction of the time since the start."""
_ANNOUNCED = {**JOBS, "collect_runs": "writing the report"}
"""What a plain log says when a job begins, in the place of Snakemake's block."""
_PART_OF_REPORT = ("analyse_study", "plot_figures", "render_report", "render_page")


class Display(logging.Handler):
    """Handles Snakemake's events and shows the progress of a session until it is stopped.

    Args:
        session: what is shown.
        handler: Snakemake's own, which writes to the terminal.
        silent: show nothing but failures.
        asked: whether there was a question before finished runs were replaced, as there is again after an interrupt.
    """

    def __init__(
        self, session: Session, handler: logging.StreamHandler[TextIO], *, silent: bool = False, asked: bool = False
    ) -> None:
        super().__init__()
        self._asked = asked
        self._session, self._handler, self._silent = session, handler, silent
        self._stream: TextIO = handler.stream
        self._terminal = Terminal(self._stream) if can_redraw(self._stream) and not silent else None
        self._began = time.time()
        self._stopped = threading.Event()
        self._warned: set[str] = set()
        self._reported: list[tuple[Run, str]] = []
        self._messages: set[str] = set()
        self._others: dict[int, failures.Other] = {}
        self._ending = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self, logger: logging.Logger, quiet: Quiet | None) -> None:
        """Attach to a logger and show progress; `quiet` then hides the failures that are reported here."""
        self._logger = logger
        if quiet:
            quiet.reports = self.reports
        logger.addHandler(self)
        if self._terminal:
            self._handler.setStream(self._terminal)  # type: ignore[arg-type]
            self._stderr, sys.stderr = sys.stderr, self._terminal
        if not self._silent:
            self._thread.start()
        atexit.register(self.stop)  # Snakemake calls no hook if it ends with an exception

    def stop(self) -> None:
        """Stop showing progress, and print a summary: how many runs are done, and each distinct failure."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._logger.removeHandler(self)
        if self._terminal:
            self._terminal.show(())
            self._handler.setStream(self._stream)
            sys.stderr = self._stderr
        shot = self._session.snapshot()._replace(left=None)  # nothing runs any more
        if shot.total and not self._silent:
            self._say(f"{headline(shot)}, after {duration(time.time() - self._began)}")
            if shot.done < shot.total and not shot.failed and not self._others:
                again = ", and asks again before it replaces a finished run" if self._asked else ""
                self._say(f"To go on, run the same command again: it does only what is missing{again}.")
        remedies = self._remedies(run.variant for run, where in shot.places.items() if where == "done")
        for line in failures.blocks(self._session.failed, self._others.values(), command_for("status"), remedies):
            self._say(line)

    def _remedies(self, succeeded: Iterable[str]) -> failures.Remedies:
        """Return what the study says about failed runs."""
        study = self._session.reader.study.study
        needs = study.resources.train_run
        program = study.program
        section = ("command" if study.command else "function") if program else ""
        retries = program.retries if program else 0
        return failures.Remedies(section, needs.gpu, needs.gpu_slots, retries, frozenset(succeeded))

    def reports(self, fields: dict[str, Any]) -> bool:
        """Whether a failure is reported here: one of which the run, or a log of the job, says why, or an interrupt."""
        return self._ending or all(self._knows_why(info) for info in fields.get("job_error_info") or [fields])

    def _knows_why(self, info: dict[str, Any]) -> bool:
        job = self._session.jobs.get(info["jobid"])
        if job is None:
            return False
        said = self._session.state(job.run).reason if job.run else None
        return bool(said) or failures.reason_of(info["log"]) is not None

    def emit(self, record: logging.LogRecord) -> None:
        """Handle an event."""
        try:
            self._handle_event(record)
        except Exception:  # a display error must never stop a study
            self.handleError(record)

    def _handle_event(self, record: logging.LogRecord) -> None:
        event: dict[str, Any] = record.__dict__
        self._ending = self._ending or str(record.msg).startswith(ENDING)
        match str(event.get("event")):
            case "job_info":
                self._say_begun(event)
            case "job_error":
                self._say_failed(event, event.get("rule_msg"))
            case "group_error":
                for log in event["aux_logs"]:
                    self._say(f"a group of jobs failed; its log: {log}")
            case "job_finished":
                self._say_finished(event["job_id"])

    def _say_begun(self, event: dict[str, Any]) -> None:
        self._session.begin(event["jobid"], event["rule_name"], event["wildcards"] or {})
        self._others.pop(event["jobid"], None)  # Snakemake retries it
        rule = event["rule_name"]
        if not self._terminal and rule in _ANNOUNCED and rule not in _PART_OF_REPORT:
            self._say_progress(_ANNOUNCED[rule])

    def _say_finished(self, jobid: int) -> None:
        found = self._session.finish(jobid)
        if found is None:
            return
        job, state = found
        took = duration(self._session.took(job, state))
        if job.run is None or state is None:
            if job.rule not in ("all", "runs", "report_products", *JOBS):
                self._say_progress(f"{job.rule} done in {took}")
            return
        unwarned = state.state == "finished" and job.run.variant not in self._warned
        study, results = self._session.reader.study.study, self._session.reader.results
        if unwarned and (warning := same_numbers(study, job.run, self._session.asked, results)):
            self._warned.add(job.run.variant)
            self._say(f"Warning: {warning}")
        if state.state == "diverged":
            self._say_progress(f"{self._count()} {name(job.run)}: diverged after {took}: {state.reason}")
        elif not self._terminal:
            self._say_progress(f"{self._count()} {name(job.run)}: {took}")

    def _say_failed(self, event: dict[str, Any], message: str | None) -> None:
        found = self._session.fail(event["jobid"])
        if found is None:
            return
        job, state = found
        took = duration(self._session.took(job, state))
        if job.run is None or state is None:
            self._note_other(job, event, took)
        elif failures.was_interrupted(state, event["log"], self._ending):
            self._session.failed.pop(job.run, None)
            self._session.waiting.add(job.run)
            self._say(f"{name(job.run)}: interrupted after {took}")  # also where a SIGTERM met this run alone
        else:
            state = self._session.failed[job.run] = failures.explained(state, event["log"])
            self._say_failed_run(job, state, took)
        words = re.sub(r"\d+", "#", message or "")
        if words and words not in self._messages:  # what a cluster says of it
            self._messages.add(words)
            self._say(f"  {message}")

    def _note_other(self, job: Job, event: dict[str, Any], took: str) -> None:
        if known := failures.reason_of(event["log"]):
            self._others[event["jobid"]] = failures.Other(job.rule, *known)
            first, *_ = known[0].splitlines()
            self._say(f"{job.rule} failed after {took}: {first}")

    def _say_failed_run(self, job: Job, state: RunState, took: str) -> None:
        assert job.run
        reason = state.reason or ENDED
        like = next((run for run, its in self._reported if failures.is_same(job.run, reason, run, its)), None)
        if failures.is_skipped(state):
            text = "not started, because the first run of its variant failed"
        elif like and like != job.run:
            text = f"failed after {took}, as {name(like)} did"
        else:
            self._reported.append((job.run, reason))
            log = f"\n  log: {state.log}" if state.log else ""
            self._say(f"{self._count()} {name(job.run)}: failed after {took}: {reason}{log}")
            return
        if not self._terminal:
            self._say_progress(f"{self._count()} {name(job.run)}: {text}")

    def _count(self) -> str:
        """Return how many runs have ended, as `[3/9]`."""
        return f"[{self._session.done + len(self._session.failed)}/{self._session.total}]"

    def _say_progress(self, text: str) -> None:
        if not self._silent:
            self._say(text)

    def _say(self, text: str) -> None:
        stream = self._terminal or self._stream
        stream.write(f"{visible(text)}\n")
        stream.flush()

    def _watch(self) -> None:
        last = self._began
        while not self._stopped.wait(REDRAW):
            try:
                if self._terminal:
                    columns, rows = size(self._stream)
                    self._terminal.show(block(self._session.snapshot(), columns, rows, _marks(self._stream)))
                elif time.time() - last >= pause(time.time() - self._began):
                    last = time.time()
                    self._say(f"[{time.strftime('%H:%M:%S')}] {log_line(self._session.snapshot())}")
            except (OSError, ValueError, RuntimeError):
                continue  # a file or a dictionary changed while it was read: try again


def pause(elapsed: float) -> float:
    """Return the seconds between lines of a plain log; they grow, so that a study of days does not fill it."""
    return min(LONGEST_PAUSE, max(FIRST_PAUSE, PAUSE_SHARE * elapsed))


def _marks(stream: TextIO) -> Marks:
    return UNICODE if "utf" in (stream.encoding or "").lower() else PLAIN
