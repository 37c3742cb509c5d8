# From tables to figures and results.md.
rule plot_figures:
    input:
        rules.collect_runs.output,
        rules.analyse_study.output,
    output:
        report(PLOTS, caption="../report/figures.rst", category="Figures"),
    log:
        RESULTS / "logs/plot_figures.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        plan=PLAN,
        labels=LABELS,
        figures=FIGURES,
        code=content_digest([HOME / "seedwise/report"], HOME),
    shell:
        "python {SCRIPTS}/plot_figures.py --tables {RESULTS} --plan {params.plan:q} --labels {params.labels:q}"
        " --figures {params.figures} --out {RESULTS}/figures > {log} 2>&1"


rule render_report:
    input:
        rules.collect_runs.output,
        rules.analyse_study.output,
        record=STUDY.record_path(STUDY.analysis.baseline, STUDY.seeds[0]),
    output:
        report(RESULTS / "results.md", caption="../report/results.rst", category="Report"),
    log:
        RESULTS / "logs/render_report.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        study=STUDY.model_dump_json(by_alias=True),
        code=content_digest([HOME / "seedwise/report", HOME / "seedwise/report/results.md.j2"], HOME),
    shell:
        "python {SCRIPTS}/render_report.py --study {params.study:q} --config {CONFIG_FILE:q} --tables {RESULTS}"
        " --record {input.record} --out {output} > {log} 2>&1"
