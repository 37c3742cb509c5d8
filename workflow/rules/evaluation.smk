# The report of a study whose sample is the examples of an evaluation (runs.sample).
rule render_report:
    input:
        answers=rules.collect_runs.output.runs,
        pulled=PULLED,
        analysis=rules.analyse_study.output,
    output:
        [
            report(
                path,
                caption=caption(path),
                category="Figures",
                labels={"figure": path.stem.replace("_", " "), "format": path.suffix[1:].upper()},
            )
            for path in PLOTS
        ],
        RESULTS / "summary.txt",
        results=report(
            RESULTS / "results.md",
            caption=caption(RESULTS / "results.md"),
            category="Answers",
            labels={"result": "Read: results.md, all evidence as text"},
        ),
        page=report(
            RESULTS / "page.html",
            caption=caption(RESULTS / "page.html"),
            category="Answers",
            labels={"result": "Read: page.html, the same in one file for browsers"},
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
        code=DIGESTS.script("render_evaluation"),
    shell:
        'python "$SEEDWISE_SCRIPTS"/render_evaluation.py --study {params.study:q} --answers {input.answers:q} > {log:q} 2>&1'


# All that is made of the answers, for `seedwise report`.
rule report_products:
    input:
        DATA,
        RESULTS / "findings.json",
        TABLES,
        PLOTS,
        [RESULTS / name for name in products.REPORT],
