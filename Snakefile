# Seedwise: variants x seeds of a model, and a report that claims a difference only when the data support one.
#
#   snakemake --cores 4 --resources gpu=1                        the study in config.yaml
#   snakemake --cores 4 --configfile studies/quick.yaml          another study
#   seedwise run study.yaml --cores 4                            the same, in a folder that is no clone of this one
from snakemake.utils import min_version

min_version("9.0")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/hooks.smk"


if PROGRAM:

    include: "workflow/rules/program.smk"

else:

    include: "workflow/rules/data.smk"
    include: "workflow/rules/training.smk"
    include: "workflow/rules/lr_finder.smk"


include: "workflow/rules/analysis.smk"


if STUDY.evaluation:

    include: "workflow/rules/evaluation.smk"

else:

    include: "workflow/rules/report.smk"
    include: "workflow/rules/interim.smk"


include: "workflow/rules/compare.smk"
include: "workflow/rules/tracking.smk"
include: "workflow/rules/progress.smk"


# The notebooks are not installed.
if (HOME / "workflow/notebooks").is_dir():

    include: "workflow/rules/notebooks.smk"


# Now all files that rules depend on have been read.
if workflow.is_main_process:
    or_exit(DIGESTS.save)


# All runs and nothing else, so that very many can be planned in batches:  snakemake --cores 8 runs --batch runs=1/10
rule runs:
    input:
        RECORDS,


# Every run record and every product is listed, so that a deleted one is noticed.
rule all:
    default_target: True
    input:
        RECORDS,
        rules.report_products.input,
        [UPLOADED] if STUDY.tracking.wandb.uploads_results else [],
