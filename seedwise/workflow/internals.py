"""All uses of Snakemake's internals, which may change with any version of Snakemake.

They are tested with the version in `TESTED`; `tests/workflow` runs all of them. The rules, in workflow/rules, use only
Snakemake's public language.
"""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from seedwise.basics.errors import full_disk

TESTED = "9.27.1"
_STREAMS = ("pipe", "service")


def is_imported(workflow: Any) -> bool:
    """Whether another workflow imports this one and passes it the config."""
    return bool(workflow.modifier.skip_configfile)


def rule_name(workflow: Any, name: str) -> str:
    """Return what a rule of this workflow is called, which an importing workflow may have changed."""
    return str(workflow.modifier.modify_rulename(name))


def placed(workflow: Any, path: str | Path) -> Path:
    """Return the actual location of a path of this workflow, which an importing workflow may have prefixed."""
    return Path(str(workflow.modifier.modify_path(str(path))))


def has_given_config(workflow: Any) -> bool:
    """Whether the command line names a config file."""
    return bool(workflow.overwrite_configfiles)


def deploys_software(workflow: Any) -> bool:
    """Whether jobs run in conda environments or containers, with a Python of their own."""
    return bool(workflow.deployment_settings.deployment_method)


def counts_nodes(workflow: Any) -> bool:
    """Whether Snakemake submits jobs to a cluster."""
    return workflow.resource_settings.nodes is not None


def limit_resource(workflow: Any, name: str, most: int) -> None:
    """Limit a resource on this machine, unless the user has set a limit."""
    if name not in workflow.global_resources:
        workflow.register_resource(name, most)


def unlimit_rate(workflow: Any) -> None:
    """Lift Snakemake's default limit of 100 started jobs per second.

    With a limit, each look for jobs that can start causes another one a second later, for ever: after some hundred jobs
    Snakemake keeps a core busy with looking. A limit that the user has set stays.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def choose_in_parts(workflow: Any, size: int = 200) -> None:
    """Let Snakemake choose the next jobs from a part of those that are ready, while there are thousands.

    After each job it would weigh all of them, which with 10 000 takes two thirds of a core. The part has the jobs of
    the highest priority for which enough is free; the next one is weighed where cores, or places in a queue, are left.
    Under a limit of the user's on started jobs all are weighed together, since such a limit counts each choice.
    """
    scheduler = workflow.scheduler
    choose: Callable[[Collection[Any]], Collection[Any]] = scheduler.job_selector

    def fits(job: Any) -> bool:
        free = scheduler.resources
        return all(value <= free[name] for name, value in job.scheduler_resources.items() if name in free)

    def job_selector(jobs: Collection[Any]) -> Collection[Any]:
        if len(jobs) <= size or scheduler.job_rate_limiter is not None:
            return choose(jobs)
        chosen: list[Any] = []
        rest = filter(fits, sorted(jobs, key=lambda job: job.priority, reverse=True))
        while all(scheduler.resources[name] for name in ("_cores", "_nodes")) and (part := list(islice(rest, size))):
            chosen += choose(part)
        return chosen

    scheduler.job_selector = job_selector


def retries(workflow: Any) -> int:
    """Return how often Snakemake repeats a failed job unless its rule says otherwise."""
    return int(getattr(workflow.execution_settings, "retries", 0) or 0)  # there are no such settings in a dry run


def jobs_to_run(workflow: Any) -> list[Any]:
    """Return the jobs that Snakemake is about to run."""
    return list(workflow.dag.needrun_jobs())


def planned_jobs(workflow: Any) -> list[Any]:
    """Return all requested jobs, including those that need not run."""
    return list(workflow.dag.jobs)


def terminal_handler(logger: logging.Logger) -> logging.StreamHandler[Any] | None:
    """Return the handler that writes Snakemake's messages; None if a logger plugin replaces it."""
    handlers: Sequence[Any] = logger.handlers
    return next((found for found in handlers if found.name == "DefaultStreamHandler"), None)


def is_quiet(workflow: Any) -> bool:
    """Whether Snakemake's `--quiet` covers progress."""
    return bool({about.name for about in workflow.output_settings.quiet or ()} & {"ALL", "PROGRESS"})


def is_dry_run(workflow: Any) -> bool:
    """Whether Snakemake only says what it would run."""
    return bool(workflow.dryrun)


def list_no_jobs() -> None:
    """Let a dry run skip the description of each job, where nothing shows it; it takes a third of the time.

    A dry run writes no log file either.
    """
    from snakemake.executors.dryrun import Executor

    def printjob(*_: Any) -> None:
        """Print nothing."""

    Executor.printjob = printjob


def is_touch(workflow: Any) -> bool:
    """Whether Snakemake only marks outputs as up to date."""
    return bool(workflow.touch)


def forced(workflow: Any, rule: str) -> Collection[str] | None:
    """Return the files that the command line says to make again; None if it says so of all files of a rule."""
    settings = workflow.dag_settings
    return None if settings.forceall or rule in settings.forcerun else settings.forcerun


def is_verbose(workflow: Any) -> bool:
    """Whether `--verbose` or `--printshellcmds` is set."""
    return bool(workflow.output_settings.verbose or workflow.output_settings.printshellcmds)


def rerun(outputs: Collection[str]) -> None:
    """Make Snakemake rerun the jobs that produce these files, if the files are requested.

    Snakemake itself does the same with incomplete files. `--forcerun` would also make the files targets. A changed
    parameter would go unnoticed where the metadata in .snakemake are missing.
    """
    _add_to_graph("forcefiles", outputs)


def keep(outputs: Collection[str]) -> None:
    """Let Snakemake keep files that it takes for incomplete, because it did not note that their job had ended."""
    if not outputs:
        return
    from snakemake.dag import DAG

    find = DAG.incomplete_files

    async def incomplete_files(self: Any) -> list[Any]:
        return [file for file in await find(self) if str(file) not in outputs]

    DAG.incomplete_files = incomplete_files


def ignore_clocks() -> None:
    """Let Snakemake keep outputs that are older than their inputs, as a clock that was set back leaves them.

    It would remove them, and with them a finished run. Whether a run is due is decided by its content.
    """
    from snakemake.dag import DAG

    async def check_output_mtime(*_: Any) -> None:
        """Find no fault."""

    DAG.check_output_mtime = check_output_mtime


def leave_sizes_unread() -> None:
    """Let Python not complain of sizes of inputs that Snakemake begins to read for grouped jobs, and rightly leaves."""
    warnings.filterwarnings("ignore", r"coroutine 'InputFiles\._predicated_size_files", RuntimeWarning)


def leave_pandas() -> None:
    """Let Snakemake look for tables among parameters only if pandas has been imported; without it there are none.

    It would import pandas to look, which takes a fifth of the time that a dry run needs.
    """
    from snakemake.persistence import PersistenceBase

    look = PersistenceBase._serialize_param_pandas

    def _serialize_param_pandas(self: Any, value: Any) -> Any:
        return look(self, value) if "pandas" in sys.modules else self._serialize_param_builtin(value)

    PersistenceBase._serialize_param_pandas = _serialize_param_pandas


def look_for_pipes_once(workflow: Any) -> None:
    """Let Snakemake compare the inputs of a job with pipes and services only if some rule has one as its output.

    It compares each input with what each other job makes, which for 10 000 runs are a hundred million comparisons.
    """
    from snakemake.jobs import Job

    look = Job.is_pipe_or_service_input

    @functools.cache
    def some_rule_streams() -> bool:
        return any(file.flags.get(kind) for rule in workflow.rules for file in rule.output for kind in _STREAMS)

    def is_pipe_or_service_input(self: Any, path: Any) -> bool:
        return some_rule_streams() and look(self, path)

    Job.is_pipe_or_service_input = is_pipe_or_service_input


def endure_full_disk() -> None:
    """Let Snakemake's own log end where its disk is full, without a traceback for each message that is lost."""
    handle_error = logging.FileHandler.handleError

    def handleError(self: logging.FileHandler, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if error is None or full_disk(error, self.baseFilename) is None:
            handle_error(self, record)

    logging.FileHandler.handleError = handleError  # type: ignore[method-assign, assignment]


def prioritise(outputs: Collection[str]) -> None:
    """Make Snakemake start the jobs that produce these files before others; `--prioritize` does the same."""
    _add_to_graph("priorityfiles", outputs)


def before_jobs(workflow: Any, act: Callable[[], None]) -> None:
    """Have something done before the first job, after the hook `onstart`, also where another workflow imports this one.

    Snakemake calls no hooks of a module. In a dry run nothing is done.
    """

    def before(scheduled: Any) -> None:
        if scheduled is workflow and not is_dry_run(workflow):
            act()

    _before_scheduling(before)


def after_planning(act: Callable[[], None]) -> None:
    """Have something done once all jobs are known, if some are to run."""
    _before_scheduling(lambda _: act())


def environment_of(job: Any) -> dict[str, str]:
    """Return the environment variables that Snakemake's shell gives a job."""
    threads, folder = str(job.threads), job.resources.get("tmpdir")
    own = dict.fromkeys(
        (f"{library}_NUM_THREADS" for library in ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")), threads
    )
    own["VECLIB_MAXIMUM_THREADS"] = threads
    return {**os.environ, **own, **(dict.fromkeys(("TMPDIR", "TMP", "TEMPDIR", "TEMP"), folder) if folder else {})}


def measure_less_often() -> None:
    """Let Snakemake measure a job's memory at growing intervals, instead of twice a second for the first 15 seconds.

    Each time, Linux looks through all of its memory; this took 3 % of the time of training two runs at once. A peak
    between two measurements is missed.
    """
    from snakemake import benchmark

    def _schedule(self: Any) -> None:
        longer = benchmark.BENCHMARK_INTERVAL_SHORT * 2.0 ** min(self._times_called - 1, 10)
        self._timer = benchmark.DaemonTimer(min(longer, self._interval), self._action)
        self._timer.start()

    benchmark.ScheduledPeriodicTimer._schedule = _schedule


def shell() -> str:
    """Return the program that runs the commands of jobs."""
    from snakemake.shell import shell

    return shell.get_executable() or "/bin/sh"


def start_commands(start: Callable[[str, Mapping[str, str], str | None], Any]) -> None:
    """Let something else start the commands of jobs, from the command, its environment and its shell.

    It returns a process, with what Snakemake uses of a `subprocess.Popen`; None leaves the command to the shell.
    """
    module: Any = sys.modules["snakemake.shell"]
    start_otherwise = module.sp.Popen  # which another workflow may have set, if one imports both

    def start_or_leave(command: str, **options: Any) -> Any:
        return start(command, options["env"], options.get("executable")) or start_otherwise(command, **options)

    module.sp = ModuleType("subprocess")
    vars(module.sp).update(vars(subprocess), Popen=start_or_leave)


def _before_scheduling(act: Callable[[Any], None]) -> None:
    """Have something done with each workflow whose jobs are about to be scheduled."""
    from snakemake.scheduling.job_scheduler import JobScheduler

    schedule = JobScheduler.schedule

    def _schedule(self: Any) -> Any:
        act(self.workflow)
        return schedule(self)

    JobScheduler.schedule = _schedule


def _add_to_graph(attribute: str, outputs: Collection[str]) -> None:
    """Add files to a set of the job graph, when Snakemake makes the graph."""
    if not outputs:
        return
    from snakemake.dag import DAG  # Snakemake itself has to be imported first

    initialise = DAG.__init__

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807
        initialise(self, *arguments, **options)
        getattr(self, attribute).update(outputs)

    DAG.__init__ = __init__
