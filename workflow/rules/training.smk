# One training per variant and seed, with the image classifier.
rule train_run:
    input:
        CARD,
    output:
        record=RESULTS / "runs/{variant}/seed{seed}/metrics.json",
        history=RESULTS / "runs/{variant}/seed{seed}/history.csv",
        predictions=RESULTS / "runs/{variant}/seed{seed}/predictions.npz",
    log:
        RESULTS / "logs/train_run/{variant}/seed{seed}.log",
    benchmark:
        RESULTS / "benchmarks/train_run/{variant}/seed{seed}.tsv"
    conda:
        conda_environment("training")
    threads: by_variant(THREADS)
    resources:
        **gpu_needs("train_run", by_variant(TRAINING_GPUS)),
    params:
        study=STUDY.study,
        settings=by_variant(TRAINING_SETTINGS),
        code=by_variant(TRAINING_CODE) if TRAINING_CODE else "",
        made_of=RUN_DATA.digest,
        data=PREPARED,
        raw=RAW,
        context=CONTEXT,
    shell:
        'python "$SEEDWISE_SCRIPTS"/train_run.py --study {params.study} --variant {wildcards.variant:q}'
        " --seed {wildcards.seed} --settings {params.settings:q} --code {params.code} --verify-code"
        " --made-of {params.made_of} --data {params.data:q} --raw {params.raw:q} --card {input:q} --context {params.context:q}"
        " --out {output.record:q} --gpu-slots {resources.gpu_slots} > {log:q} 2>&1"
