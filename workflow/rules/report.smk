# From tables to figures and results.md.
rule plot_figures:
    input:
        runs=rules.collect_runs.output.runs,
        analysis=rules.analyse_study.output,
    output:
        report(PLOTS, caption="../report/figures.rst", category="Figures"),
    log:
        RESULTS / "logs/plot_figures.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        **needs("plot_figures"),
    params:
        plan=PLAN,
        labels=LABELS,
        factorial=json.dumps(FACTORIAL),
        code=code_digest("seedwise/report"),
    shell:
        "python $SEEDWISE_SCRIPTS/plot_figures.py --runs {input.runs} --plan {params.plan:q} --labels {params.labels:q}"
        " --factorial {params.factorial:q} --out {output} > {log} 2>&1"


rule render_report:
    input:
        runs=rules.collect_runs.output.runs,
        analysis=rules.analyse_study.output,
        record=PULLED or STUDY.record_path(STUDY.analysis.baseline, STUDY.seeds[0]),
    output:
        report(RESULTS / "results.md", caption="../report/results.rst", category="Report"),
    log:
        RESULTS / "logs/render_report.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        **needs("render_report"),
    params:
        study=STUDY.model_dump_json(by_alias=True, exclude={"resources"}),
        config=CONFIG_FILE,
        record="--pulled" if SOURCE else "--record",
        code=code_digest("seedwise/report", "seedwise/report/results.md.j2"),
    shell:
        "python $SEEDWISE_SCRIPTS/render_report.py --study {params.study:q} --config {params.config:q}"
        " --runs {input.runs} {params.record} {input.record} --out {output} > {log} 2>&1"
