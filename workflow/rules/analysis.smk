# From run records to tables.
rule collect_runs:
    input:
        RECORDS,
    output:
        RESULTS / "runs.csv",
    log:
        RESULTS / "logs/collect_runs.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        variants=VARIANTS,
        seeds=list(STUDY.seeds),
    shell:
        "python {SCRIPTS}/collect_runs.py --runs {RESULTS}/runs --variants {params.variants} --seeds {params.seeds}"
        " --out {output} > {log} 2>&1"


rule analyse_study:
    input:
        rules.collect_runs.output,
    output:
        TABLES,
        RESULTS / "findings.json",
    log:
        RESULTS / "logs/analyse_study.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        plan=PLAN,
        variants=VARIANTS,
        code=content_digest([HOME / "seedwise/statistics"], HOME),
    shell:
        "python {SCRIPTS}/analyse_study.py --runs {input} --plan {params.plan:q} --variants {params.variants}"
        " --out {RESULTS} > {log} 2>&1"
