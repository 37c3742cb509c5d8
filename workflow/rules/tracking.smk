# Trackers mirror the runs; nothing here decides a result.
import subprocess

from seedwise.tracking.sync import unsent
from seedwise.tracking.weights_and_biases import goes_online


# Sends what was recorded offline. It has no output: `wandb sync` marks each run that it has sent.
rule sync_wandb:
    log:
        RESULTS / "logs/sync_wandb.log",
    conda:
        "../../envs/training.yaml"
    params:
        folder=RESULTS,
    shell:
        "python $SEEDWISE_SCRIPTS/sync_wandb.py --folder {params.folder} 2>&1 | tee {log}"


def prepare_mlflow():
    """Make the MLflow store before the first runs, which would otherwise create its tables all at once.

    It is no rule: the store as an input of `train_run` would train everything anew when MLflow is switched on.
    """
    if STUDY.tracking.mlflow.enabled:
        script = HOME / "workflow/scripts/prepare_mlflow.py"
        subprocess.run(
            [sys.executable, script, "--study", STUDY.study, "--variants", *VARIANTS]
            + ["--tracking", STUDY.tracking.model_dump_json()],
            check=False,
            stdout=sys.stderr,
        )


def say_unsent():
    """Say which runs W&B should have and has not."""
    if STUDY.tracking.wandb.mode != "disabled" and goes_online(STUDY.tracking.wandb) and (left := unsent(RESULTS)):
        print(f"{len(left)} runs are not in W&B yet; send them: snakemake --cores 1 sync_wandb", file=sys.stderr)
