# Tables from run records, or from runs that were recorded elsewhere.
rule collect_runs:
    input:
        RECORDS,
    output:
        runs=report(DATA, caption=caption(DATA), category="Tables", labels={"table": DATA.name}),
        pulled=PULLED,
    log:
        RESULTS / "logs/collect_runs.log",
    localrule: True
    conda:
        conda_environment("analysis")
    resources:
        **needs("collect_runs"),
    params:
        study=STUDY_FILE,
        # The content of the table that the runs are read from: an input could not have any name.
        table=or_exit(DIGESTS.table, STUDY, BASE),
        base=literal(os.path.relpath(BASE)),
        code=DIGESTS.script("collect_runs"),
    shell:
        'python "$SEEDWISE_SCRIPTS"/collect_runs.py --study {params.study:q} --base {params.base:q} --out {output.runs:q}'
        " > {log:q} 2>&1"


rule analyse_study:
    input:
        runs=rules.collect_runs.output.runs,
        pulled=PULLED,
    output:
        [report(path, caption=caption(path), category="Tables", labels={"table": path.name}) for path in TABLES],
        findings=RESULTS / "findings.json",
    log:
        RESULTS / "logs/analyse_study.log",
    localrule: True
    conda:
        conda_environment("analysis")
    resources:
        **needs("analyse_study"),
    params:
        study=STUDY_FILE,
        pulled="--pulled" if SOURCE else "",
        reasons=[entry.short for entry in or_exit(read_ledger, FOLDER).of("reason")],  # the report has them
        code=DIGESTS.script("analyse_study"),
    shell:
        'python "$SEEDWISE_SCRIPTS"/analyse_study.py --study {params.study:q} --runs {input.runs:q}'
        " {params.pulled} {input.pulled:q} > {log:q} 2>&1"
