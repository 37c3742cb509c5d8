# The study, its paths, and what every rule needs. Nothing heavier than pydantic is imported here.
import functools
import os
import re
import sys
from pathlib import Path

RULES = workflow.current_basedir  # this file's folder, also where another workflow imports this one as a module
if RULES.is_local:
    sys.path.insert(0, str(Path(str(RULES)).parents[1]))
else:
    try:
        import seedwise.basics.share
    except ModuleNotFoundError:
        sys.exit(
            f"{RULES}: a workflow that is imported from its host needs the package of the same tag beside Snakemake: "
            "pip install git+https://<host>/<owner>/<repository>@<tag>"
        )

import seedwise
from seedwise.workflow.garbage import collect_as_usual, plan_without_collecting

plan_without_collecting()

from seedwise.analysis.looks import describe, due, read_looks
from seedwise.basics import share
from seedwise.basics.errors import UserError, no_access
from seedwise.basics.files import LockHeldError, hold_lock
from seedwise.basics.names import visible
from seedwise.basics.plugins import plugin_source, slug
from seedwise.config.context import Context, context_path, write_context
from seedwise.config.reading import load_study, read_yaml
from seedwise.config.study_file import refuse_other_file, study_file_path, write_study_file
from seedwise.registration.ledger import read_ledger
from seedwise.runs.hardware import expected_device
from seedwise.workflow import environment, internals, products
from seedwise.workflow.asked import dependencies, study_file
from seedwise.workflow.committed import commit_with_all, uncommitted_files
from seedwise.workflow.digests import Digests
from seedwise.workflow.disk import make_older, require_writable
from seedwise.workflow.programs import require_metric
from seedwise.workflow.needs import gpus_of, job_needs, training_needs
from seedwise.workflow.own_functions import check_own_functions
from seedwise.workflow.params import by_variant, literal, literal_path
from seedwise.workflow.unfit import Outputs, asks_to_replace, describe_unfit, finished_runs, judged_outputs


def or_exit(read, *arguments):
    """Call a function that reads user input; a user's mistake ends Snakemake with its message, one line per mistake."""
    try:
        return read(*arguments)
    except UserError as error:
        sys.exit(visible(str(error)))
    except OSError as error:  # such as a folder without write permission, or a full disk
        sys.exit(visible(no_access(error) or f"{error.filename or 'the study'}: {error.strerror or error}"))


HOME = Path(seedwise.__file__).parents[1]

if workflow.is_main_process:
    or_exit(require_writable, Path(".snakemake"))
internals.endure_full_disk()
internals.ignore_clocks()
internals.leave_pandas()
internals.leave_sizes_unread()
internals.look_for_pipes_once(workflow)
internals.after_planning(collect_as_usual)

# Without --configfile, the study is config.yaml, or config/config.yaml in a folder laid out as snakedeploy does. With it,
# that file alone is the study: merging it with config.yaml would silently mix two studies. A workflow that imports this
# one hands over the config.
IMPORTED_WITH_CONFIG = internals.is_imported(workflow)
if not internals.has_given_config(workflow) and not IMPORTED_WITH_CONFIG:
    DEFAULT_CONFIG = next(filter(os.path.exists, ("config.yaml", "config/config.yaml")), "config.yaml")
    # Snakemake would not say in which line a YAML error is.
    or_exit(read_yaml, DEFAULT_CONFIG)

    configfile: DEFAULT_CONFIG


CONFIG_FILES = [Path(file) for file in workflow.configfiles]
if IMPORTED_WITH_CONFIG and not any(
    or_exit(read_yaml, file).get("study") == config.get("study") for file in CONFIG_FILES
):
    CONFIG_FILES = []  # the study is only part of these files, or in none
COMPARED = str(config.pop("studies", ""))  # for the rule compare; not part of the study
STUDY = or_exit(load_study, config, CONFIG_FILES)
PROGRAM = STUDY.program  # of the user's own; None where the image classifier is trained
TRAINER = STUDY.trainer
RESULTS = STUDY.folder()
FOLDER = internals.placed(workflow, RESULTS)  # for Python; rules write RESULTS, which Snakemake prefixes by itself
SCRIPTS = Path(str(RULES)).parent / "scripts" if RULES.is_local else or_exit(share.home) / "workflow/scripts"
OWN_FUNCTIONS = environment.open_working_folder(STUDY.model_dump(mode="json"))
environment.prepare(
    SCRIPTS,
    HOME,
    own_functions=OWN_FUNCTIONS,
    other_pythons=internals.deploys_software(workflow),
    alone=not IMPORTED_WITH_CONFIG,
)

if environment.container():

    container: environment.container()


for tracker in STUDY.tracking.own:
    or_exit(plugin_source, tracker)

ELSEWHERE = "the importing workflow" if IMPORTED_WITH_CONFIG else "the command line"
CONFIG_FILE = " and ".join(os.path.relpath(file) for file in CONFIG_FILES) or ELSEWHERE
VARIANTS = [variant.name for variant in STUDY.variants]
SETTINGS = {name: or_exit(STUDY.settings, name) for name in VARIANTS}
LOOKS = or_exit(read_looks, FOLDER / "looks.json") if STUDY.analysis.looks else ()
SEEDS = due(STUDY.seeds, STUDY.analysis.looks, LOOKS)
SOURCE = STUDY.source  # of runs that are not trained here

if PROGRAM and workflow.is_main_process:
    or_exit(require_metric, STUDY, CONFIG_FILE)
if workflow.is_main_process and len(CONFIG_FILES) == 1:
    or_exit(refuse_other_file, FOLDER, CONFIG_FILES[0])

# What runs and rules depend on.
BASE = CONFIG_FILES[0].resolve().parent if CONFIG_FILES else Path.cwd()  # of paths in the config of a program
if workflow.is_main_process:
    or_exit(check_own_functions, STUDY, BASE)
DIGESTS = Digests(HOME, SCRIPTS, Path.cwd())
FOUND = or_exit(dependencies, STUDY, DIGESTS, BASE, FOLDER)
RUN_DATA = FOUND.images  # None for a program
CARD = None
if RUN_DATA:
    RAW = literal(str(internals.placed(workflow, RUN_DATA.raw_folder)))
    PREPARED = literal(str(internals.placed(workflow, RUN_DATA.file)))
    SUMS = RESULTS / "data" / f"SHA256SUMS-{RUN_DATA.raw}" if RUN_DATA.raw else RESULTS / "data/SHA256SUMS"
    CARD = RESULTS / "data" / f"{RUN_DATA.file.stem}.json"

# Products.
RECORDS = [] if SOURCE else [STUDY.record_path(run.variant, run.seed) for run in STUDY.runs(SEEDS)]
DATA = RESULTS / products.data(STUDY)
PULLED = [RESULTS / "pulled.json"] if SOURCE else []
TABLES = [RESULTS / name for name in products.tables(STUDY)]
PLOTS = [RESULTS / name for name in products.figures(STUDY)]
PAPER = [RESULTS / name for name in products.paper_tables(STUDY)]
UPLOADED = RESULTS / "upload_results.json"  # written where the config asks W&B to have the results
INTERIM = RESULTS / "interim"
MADE_OF_RECORDS = (products.data(STUDY), *products.tables(STUDY), *products.REPORT)

# Scripts read the study and its context as files.
CARD_FILE = None if SOURCE or not CARD else internals.placed(workflow, CARD)
ASKED = or_exit(study_file, STUDY, CONFIG_FILE, SEEDS, FOUND, CARD_FILE, FOLDER)
TRAINING_SETTINGS = {name: chosen.canonical() for name, chosen in SETTINGS.items()}
TRAINING_CODE = {name: wanted.code for name, wanted in ASKED.expected.items()}
STUDY_PATH = or_exit(write_study_file if workflow.is_main_process else study_file_path, FOLDER, ASKED)
STUDY_FILE = literal(str(STUDY_PATH))
CONTEXT = literal(str(context_path(FOLDER)))


def study_context(missing):
    """Return what runs need to know and no number depends on; `missing` are the files that are not committed."""
    own = CONFIG_FILE if len(CONFIG_FILES) == 1 else ""
    uncommitted = missing.by_variant if missing else None
    if PROGRAM:
        place = FOUND.program.place(PROGRAM.retries or internals.retries(workflow))
        return Context(tracking=STUDY.tracking, program=place, config=own, uncommitted=uncommitted)
    return Context(tracking=STUDY.tracking, folder=STUDY.dataset.folder, config=own, uncommitted=uncommitted)


@functools.cache
def whole_commit():
    """Return a commit with all files of the study and its code, which the report names; empty if there is none."""
    return commit_with_all(STUDY, FOUND, CONFIG_FILES)


if not context_path(FOLDER).exists():  # the first job finds it written again; this is for scripts that are run by hand
    or_exit(write_context, FOLDER, study_context(uncommitted_files(STUDY, FOUND, CONFIG_FILES)))

if workflow.is_main_process and not SOURCE:
    or_exit(FOUND.keep, FOLDER)

# Whether a record fits the study is what decides, whatever Snakemake knows: it may consider another one up to date, and one
# that fits incomplete, because it was killed before it noted the end of the run. One that was deleted would stay unnoticed
# where only a table or the report is asked for, and has been made before.
UNFIT, WHOLE = or_exit(judged_outputs, ASKED, FOLDER) if workflow.is_main_process else Outputs()
DELETED = []
if workflow.is_main_process and any((FOLDER / name).exists() for name in MADE_OF_RECORDS):
    DELETED += [str(path) for record in RECORDS if not (path := internals.placed(workflow, record)).exists()]
if STUDY.analysis.looks and not LOOKS and (FOLDER / "findings.json").exists():
    # Which look comes next is in looks.json; without it, the first one is taken again.
    DELETED.append(str(FOLDER / "summary.csv"))
internals.rerun({*UNFIT, *DELETED} if workflow.is_main_process else ())
internals.keep(WHOLE)
if workflow.is_main_process and CARD:
    make_older([internals.placed(workflow, path) for path in (SUMS, CARD)], map(Path, WHOLE))
if PROGRAM and PROGRAM.canary:
    internals.prioritise([str(internals.placed(workflow, STUDY.record_path(name, SEEDS[0]))) for name in VARIANTS])


def conda_environment(name):
    """Return the path of a rule's conda environment; braces in a folder's name are no wildcard."""
    relative = f"../../envs/{name}.yaml"
    folder = str(RULES)
    return literal_path(os.path.normpath(f"{folder}/{relative}")) if "{" in folder or "}" in folder else relative


def caption(path):
    """Return the caption of a product in Snakemake's report."""
    return f"../report/{'examples_' if STUDY.evaluation else ''}{path.stem}.rst"


def within_interim(paths):
    """Return the paths of final products in the folder of the interim report."""
    return [INTERIM / Path(path).relative_to(RESULTS) for path in paths]


wildcard_constraints:
    variant="|".join(re.escape(name) for name in VARIANTS),
    seed=r"\d+",


# Where Snakemake hands jobs to a cluster, and inside such a job, a retry may use more.
LOCAL = workflow.is_main_process and not internals.counts_nodes(workflow)


def needs(rule):
    """Return memory and time of a rule's jobs."""
    return job_needs(STUDY.resources, rule, growing=not LOCAL)


def gpu_needs(rule, gpus):
    """Return the resources of a rule that trains."""
    return training_needs(STUDY.resources, rule, gpus, growing=not LOCAL)


TRAINING_GPUS = {name: gpus_of(STUDY.resources, "train_run", TRAINER.device(own)) for name, own in SETTINGS.items()}
THREADS = {name: STUDY.resources.train_run.threads or TRAINER.threads(own) for name, own in SETTINGS.items()}
