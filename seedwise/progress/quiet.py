"""What a terminal does not show of Snakemake's messages: its banner, its tables, and a block for each job.

Everything is in .snakemake/log, and `--verbose` or `--printshellcmds` show it. Only messages that are known are hidden,
so that a warning, an error or whatever another version or a plugin has to say appears.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

NOTHING = "Nothing to be done"
_ABOUT_ITSELF = {"workflow_started", "resources_info"}
_ABOUT_JOBS = {"job_info", "job_started", "job_finished", "group_info", "progress", "shellcmd"}
_MESSAGES = re.compile(
    r"Assuming unrestricted shared filesystem usage|Building DAG of jobs|Using shell: |Provided \w+|Rules claiming more"
    r"|(Conda environments|Singularity containers): ignored|Group jobs: inactive|Select jobs to execute"
    r"|Execute \d+ jobs|Elapsed time: |Removing output files of failed job|Shutting down, this might take some time"
    r"|Submitted (group )?job \S+ with external jobid|(Group job|Job) \S+ has been submitted with SLURM jobid"
    r"|This was a dry-run|Some jobs were triggered by provenance|Rules with provenance triggered|Reasons:"
    r"|Storing output in storage|\d+ jobs have (missing|outdated) provenance|Complete log"
)
_CALLED_PROCESS = re.compile(
    r"RuleException:\s+CalledProcessError in file .* (returned non-zero exit status|died with <Signals\.SIG(INT|TERM))",
    re.DOTALL,
)
ENDING = "Terminating processes on user request"
"""How Snakemake says that it was interrupted and is stopping all jobs."""
_ENDINGS = ("Exiting because a job execution failed", "WorkflowError:\nAt least one job did not complete successfully")


class Quiet(logging.Filter):
    """Hides what Snakemake says about itself, and calls `announce` in the place of its table of jobs.

    Args:
        announce: called with the number of jobs of each rule, which may be none at all; where it is None, only what is
            said about each job is hidden.

    Attributes:
        reports: whether the display reports the failure that a record is about; None where there is no display.
        failed: whether a failure has been reported, or that Snakemake was interrupted.
    """

    def __init__(self, announce: Callable[[Mapping[str, int]], None] | None) -> None:
        super().__init__()
        self._announce, self._announced = announce, False
        self.reports: Callable[[dict[str, Any]], bool] | None = None
        self.failed = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown."""
        event, message = str(record.__dict__.get("event")), record.getMessage()
        self.failed = self.failed or message.startswith(ENDING)
        if self._announce is not None and (event == "run_info" or message.startswith(NOTHING)):
            if not self._announced:
                self._announced = True
                stats: Mapping[str, int] = record.__dict__.get("stats") or {}
                self._announce({rule: count for rule, count in stats.items() if rule != "total"})
            return False
        if record.levelno >= logging.WARNING:
            return not self._is_reported(event, message, record.__dict__)
        if event in _ABOUT_JOBS:
            return False
        if self._announce is None:
            return not message.startswith("Select jobs to execute")
        return event not in _ABOUT_ITSELF and _MESSAGES.match(message) is None

    def _is_reported(self, event: str, message: str, fields: dict[str, Any]) -> bool:
        """Whether the display says in its own words what an error is about."""
        if self.reports is None:
            return False
        if event in ("job_error", "group_error"):
            try:
                reported = self.reports(fields)
            except Exception:  # better shown by Snakemake than not at all
                reported = False
            self.failed = self.failed or reported
            return reported
        return bool(_CALLED_PROCESS.match(message)) or (self.failed and message.startswith(_ENDINGS))
