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
        seeds=list(SEEDS),
        code=code_digest("seedwise/records.py"),
    shell:
        "python $SEEDWISE_SCRIPTS/collect_runs.py --variants {params.variants} --seeds {params.seeds} --out {output}"
        " > {log} 2>&1"


rule analyse_study:
    input:
        rules.collect_runs.output,
    output:
        TABLES,
        findings=RESULTS / "findings.json",
    log:
        RESULTS / "logs/analyse_study.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        plan=PLAN,
        variants=VARIANTS,
        seeds=list(STUDY.seeds),
        varied=json.dumps(VARIED),
        factorial=json.dumps(FACTORIAL),
        code=code_digest(
            "seedwise/statistics", "seedwise/predictions.py", "seedwise/declaration.py", "seedwise/looks.py"
        ),
    shell:
        "python $SEEDWISE_SCRIPTS/analyse_study.py --runs {input} --plan {params.plan:q} --variants {params.variants}"
        " --seeds {params.seeds} --varied {params.varied:q} --factorial {params.factorial:q}"
        " > {log} 2>&1"
