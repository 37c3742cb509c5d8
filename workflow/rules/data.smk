# Raw files from wherever they can be had, then one prepared file.
rule fetch_data:
    output:
        f"data/{DATASET}/SHA256SUMS",
    log:
        RESULTS / "logs/fetch_data.log",
    localrule: True
    conda:
        "../../envs/training.yaml"
    resources:
        **needs("fetch_data"),
    params:
        dataset=STUDY.dataset.name,
        folder=["--folder", STUDY.dataset.folder] if STUDY.dataset.folder else [],
    shell:
        "python $SEEDWISE_SCRIPTS/fetch_data.py --dataset {params.dataset:q} {params.folder:q} --out {output}"
        " > {log} 2>&1"


rule prepare_data:
    input:
        rules.fetch_data.output,
    output:
        PREPARED,
    log:
        RESULTS / "logs/prepare_data.log",
    conda:
        "../../envs/training.yaml"
    resources:
        **needs("prepare_data"),
    params:
        dataset=STUDY.dataset.name,
        folder=["--folder", STUDY.dataset.folder] if STUDY.dataset.folder else [],
        size=["--image-size", str(STUDY.dataset.image_size)] if STUDY.dataset.image_size else [],
    shell:
        "python $SEEDWISE_SCRIPTS/prepare_data.py --dataset {params.dataset:q} {params.folder:q} {params.size:q} --digests {input}"
        " --out {output} > {log} 2>&1"


# `ancient` spares finished runs from data made again only where the data exist before Snakemake plans.
if workflow.is_main_process and not placed(PREPARED).exists():
    left = sum(not placed(record).exists() for record in RECORDS)
    if 0 < left < len(RECORDS):
        print(
            f"{placed(PREPARED)} is missing, and {left} of {len(RECORDS)} runs need it. Make it first, or the finished runs"
            " are trained again too:\n  snakemake --cores 1 prepare_data",
            file=sys.stderr,
        )
