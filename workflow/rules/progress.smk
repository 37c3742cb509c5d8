# How far the study is, at any time: also while another snakemake runs it, and on a cluster.
#
#   snakemake --cores 1 status          expected against found runs
#   snakemake --cores 1 status_json     the same for programs; `--quiet all` leaves only it
#   snakemake --cores 1 interim         a report on what has finished so far
localrules:
    status,
    status_json,


rule status:
    log:
        RESULTS / "logs/status.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        study=verbatim(STUDY.model_dump_json(by_alias=True)),
        seeds=list(SEEDS),
        code=json.dumps(TRAINING_CODE),
        form=[],
    shell:
        "python $SEEDWISE_SCRIPTS/status.py --study {params.study:q} --seeds {params.seeds} --code {params.code:q}"
        " {params.form} | tee {log}"


use rule status as status_json with:
    log:
        RESULTS / "logs/status_json.log",
    params:
        form="--json",
