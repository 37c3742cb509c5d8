# One training per variant and seed.
#
# The prepared data are `ancient`: data made again, byte for byte the same, must not train everything anew. Each
# record carries their digest, and the report warns when runs of one comparison saw different data.
rule train_run:
    input:
        ancient(PREPARED),
    output:
        record=RESULTS / "runs/{variant}/seed{seed}/metrics.json",
        history=RESULTS / "runs/{variant}/seed{seed}/history.csv",
        predictions=RESULTS / "runs/{variant}/seed{seed}/predictions.npz",
    log:
        RESULTS / "logs/train_run/{variant}/seed{seed}.log",
    benchmark:
        RESULTS / "benchmarks/train_run/{variant}/seed{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: training_threads
    resources:
        **gpu_needs("train_run"),
        gpu=training_gpus,
    params:
        study=STUDY.study,
        settings=training_settings,
        code=training_code,
    shell:
        "python $SEEDWISE_SCRIPTS/train_run.py --study {params.study} --variant {wildcards.variant}"
        " --seed {wildcards.seed} --settings {params.settings:q} --code {params.code}"
        ' --tracking "$' + TRACKING + '" --data {input} --out {output.record}'
        " --gpu-slots {resources.gpu_slots} > {log} 2>&1"
