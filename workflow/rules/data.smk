# Raw files from wherever they can be had, then one prepared file, and the card that says what is in it.
#
# The prepared file has the digest of what makes it in its name, and no rule declares it: studies share it, and runs
# depend on the card, whose content tells other data from the same data made again. That is why neither rule has a
# code digest or the raw files' folder as a parameter: either would make runs depend on more than their data.
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
    shell:
        'python "$SEEDWISE_SCRIPTS"/fetch_data.py --dataset {params.dataset:q} --context {params.context:q}'
        " --out {output:q} > {log:q} 2>&1"


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
        made_of=RUN_DATA.digest,
        context=CONTEXT,
    shell:
        'python "$SEEDWISE_SCRIPTS"/prepare_data.py --dataset {params.dataset:q} {params.size:q}'
        " --context {params.context:q} --digests {input:q} --data {params.data:q} --made-of {params.made_of}"
        " --out {output:q} > {log:q} 2>&1"
