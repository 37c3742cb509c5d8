# One training per variant and seed.
SETTINGS = {variant.name: STUDY.settings(variant.name) for variant in STUDY.variants}


def settings(wildcards):
    """Canonical JSON of the run's resolved settings: reordered keys are the same text, swapped values are not."""
    return SETTINGS[wildcards.variant].canonical()


def training_code(wildcards):
    """Digest of the code that trains this variant, the user's own functions among it."""
    chosen = SETTINGS[wildcards.variant]
    training = chosen.training
    return code_digest(
        chosen.dataset.name, chosen.model.name, training.optimizer, training.schedule, *training.augmentation
    )


def training_threads(wildcards):
    return SETTINGS[wildcards.variant].training.threads


def training_gpus(wildcards):
    """One GPU where the run trains on CUDA, else none, so that `--resources gpu=1` queues only what needs it."""
    return int(resolve_device(SETTINGS[wildcards.variant].training.device) == "cuda")


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
    params:
        settings=settings,
        code=training_code,
    threads: training_threads
    resources:
        gpu=training_gpus,
    shell:
        "python {SCRIPTS}/train_run.py --study {STUDY.study:q} --variant {wildcards.variant} --seed {wildcards.seed}"
        " --settings {params.settings:q} --code {params.code} --tracking {TRACKING:q}"
        " --data {input} --results {RESULTS} --out {output.record} > {log} 2>&1"
