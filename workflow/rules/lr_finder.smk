# Learning-rate range test of the study's baseline, on request:  snakemake --cores 1 lr_finder
import time

BASELINE = STUDY.analysis.baseline


rule lr_range_test:
    input:
        CARD,
    output:
        RESULTS / "lr_finder/lr_finder.json",
    log:
        RESULTS / "logs/lr_range_test.log",
    conda:
        conda_environment("training")
    threads: SETTINGS[BASELINE].training.threads
    resources:
        **gpu_needs("lr_range_test", gpus_of(STUDY.resources, "lr_range_test", SETTINGS[BASELINE].training.device)),
    params:
        settings=TRAINING_SETTINGS[BASELINE],
        seed=STUDY.seeds[0],
        data=PREPARED,
        raw=RAW,
        context=CONTEXT,
        code=DIGESTS.script("lr_range_test"),
        runs=TRAINING_CODE.get(BASELINE, ""),
    shell:
        'python "$SEEDWISE_SCRIPTS"/lr_range_test.py --settings {params.settings:q} --seed {params.seed}'
        " --data {params.data:q} --raw {params.raw:q} --card {input:q} --context {params.context:q} --out {output:q}"
        " --gpu-slots {resources.gpu_slots} > {log:q} 2>&1"


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
        conda_environment("analysis")
    params:
        title=literal(f"Learning-rate range test: {STUDY.study}, {STUDY.variant(BASELINE).label}"),
        code=DIGESTS.script("lr_finder"),
        asked=time.time(),  # so that it says again what the test suggests; the test itself is not repeated
    shell:
        'python "$SEEDWISE_SCRIPTS"/lr_finder.py --test {input:q} --title {params.title:q} --out {output:q} > {log:q} 2>&1'
