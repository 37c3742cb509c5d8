# A report on what has finished so far:  snakemake --cores 1 interim
import time


# Its inputs are not declared, or Snakemake would train them. The time as a parameter makes it rerun each time.
rule collect_interim:
    output:
        runs=INTERIM / "runs.csv",
        status=INTERIM / "status.json",
    log:
        RESULTS / "logs/collect_interim.log",
    localrule: True
    conda:
        conda_environment("analysis")
    params:
        study=STUDY_FILE,
        asked=time.time(),
    shell:
        'python "$SEEDWISE_SCRIPTS"/collect_interim.py --study {params.study:q} --out {output.runs:q} 2>&1 | tee {log:q}'


use rule analyse_study as analyse_interim with:
    input:
        runs=rules.collect_interim.output.runs,
        pulled=rules.collect_interim.output.status,
    output:
        within_interim(TABLES),
        findings=INTERIM / "findings.json",
    log:
        RESULTS / "logs/analyse_interim.log",
    localrule: True
    params:
        pulled="--interim",


use rule plot_figures as plot_interim with:
    input:
        runs=rules.collect_interim.output.runs,
        analysis=rules.analyse_interim.output,
    output:
        within_interim(PLOTS),
    log:
        RESULTS / "logs/plot_interim.log",
    localrule: True
    params:
        records=literal(["--records", str(FOLDER / "runs")]),


use rule render_report as interim with:
    input:
        rules.plot_interim.output,
        runs=rules.collect_interim.output.runs,
        analysis=rules.analyse_interim.output,
        record=rules.collect_interim.output.status,
    output:
        within_interim(PAPER),
        INTERIM / "summary.txt",
        results=INTERIM / "results.md",
    log:
        RESULTS / "logs/interim.log",
    localrule: True
    params:
        record="--interim",
        commit="",
