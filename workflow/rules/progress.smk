# The progress of the study, at any time: also while another snakemake runs it, and on a cluster.
#
#   snakemake --cores 1 status                      expected against found runs
#   snakemake --quiet=all --cores 1 status_json     the same for programs


rule status:
    log:
        RESULTS / "logs/status.log",
    localrule: True
    conda:
        conda_environment("analysis")
    params:
        study=STUDY_FILE,
        results=literal(str(FOLDER.parent)),
        form=[],
    shell:
        'python "$SEEDWISE_SCRIPTS"/status.py --study {params.study:q} --results {params.results:q} {params.form}'
        " | tee {log:q}"


use rule status as status_json with:
    log:
        RESULTS / "logs/status_json.log",
    params:
        form="--json",
