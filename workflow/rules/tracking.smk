# Trackers mirror the runs; nothing here decides a result.
#
# Sends what was recorded offline. It has no output: `wandb sync` marks each run that it has sent.
rule sync_wandb:
    log:
        RESULTS / "logs/sync_wandb.log",
    localrule: True
    conda:
        "../../envs/training.yaml"
    params:
        folder=str(FOLDER),
    shell:
        "python $SEEDWISE_SCRIPTS/sync_wandb.py --folder {params.folder} 2>&1 | tee {log}"
