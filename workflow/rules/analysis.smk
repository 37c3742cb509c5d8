# From run records, or from runs that were recorded elsewhere, to tables.
rule collect_runs:
    input:
        RECORDS,
        [local(SOURCE.path)] if SOURCE and SOURCE.path else [],
    output:
        runs=report(RESULTS / "runs.csv", caption="../report/runs.rst", category="Tables", labels={"table": "runs.csv"}),
        pulled=PULLED,
    log:
        RESULTS / "logs/collect_runs.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        **needs("collect_runs"),
    params:
        variants=VARIANTS,
        seeds=list(SEEDS),
        source=["--source", SOURCE.model_dump_json(by_alias=True, exclude_unset=True)] if SOURCE else [],
        metric=["--metric", STUDY.analysis.metric] if SOURCE else [],
        code=code_digest("seedwise/runs/record.py", "seedwise/sources"),
    shell:
        "python $SEEDWISE_SCRIPTS/collect_runs.py --variants {params.variants} --seeds {params.seeds}"
        " {params.source:q} {params.metric} --out {output.runs} > {log} 2>&1"


rule analyse_study:
    input:
        runs=rules.collect_runs.output.runs,
        pulled=PULLED,
    output:
        [
            report(path, caption=f"../report/{path.stem}.rst", category="Tables", labels={"table": path.name})
            for path in TABLES
        ],
        findings=RESULTS / "findings.json",
    log:
        RESULTS / "logs/analyse_study.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        **needs("analyse_study"),
    params:
        plan=PLAN,
        variants=VARIANTS,
        seeds=list(STUDY.seeds),
        varied=json.dumps(VARIED),
        factorial=json.dumps(FACTORIAL),
        pulled="--pulled" if SOURCE else "",
        code=code_digest(
            "seedwise/statistics", "seedwise/analysis/new_test_set.py", "seedwise/analysis/declaration.py", "seedwise/analysis/looks.py"
        ),
    shell:
        "python $SEEDWISE_SCRIPTS/analyse_study.py --runs {input.runs} --plan {params.plan:q} --variants {params.variants}"
        " --seeds {params.seeds} --varied {params.varied:q} --factorial {params.factorial:q}"
        " {params.pulled} {input.pulled} > {log} 2>&1"
