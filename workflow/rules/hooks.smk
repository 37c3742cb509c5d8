# Hooks around a study: its lock, the set-up of trackers, the progress display and the final messages.
import atexit
import json
import subprocess
import time

from seedwise.analysis.prospects import prospects_of
from seedwise.analysis.findings import read_plain
from seedwise.basics.calls import command_for, is_again, is_called
from seedwise.registration.change import asks_to_go_on, coming_change
from seedwise.registration.register import note_results, register
from seedwise.runs.gpus import NO_GPU
from seedwise.runs.hardware import gpus
from seedwise.progress.banner import NONE, banner, finding, plan
from seedwise.config.last_study import remember_study
from seedwise.progress.display import Display
from seedwise.progress.quiet import Quiet
from seedwise.progress.session import Session
from seedwise.progress.states import ENDED_STATES, StateReader, read_states
from seedwise.trainers.command.own_output import remember_own_output
from seedwise.workflow.cautions import program_cautions, study_cautions
from seedwise.workflow.forks import ForkServers, can_fork
from seedwise.workflow.preload import IMPORTING_NUMPY, modules_of
from seedwise.workflow.slurm import remember_min_job_age
from seedwise.tracking.sync import unsent
from seedwise.tracking.weights_and_biases import goes_online

STARTED = time.time()
ON_CUDA = {
    name for name in VARIANTS if TRAINING_GPUS[name] and expected_device(TRAINER.device(SETTINGS[name])) == "cuda"
}

# On this machine, without a limit of the user's, as many runs train on CUDA at once as its GPUs have slots. The same
# limit would hold back a cluster.
if LOCAL and ON_CUDA and gpus():
    internals.limit_resource(workflow, "gpu", len(gpus()) * STUDY.resources.train_run.gpu_slots)


def check_gpus():
    """Fail before the first job if runs need CUDA and this machine has no GPU."""
    if workflow.local_exec and ON_CUDA and not gpus():
        if any(job.wildcards_dict.get("variant") in ON_CUDA for job in internals.jobs_to_run(workflow)):
            sys.exit(NO_GPU)  # a WorkflowError would come with lines of code, here and below


def prepare_slurm():
    """Workaround: let the Slurm plugin survive outages of the Slurm controller."""
    if plugin := sys.modules.get("snakemake_executor_plugin_slurm"):
        remember_min_job_age(plugin)


def lock_study():
    """Hold the study's lock until Snakemake ends; the kernel frees it, however that happens."""
    global STUDY_LOCK
    STUDY_LOCK = hold_lock(FOLDER / ".lock")
    try:
        STUDY_LOCK.__enter__()
    except LockHeldError:
        sys.exit(f"another snakemake is running the study {STUDY.study} ({FOLDER}); wait for it, or stop it first")


def prepare_mlflow():
    """Make the MLflow store before the first runs, which would otherwise create its tables all at once.

    It is no rule: the store as an input of `train_run` would retrain everything when MLflow is switched on.
    """
    if STUDY.tracking.mlflow.enabled:
        script = SCRIPTS / "prepare_mlflow.py"
        subprocess.run(
            [sys.executable, script, "--study", STUDY.study, "--variants", *VARIANTS]
            + ["--context", context_path(FOLDER), "--results", FOLDER.parent],
            check=False,
            stdout=sys.stderr,
        )


def say_unsent():
    """Report the runs that should be in W&B but are not."""
    if STUDY.tracking.wandb.mode != "disabled" and goes_online(STUDY.tracking.wandb) and (left := unsent(FOLDER)):
        say(f"{len(left)} runs are not in W&B yet; send them: {command_for('sync_wandb')}")


def fork_jobs(jobs):
    """Start jobs on this machine as forks of processes that have imported what their scripts import.

    These begin before the first run, and for the report when a core is about to become idle. Runs on a GPU are not forked.
    """
    if not can_fork() or internals.deploys_software(workflow) or internals.is_touch(workflow):
        return
    run = "run_program" if PROGRAM else "train_run"
    made = [job for job in jobs if job.rule.name == TRAIN]
    forked = LOCAL and not ON_CUDA and len(made) > 1
    logs = STUDY.tracking.wandb.mode != "disabled"
    modules = modules_of(run if forked else None, examples=bool(STUDY.evaluation), wandb=logs)
    servers = ForkServers(modules, IMPORTING_NUMPY, internals.shell(), FOLDER)
    analysed = next((job for job in jobs if job.rule.name in (ANALYSE, ANALYSE_INTERIM)), None)

    def prepare_report():
        if analysed:
            servers.prepare("analyse_study", internals.environment_of(analysed))

    if forked:
        servers.prepare(run, internals.environment_of(made[0]))
        servers.before_last(run, len(made), prepare_report)
    elif not made:
        prepare_report()
    internals.start_commands(servers.start)
    atexit.register(servers.close)


def runs_of(jobs):
    """Return the runs that jobs make, in the order of the study; a target may be a run that no look needs yet."""
    made = {(job.wildcards.variant, int(job.wildcards.seed)) for job in jobs if job.rule.name == TRAIN}
    return [run for run in STUDY.runs() if run in made]


def planned_rules():
    """Return the names of the rules of all requested jobs."""
    return {job.rule.name for job in internals.planned_jobs(workflow)}


def say(*lines):
    """Print lines where Snakemake's messages go."""
    for line in lines:
        print(visible(line), file=HANDLER.stream if HANDLER else sys.stderr, flush=True)


def announce(counts):
    """Say in a few lines what is about to be run, in the place of Snakemake's table of jobs; in a dry run, list it."""
    jobs, planned = internals.jobs_to_run(workflow), internals.planned_jobs(workflow)
    if planned_rules() <= ONLOOKERS:
        return
    lines = banner(STUDY.study, STUDY.title, RESULTS, runs_of(planned), runs_of(jobs), elsewhere=bool(SOURCE))
    if not counts:
        reported = outcome(made_now=False) if REPORT in planned_rules() else []
        say(lines[0], lines[1].replace(NONE, "Nothing to be done"), *reported)
        return
    say(*lines)
    if (to_do := set(runs_of(jobs))) and not is_again():
        there = (run for run in runs_of(planned) if run not in to_do)
        say(*filter(None, [prospects_of(STUDY, FOLDER, there)]))
    if internals.is_dry_run(workflow):
        internals.list_no_jobs()
        say_cautions(jobs)
        say_unfit(jobs)
        say_exploratory(jobs)
        say(*plan(counts, runs_of(jobs)))


def show_progress(jobs, asked):
    """Show the progress of the jobs; if Snakemake was told to be quiet about it, only failures.

    `asked` is whether there was a question before finished runs were replaced.

    Where the user has chosen a logger plugin for the terminal, Snakemake's own handler is not there, and it shows.
    """
    global DISPLAY
    if HANDLER:
        runs = runs_of(internals.planned_jobs(workflow))  # not all runs, with --batch or a target
        session = Session(StateReader(ASKED, FOLDER.parent), runs, set(runs_of(jobs)), queues=not LOCAL, train=TRAIN)
        DISPLAY = Display(session, HANDLER, silent=internals.is_quiet(workflow), asked=asked)
        if QUIET and internals.is_imported(workflow):
            HANDLER.addFilter(QUIET)
        DISPLAY.start(logger, QUIET)


def say_unfit(jobs):
    """Report the finished runs that are run again, and why."""
    asked = {str(job.output.record) for job in jobs if job.rule.name == TRAIN}
    unfit = [misfit for path, misfit in UNFIT.items() if path in asked]
    say(*describe_unfit(unfit, dry_run=internals.is_dry_run(workflow)))


def ask(jobs):
    """Ask before finished runs are replaced, unless the command line says so; return whether there was a question."""
    forced = internals.forced(workflow, TRAIN)
    if forced is None or SOURCE or internals.is_touch(workflow):
        return False
    due = [job for job in jobs if job.rule.name == TRAIN and str(job.output.record) not in forced]
    return asks_to_replace(or_exit(finished_runs, ASKED, FOLDER, runs_of(due)), STUDY, say)


def say_cautions(jobs):
    """Report, before the first run, what the study may not mean as it is written."""
    if runs_of(jobs):
        say(*(f"Caution: {text}" for text in [*program_cautions(STUDY), *study_cautions(STUDY)]))


def say_exploratory(jobs):
    """Report, before anything is run, that verdicts will be exploratory: only then can the study still be another one.

    Return what changes.
    """
    if not {job.rule.name for job in jobs} & {TRAIN, ANALYSE}:
        return None
    change = or_exit(coming_change, FOLDER, ASKED)
    if change.warning:
        say(change.warning)
    return change


# Rules that only read a study: it is neither locked nor set up for them.
LOOKING = ("status", "status_json", "compare", "collect_interim", "analyse_interim", "plot_interim", "interim")
ONLOOKERS = {internals.rule_name(workflow, name) for name in LOOKING}
TRAIN, ANALYSE, ANALYSE_INTERIM, REPORT, LR_FINDER, LOOK = (
    internals.rule_name(workflow, name)
    for name in ("train_run", "analyse_study", "analyse_interim", "render_report", "lr_finder", "interim")
)
STUDY_LOCK = DISPLAY = None

# What Snakemake says is replaced in the terminal; a workflow that imports this one announces its own jobs.
HANDLER = internals.terminal_handler(logger) if workflow.is_main_process else None
QUIET = None
if HANDLER and not internals.is_verbose(workflow):
    QUIET = Quiet(None if internals.is_imported(workflow) else announce)
    if not internals.is_imported(workflow):
        HANDLER.addFilter(QUIET)


def start_study():
    """Do all that precedes the first job; importing workflows call this, because Snakemake runs no hooks of a module."""
    if workflow.is_main_process:
        jobs = internals.jobs_to_run(workflow)
        asked = {job.rule.name for job in jobs}
        require_writable(FOLDER)
        if not asked <= ONLOOKERS:
            check_gpus()
            lock_study()
            say_cautions(jobs)
            change = say_exploratory(jobs)
            agreed = ask(jobs)
            if change and change.new and not agreed:  # one question is enough
                asks_to_go_on(change)
            if not agreed:
                say_unfit(jobs)
            missing = uncommitted_files(STUDY, FOUND, CONFIG_FILES)
            notes = [note] if missing and (note := missing.note()) else []
            if PROGRAM:
                remember_own_output()
                or_exit(FOUND.program.prepare, say)
                notes += FOUND.program.notes()
            for note in notes:
                say(f"Note: {note}")
            fork_jobs(jobs)
            prepare_slurm()
            internals.unlimit_rate(workflow)
            internals.choose_in_parts(workflow)
            if not internals.is_imported(workflow):
                internals.measure_less_often()
            write_context(FOLDER, study_context(missing))
            if change:
                or_exit(register, FOLDER, ASKED)
            if len(CONFIG_FILES) == 1:
                remember_study(CONFIG_FILES[0], FOLDER.parent)
            prepare_mlflow()
            show_progress(jobs, agreed)
        elif LOOK in asked and not any(run.state in ENDED_STATES for run in or_exit(read_states, ASKED, FOLDER.parent)):
            sys.exit(f"no run has a result yet, so there is nothing to report on; see `{command_for('status')}`")
        else:
            fork_jobs(jobs)


onstart:
    or_exit(start_study)


def register_anyway():
    """Register the study if no hook has done so: `--no-hooks`, or a workflow that imports this one without the hooks."""
    if STUDY_LOCK is None and say_exploratory(internals.jobs_to_run(workflow)):
        register(FOLDER, ASKED)
        write_context(FOLDER, study_context(uncommitted_files(STUDY, FOUND, CONFIG_FILES)))


if workflow.is_main_process:
    internals.before_jobs(workflow, lambda: or_exit(register_anyway))


def say_look():
    """Report after a look whether to stop or to continue."""
    if STUDY.analysis.looks and (looks := read_looks(FOLDER / "looks.json")):
        names = {variant.name: variant.name for variant in STUDY.variants}
        say(describe(looks[-1], names))


def outcome(made_now):
    """Return the finding in words and in numbers, and where to read on; nothing if there is no report.

    A report that was made earlier may have been edited since: its finding is then that of findings.json, whose digest
    shows an edit.
    """
    text, line = FOLDER / "results.md", FOLDER / "summary.txt"
    if not line.exists():
        return []
    if made_now:
        found = [finding(text), line.read_text(encoding="utf-8").rstrip()]
    else:
        found = [or_exit(read_plain, FOLDER / "findings.json").get("headline") or finding(text)]
    read = f"{text}, or: {command_for('open')}" if is_called() else f"{text} or {FOLDER / 'page.html'}"
    return [*filter(None, found), f"Read {read}"]


def say_outcome():
    """Print the outcome, if the report was written just now."""
    line = FOLDER / "summary.txt"
    if line.exists() and line.stat().st_mtime >= STARTED:
        say(*outcome(made_now=True))
    elif is_called() and not is_again() and TRAIN in (asked := planned_rules()) and REPORT not in asked:
        say(f"next: {command_for('report')}")


def say_learning_rates():
    """Print what a learning-rate range test suggests, if one was asked for."""
    if LR_FINDER in planned_rules():
        test = json.loads((FOLDER / "lr_finder/lr_finder.json").read_text(encoding="utf-8"))
        rates = ", ".join(
            f"{name} {rate:.2g}" for name, rate in sorted(test["suggestions"].items(), key=lambda it: it[1])
        )
        say(
            f"suggested learning rates: {rates} (the study has {SETTINGS[BASELINE].training.learning_rate:g})",
            f"see the curve: {FOLDER / 'lr_finder/lr_finder.png'}",
        )


# Snakemake does not call `onsuccess` if there was nothing to run.
if workflow.is_main_process and LOOKS and LOOKS[-1].decision == "stop":
    say_look()


def remove_old_study_files():
    """Remove what earlier states of the config left; nothing reads it once a command has run to its end."""
    for file in FOLDER.glob("study-*.json"):
        if file != STUDY_PATH:
            file.unlink()


def end_study():
    """Print the final messages."""
    if DISPLAY:
        DISPLAY.stop()
    if STUDY_LOCK:
        remove_old_study_files()
        or_exit(note_results, FOLDER)
        say_outcome()
        say_look()
        say_learning_rates()
        say_unsent()
    elif LOOK in planned_rules():
        say(f"interim report: {INTERIM / 'results.md'}")


onsuccess:
    end_study()


onerror:
    if DISPLAY:
        DISPLAY.stop()
    if STUDY_LOCK:
        or_exit(note_results, FOLDER)
    if STUDY_LOCK and not SOURCE:
        say(f"next: {command_for('status')}, or {command_for('interim')} for a report on what has ended")
