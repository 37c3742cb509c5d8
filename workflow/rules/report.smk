# Figures, results.md and page.html from the tables.
#
# Histories are read but not declared as inputs: the jobs that write them also write the records, and any change of a
# record changes runs.csv. Thousands of additional inputs would slow down every command.
rule plot_figures:
    input:
        runs=rules.collect_runs.output.runs,
        analysis=rules.analyse_study.output,
    output:
        [
            report(
                path,
                caption=f"../report/{path.stem}.rst",
                category="Figures",
                labels={"figure": path.stem.replace("_", " "), "format": path.suffix[1:].upper()},
            )
            for path in PLOTS
        ],
    log:
        RESULTS / "logs/plot_figures.log",
    priority: 1  # the longest of those that are left
    localrule: True
    conda:
        conda_environment("analysis")
    resources:
        **needs("plot_figures"),
    params:
        study=STUDY_FILE,
        records=[],
        code=DIGESTS.script("plot_figures"),
    shell:
        'python "$SEEDWISE_SCRIPTS"/plot_figures.py --study {params.study:q} --runs {input.runs:q}'
        " {params.records:q} --out {output:q} > {log:q} 2>&1"


rule render_report:
    input:
        runs=rules.collect_runs.output.runs,
        analysis=rules.analyse_study.output,
        record=PULLED or STUDY.record_path(STUDY.analysis.baseline, STUDY.seeds[0]),
    output:
        PAPER,
        RESULTS / "summary.txt",
        results=report(
            RESULTS / "results.md",
            caption="../report/results.rst",
            category="Answers",
            labels={"result": "Read: results.md, all evidence as text"},
        ),
    log:
        RESULTS / "logs/render_report.log",
    localrule: True
    conda:
        conda_environment("analysis")
    resources:
        **needs("render_report"),
    params:
        study=STUDY_FILE,
        record="--pulled" if SOURCE else "--record",
        # Once all that the runs used is committed, the report says so.
        commit=lambda _: whole_commit(),
        code=DIGESTS.script("render_report"),
    shell:
        'python "$SEEDWISE_SCRIPTS"/render_report.py --study {params.study:q} --runs {input.runs:q}'
        " {params.record} {input.record:q} --commit={params.commit} --out {output.results:q} > {log:q} 2>&1"


# The interactive report: one file that needs no network.
rule render_page:
    input:
        runs=rules.collect_runs.output.runs,
        analysis=rules.analyse_study.output,
        record=PULLED or STUDY.record_path(STUDY.analysis.baseline, STUDY.seeds[0]),
    output:
        report(
            RESULTS / "page.html",
            caption="../report/page.rst",
            category="Answers",
            labels={"result": "Explore: verdicts, every run, learning curves"},
        ),
    log:
        RESULTS / "logs/render_page.log",
    localrule: True
    conda:
        conda_environment("analysis")
    resources:
        **needs("render_page"),
    params:
        study=STUDY_FILE,
        record="--pulled" if SOURCE else "--record",
        # Once all that the runs used is committed, the report says so.
        commit=lambda _: whole_commit(),
        code=DIGESTS.script("render_page"),
    shell:
        'python "$SEEDWISE_SCRIPTS"/render_page.py --study {params.study:q} --runs {input.runs:q}'
        " {params.record} {input.record:q} --commit={params.commit} --out {output:q} > {log:q} 2>&1"


# All that is made of the runs, for `seedwise report`.
rule report_products:
    input:
        DATA,
        RESULTS / "findings.json",
        TABLES,
        PLOTS,
        PAPER,
        [RESULTS / name for name in products.REPORT],
