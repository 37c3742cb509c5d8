# Trackers mirror the runs; no result depends on these rules. They are local because the nodes of a cluster may not be
# able to reach the servers.
localrules:
    upload_results,
    sync_wandb,
    sync_mlflow,


# Uploads the results of the study if the config says so (tracking.wandb.upload_results).
rule upload_results:
    input:
        results=RESULTS / "results.md",
        tables=TABLES,
        plots=PLOTS,
    output:
        UPLOADED,
    log:
        RESULTS / "logs/upload_results.log",
    conda:
        conda_environment("training")
    params:
        study=STUDY.study,
        context=CONTEXT,
    shell:
        'python "$SEEDWISE_SCRIPTS"/upload_results.py --study {params.study} --context {params.context:q}'
        " --files {input:q} --out {output:q} > {log:q} 2>&1"


# Sends the runs that were recorded offline. It has no output: `wandb sync` marks each run that it has sent.
rule sync_wandb:
    log:
        RESULTS / "logs/sync_wandb.log",
    conda:
        conda_environment("training")
    params:
        folder=literal(str(FOLDER)),
    shell:
        'python "$SEEDWISE_SCRIPTS"/sync_wandb.py --folder {params.folder:q} 2>&1 | tee {log:q}'


# Sends the runs that MLflow does not have, from their records. It has no output: MLflow knows which runs it has.
rule sync_mlflow:
    log:
        RESULTS / "logs/sync_mlflow.log",
    conda:
        conda_environment("training")
    params:
        folder=literal(str(FOLDER)),
        context=CONTEXT,
    shell:
        'python "$SEEDWISE_SCRIPTS"/sync_mlflow.py --folder {params.folder:q} --context {params.context:q}'
        " 2>&1 | tee {log:q}"
