# The study, its paths, and what every rule needs. Nothing heavier than pydantic is imported here.
import functools
import inspect
import json
import os
import re
import sys
from pathlib import Path

RULES = workflow.current_basedir  # this file's folder, also where another workflow imports this one as a module
sys.path.insert(0, str(Path.cwd()))
if RULES.is_local:
    sys.path.insert(0, str(Path(str(RULES)).parents[1]))
elif not (Path(sys.prefix) / "share/seedwise").exists():
    sys.exit(
        f"{RULES}: a workflow that is imported from its host needs the package of the same tag beside Snakemake: "
        "pip install git+https://<host>/<owner>/<repository>@<tag>"
    )

import seedwise
from seedwise.workflow import environment
from seedwise.config.reading import load_study, read_yaml
from seedwise.basics.errors import UserError
from seedwise.basics.files import LockHeldError, content_digest, hold_lock
from seedwise.runs.hardware import expected_device
from seedwise.analysis.looks import describe, due, read_looks
from seedwise.basics.plugins import is_plugin, plugin_source, slug


def or_exit(read, *arguments):
    """Call a function that reads what the user wrote; a mistake ends Snakemake with its message, a line each."""
    try:
        return read(*arguments)
    except UserError as error:
        sys.exit(str(error))


HOME = Path(seedwise.__file__).parents[1]

# Without a --configfile of the user's, the study is config.yaml. With one, that file alone is the study: merging
# it with config.yaml would silently mix two studies. A workflow that imports this one hands over the config.
IMPORTED_WITH_CONFIG = workflow.modifier.skip_configfile
if not workflow.overwrite_configfiles and not IMPORTED_WITH_CONFIG:
    # Snakemake would not say in which line a YAML error is.
    or_exit(read_yaml, "config.yaml")

    configfile: "config.yaml"


def placed(path):
    """Where a path of this workflow lies: a workflow that imports it may have set a prefix."""
    return Path(str(workflow.modifier.modify_path(str(path))))


CONFIG_FILES = [Path(file) for file in workflow.configfiles]
if IMPORTED_WITH_CONFIG and not any(
    or_exit(read_yaml, file).get("study") == config.get("study") for file in CONFIG_FILES
):
    CONFIG_FILES = []  # the study is a part of these files, or in none of them
COMPARED = str(config.pop("studies", ""))  # for the rule compare; no part of the study
STUDY = or_exit(load_study, config, CONFIG_FILES)
RESULTS = STUDY.folder()
FOLDER = placed(RESULTS)  # where they are for Python; rules write RESULTS, for Snakemake prefixes their paths by itself
SCRIPTS = Path(str(RULES)).parent / "scripts" if RULES.is_local else Path(sys.prefix) / "share/seedwise/scripts"
TRACKING = environment.prepare(SCRIPTS, HOME, FOLDER, STUDY.tracking.model_dump_json())

if environment.container():

    container: environment.container()


ELSEWHERE = "the importing workflow" if IMPORTED_WITH_CONFIG else "the command line"
CONFIG_FILE = " and ".join(os.path.relpath(file) for file in CONFIG_FILES) or ELSEWHERE
VARIANTS = [variant.name for variant in STUDY.variants]
LABELS = json.dumps({variant.name: variant.label or variant.name for variant in STUDY.variants})
PLAN = STUDY.analysis.model_dump_json()
# What reports and progress read of it. Neither resources nor trackers change what they say.
STUDY_JSON = STUDY.model_dump_json(by_alias=True, exclude={"resources", "tracking"})
SETTINGS = {name: or_exit(STUDY.settings, name) for name in VARIANTS}

DATASET = slug(STUDY.dataset.name)
PREPARED = f"data/{DATASET}-{STUDY.dataset.image_size}.npz" if STUDY.dataset.image_size else f"data/{DATASET}.npz"
LOOKS = or_exit(read_looks, FOLDER / "looks.json") if STUDY.analysis.looks else ()
SEEDS = due(STUDY.seeds, STUDY.analysis.looks, LOOKS)
SOURCE = STUDY.source  # of runs that are not trained here
RECORDS = [] if SOURCE else [STUDY.record_path(run.variant, run.seed) for run in STUDY.runs(SEEDS)]
PULLED = [RESULTS / "pulled.json"] if SOURCE else []
VARIED = STUDY.varied()
TABLES = [RESULTS / "summary.csv", RESULTS / "comparisons.csv"]
if VARIED:
    TABLES.append(RESULTS / "sources.csv")
FACTORIAL = STUDY.factorial()
if FACTORIAL:
    TABLES.append(RESULTS / "effects.csv")
FIGURES = ["means", "differences", "power", "pairing"] if len(VARIANTS) > 1 else ["means"]
if not SOURCE:  # pulled runs have no histories
    FIGURES.append("curves")
if len(FACTORIAL.get("factors", ())) > 1:
    FIGURES.append("interactions")
PLOTS = [RESULTS / f"figures/{figure}.{kind}" for figure in FIGURES for kind in ("png", "svg")]
UPLOADED = RESULTS / "upload_results.json"  # written where the config asks W&B to have the results

for tracker in STUDY.tracking.own:
    or_exit(plugin_source, tracker)

PAPER = [RESULTS / f"tables/{table}" for table in ("results.tex", "results.csv")]
if len(VARIANTS) > 1:
    PAPER.append(RESULTS / "tables/comparisons.tex")
INTERIM = RESULTS / "interim"


def within_interim(paths):
    """The places of final products in the interim report's folder."""
    return [INTERIM / Path(path).relative_to(RESULTS) for path in paths]


wildcard_constraints:
    variant="|".join(re.escape(name) for name in VARIANTS),
    seed=r"\d+",


def verbatim(text):
    """A param as it stands: in a plain text Snakemake would take {name} for a wildcard."""
    return lambda wildcards: text


@functools.cache
def code_digest(*parts):
    """Digest of the named files and folders of the repository: what they contain, whenever they were written."""
    return content_digest([HOME / part for part in parts], HOME)


def variant_code(name):
    """Digest of the code that trains a variant, the user's own functions among it."""
    chosen = SETTINGS[name]
    training = chosen.training
    names = [chosen.dataset.name, chosen.model.name, training.optimizer, training.schedule, *training.augmentation]
    own = [or_exit(plugin_source, name) for name in names if is_plugin(name)]
    return code_digest("seedwise/training", "seedwise/data", *own)


TRAINING_CODE = {name: variant_code(name) for name in VARIANTS}


# Canonical JSON of the resolved settings: reordered keys are the same text, swapped values are not.
TRAINING_SETTINGS = {name: chosen.canonical() for name, chosen in SETTINGS.items()}


# Snakemake asks each job for what a function says: on 10 000 runs, one function more is one second more.
def same_or_by_variant(values):
    """The value itself where all variants have the same; else a function of the wildcards."""
    distinct = set(values.values())
    if len(distinct) == 1:
        return distinct.pop()

    def of_variant(wildcards):
        return values[wildcards.variant]

    of_variant.__signature__ = inspect.signature(of_variant)  # which Snakemake would work out for each job
    return of_variant


def gpus_of(rule, device):
    """One GPU where a job trains on CUDA, else none, so that a limit on `gpu` queues only what needs one."""
    declared = getattr(STUDY.resources, rule).gpu
    return int(expected_device(device) == "cuda") if declared is None else declared


# Snakemake counts nodes where it hands jobs to a cluster; there, and inside such a job, a retry may use more.
LOCAL = workflow.is_main_process and workflow.resource_settings.nodes is None


def needs(rule):
    """Memory and time of a rule's jobs. On a cluster, which ends a job that takes more, they grow with each attempt."""
    if LOCAL:
        return STUDY.resources.limits(rule)._asdict()
    return {
        "mem_mb": lambda wildcards, attempt: STUDY.resources.limits(rule, attempt).mem_mb,
        "runtime": lambda wildcards, attempt: STUDY.resources.limits(rule, attempt).runtime,
    }


def gpu_needs(rule, gpu):
    """Resources of a rule that trains."""
    declared = getattr(STUDY.resources, rule)
    model = {"gpu_model": declared.gpu_model} if declared.gpu_model else {}
    return needs(rule) | {"gpu": gpu, "gpu_slots": declared.gpu_slots} | model


TRAINING_GPUS = {name: gpus_of("train_run", chosen.training.device) for name, chosen in SETTINGS.items()}


def fashion_mnist(wildcards):
    """The notebooks' data, whatever the study's are."""
    prepared = "data/fashion_mnist.npz"
    if PREPARED != prepared and not Path(prepared).is_file():
        raise WorkflowError("the notebooks need Fashion-MNIST: run them once without --configfile, which prepares it")
    return ancient(prepared)
