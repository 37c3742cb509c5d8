# What happens around a study: its lock, the trackers' preparation, its progress, and what is said at the end.
import subprocess
import time
from collections import Counter

from seedwise.runs.gpus import NO_GPU
from seedwise.runs.hardware import gpus
from seedwise.progress.display import Display
from seedwise.progress.session import Session
from seedwise.progress.states import expected
from seedwise.workflow.slurm import remember_min_job_age
from seedwise.tracking.sync import unsent
from seedwise.tracking.weights_and_biases import goes_online

STARTED = time.time()
ON_CUDA = {name for name in VARIANTS if expected_device(SETTINGS[name].training.device) == "cuda"}

# On this machine, without a limit of the user's, as many runs train on CUDA at once as its GPUs have slots. The same
# limit would hold back a cluster.
if LOCAL and ON_CUDA and gpus():
    if "gpu" not in workflow.global_resources:
        workflow.register_resource("gpu", len(gpus()) * STUDY.resources.train_run.gpu_slots)


def check_gpus():
    """End before the first job if runs are to train on CUDA on this machine, which has no GPU."""
    if workflow.local_exec and ON_CUDA and not gpus():
        if any(job.wildcards_dict.get("variant") in ON_CUDA for job in workflow.dag.needrun_jobs()):
            raise WorkflowError(NO_GPU)


def prepare_slurm():
    """Make the Slurm plugin, if it runs the jobs, outlast a controller that is away."""
    if plugin := sys.modules.get("snakemake_executor_plugin_slurm"):
        remember_min_job_age(plugin)


def lock_study():
    """Hold the study's lock while Snakemake lives; the kernel frees it, however Snakemake ends."""
    global STUDY_LOCK
    STUDY_LOCK = hold_lock(FOLDER / ".lock")
    try:
        STUDY_LOCK.__enter__()
    except LockHeldError:
        raise WorkflowError(
            f"another snakemake is running the study {STUDY.study} ({FOLDER}); wait for it, or stop it first"
        )


def prepare_mlflow():
    """Make the MLflow store before the first runs, which would otherwise create its tables all at once.

    It is no rule: the store as an input of `train_run` would train everything anew when MLflow is switched on.
    """
    if STUDY.tracking.mlflow.enabled:
        script = SCRIPTS / "prepare_mlflow.py"
        subprocess.run(
            [sys.executable, script, "--study", STUDY.study, "--variants", *VARIANTS]
            + ["--tracking", STUDY.tracking.model_dump_json(), "--results", FOLDER.parent],
            check=False,
            stdout=sys.stderr,
        )


def say_unsent():
    """Say which runs W&B should have and has not."""
    if STUDY.tracking.wandb.mode != "disabled" and goes_online(STUDY.tracking.wandb) and (left := unsent(FOLDER)):
        print(f"{len(left)} runs are not in W&B yet; send them: snakemake --cores 1 sync_wandb", file=sys.stderr)


def show_progress(jobs):
    """Show the progress of the trainings among the jobs, unless Snakemake was told to be quiet about it.

    Where the user has chosen a logger plugin for the terminal, Snakemake's own handler is not there, and it shows.
    """
    global DISPLAY
    settings = workflow.output_settings
    handler = next((found for found in logger.handlers if found.name == "DefaultStreamHandler"), None)
    waiting = Counter(job.wildcards.variant for job in jobs if job.rule.name == "train_run")
    quiet = {about.name for about in settings.quiet or ()}
    if waiting and handler and not quiet & {"ALL", "PROGRESS"}:
        asked = sum(job.rule.name == "train_run" for job in workflow.dag.jobs)  # not all, with --batch or a target
        DISPLAY = Display(Session(STUDY, FOLDER.parent, expected(STUDY, TRAINING_CODE), asked, waiting), handler)
        DISPLAY.start(logger, hide_noise=not (settings.verbose or settings.printshellcmds))


# Rules that only look at a study, for which it is neither locked nor prepared.
ONLOOKERS = {"status", "status_json", "compare", "collect_interim", "analyse_interim", "plot_interim", "interim"}
STUDY_LOCK = DISPLAY = None


def start_study():
    """Do what comes before the first job; Snakemake calls no hooks of a module, so the importing workflow calls this."""
    if workflow.is_main_process:
        jobs = list(workflow.dag.needrun_jobs())
        asked = {job.rule.name for job in jobs}
        if not asked <= ONLOOKERS:
            check_gpus()
            prepare_slurm()
            lock_study()
            prepare_mlflow()
            show_progress(jobs)
        elif "interim" in asked and not any(placed(record).exists() for record in RECORDS):
            raise WorkflowError("no run has a result yet, so there is nothing to report on; see snakemake status")


onstart:
    start_study()


def say_look():
    """Say after a run of a study with looks whether to stop or go on."""
    if STUDY.analysis.looks and (looks := read_looks(FOLDER / "looks.json")):
        names = {variant.name: variant.name for variant in STUDY.variants}
        print(describe(looks[-1], names), file=sys.stderr)


def say_outcome():
    """Say how the study came out, if its report was written just now."""
    line = FOLDER / "summary.txt"
    if line.exists() and line.stat().st_mtime >= STARTED:
        print(line.read_text(encoding="utf-8"), end="", file=sys.stderr)
        print(f"Read {FOLDER / 'results.md'}", file=sys.stderr)


# Where nothing is left to run, `onsuccess` does not come.
if workflow.is_main_process and LOOKS and LOOKS[-1].decision == "stop":
    say_look()


def end_study():
    """Say what comes after the last job."""
    if DISPLAY:
        DISPLAY.stop()
    if STUDY_LOCK:
        say_outcome()
        say_look()
        say_unsent()
    elif any(job.rule.name == "interim" for job in workflow.dag.jobs):
        print(f"interim report: {INTERIM / 'results.md'}", file=sys.stderr)


onsuccess:
    end_study()


onerror:
    if DISPLAY:
        DISPLAY.stop()
