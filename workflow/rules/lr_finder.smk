# A learning-rate range test of the study's baseline, on request:  snakemake --cores 1 lr_finder
BASELINE = STUDY.analysis.baseline


rule lr_range_test:
    input:
        ancient(PREPARED),
    output:
        RESULTS / "lr_finder/lr_finder.json",
    log:
        RESULTS / "logs/lr_range_test.log",
    conda:
        "../../envs/training.yaml"
    threads: SETTINGS[BASELINE].training.threads
    resources:
        **gpu_needs("lr_range_test", gpus_of("lr_range_test", SETTINGS[BASELINE].training.device)),
    params:
        settings=TRAINING_SETTINGS[BASELINE],
        seed=STUDY.seeds[0],
        code=TRAINING_CODE[BASELINE],
    shell:
        "python $SEEDWISE_SCRIPTS/lr_range_test.py --settings {params.settings:q} --seed {params.seed} --data {input}"
        " --out {output} --gpu-slots {resources.gpu_slots} > {log} 2>&1"


rule lr_finder:
    input:
        rules.lr_range_test.output,
    output:
        RESULTS / "lr_finder/lr_finder.png",
        RESULTS / "lr_finder/lr_finder.svg",
    log:
        RESULTS / "logs/lr_finder.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        title=verbatim(f"Learning-rate range test: {STUDY.study}, {STUDY.variant(BASELINE).label}"),
        code=code_digest("seedwise/report/figures/lr_finder.py", "seedwise/report/figures/style.py"),
    shell:
        "python $SEEDWISE_SCRIPTS/lr_finder.py --test {input} --title {params.title:q} --out {output} > {log} 2>&1"
