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
    threads: same_or_by_variant({name: chosen.training.threads for name, chosen in SETTINGS.items()})
    resources:
        **gpu_needs("train_run", same_or_by_variant(TRAINING_GPUS)),
    params:
        settings=same_or_by_variant(TRAINING_SETTINGS),
        code=same_or_by_variant(TRAINING_CODE),
    shell:
        f"python $SEEDWISE_SCRIPTS/train_run.py --study {STUDY.study} --variant {{wildcards.variant}}"
        " --seed {wildcards.seed} --settings {params.settings:q} --code {params.code}"
        f' --tracking "${TRACKING}" --data {{input}} --out {{output.record}}'
        " --gpu-slots {resources.gpu_slots} > {log} 2>&1"


# All runs and nothing after them, so that very many can be planned in parts:  snakemake --cores 8 runs --batch runs=1/10
rule runs:
    input:
        RECORDS,
