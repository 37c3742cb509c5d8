# One run of the user's own program per variant and seed.
rule train_run:
    output:
        record=RESULTS / "runs/{variant}/seed{seed}/metrics.json",
    log:
        RESULTS / "logs/train_run/{variant}/seed{seed}.log",
    benchmark:
        RESULTS / "benchmarks/train_run/{variant}/seed{seed}.tsv"
    # None, unlike 0, leaves it to --retries and profiles.
    retries: PROGRAM.retries or None
    conda:
        conda_environment("training")
    threads: by_variant(THREADS)
    resources:
        **gpu_needs("train_run", by_variant(TRAINING_GPUS)),
    params:
        study=STUDY.study,
        settings=by_variant(TRAINING_SETTINGS),
        code=by_variant(TRAINING_CODE),
        data=FOUND.data.digest,
        environment=by_variant({name: wanted.environment for name, wanted in ASKED.expected.items()}),
        context=CONTEXT,
    shell:
        'python "$SEEDWISE_SCRIPTS"/run_program.py --study {params.study} --variant {wildcards.variant:q}'
        " --seed {wildcards.seed} --settings {params.settings:q} --code {params.code} --data {params.data}"
        " --environment {params.environment} --context {params.context:q} --threads {threads} --gpus {resources.gpu}"
        " --gpu-slots {resources.gpu_slots} --log {log:q} --out {output.record:q} > {log:q} 2>&1"
