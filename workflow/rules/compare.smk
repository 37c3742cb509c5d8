# Comparison of two finished studies, on request:  snakemake --cores 1 compare --config studies=fashion-mnist,cifar10
#
# It declares no inputs: Snakemake would otherwise retrain the runs of a study of which only the tables were kept.
localrules:
    compare,


rule compare:
    log:
        RESULTS / "logs/compare.log",
    conda:
        conda_environment("analysis")
    params:
        studies=literal(COMPARED),
        results=literal(str(FOLDER.parent)),
    shell:
        'python "$SEEDWISE_SCRIPTS"/compare.py --studies {params.studies:q} --results {params.results:q} 2>&1'
        " | tee {log:q}"
