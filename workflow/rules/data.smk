# Raw files from wherever they can be had, then one prepared file.
FOLDER_OPTION = f"--folder {shlex.quote(STUDY.dataset.folder)}" if STUDY.dataset.folder else ""


rule fetch_data:
    output:
        RAW_DIGESTS,
    log:
        RESULTS / "logs/fetch_data.log",
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {SCRIPTS}/fetch_data.py --dataset {STUDY.dataset.name:q} {FOLDER_OPTION} --out {output} > {log} 2>&1"


rule prepare_data:
    input:
        rules.fetch_data.output,
    output:
        PREPARED,
    log:
        RESULTS / "logs/prepare_data.log",
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python {SCRIPTS}/prepare_data.py --dataset {STUDY.dataset.name:q} {FOLDER_OPTION}"
        " --digests {input} --out {output} > {log} 2>&1"
