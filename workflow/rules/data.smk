# Raw files from wherever they can be had, then one prepared file, and the card that says what is in it.
#
# The raw files and the prepared file, which has the digest of what it is made of in its name, are shared by studies, so
# no rule declares them. What a study declares is its own: SHA256SUMS and the card. Runs depend on the card, whose
# content distinguishes other data from the same data made again. Neither rule has a code digest or the raw files' folder
# as a parameter: Snakemake would retrain everything whenever one of them ran.
rule fetch_data:
    output:
        SUMS,
    log:
        RESULTS / "logs/fetch_data.log",
    localrule: True
    conda:
        conda_environment("training")
    resources:
        **needs("fetch_data"),
    params:
        dataset=STUDY.dataset.name,
        context=CONTEXT,
        raw=RAW,
    shell:
        'python "$SEEDWISE_SCRIPTS"/fetch_data.py --dataset {params.dataset:q} --context {params.context:q}'
        " --raw {params.raw:q} --out {output:q} > {log:q} 2>&1"


rule prepare_data:
    input:
        SUMS,
    output:
        CARD,
    log:
        RESULTS / "logs/prepare_data.log",
    conda:
        conda_environment("training")
    resources:
        **needs("prepare_data"),
    params:
        dataset=STUDY.dataset.name,
        size=["--image-size", str(STUDY.dataset.image_size)] if STUDY.dataset.image_size else [],
        data=PREPARED,
        raw=RAW,
        made_of=RUN_DATA.digest,
        context=CONTEXT,
    shell:
        'python "$SEEDWISE_SCRIPTS"/prepare_data.py --dataset {params.dataset:q} {params.size:q}'
        " --context {params.context:q} --raw {params.raw:q} --data {params.data:q} --made-of {params.made_of}"
        " --out {output:q} > {log:q} 2>&1"
