# The study, its paths, and what every rule needs. Nothing heavier than pydantic is imported here.
import json
import os
import re
import shlex
import sys
from pathlib import Path

HOME = Path(workflow.basedir)
sys.path.insert(0, str(HOME))

from seedwise.config import ConfigError, load_study
from seedwise.files import LockHeldError, content_digest, hold_lock
from seedwise.hardware import resolve_device
from seedwise.plugins import is_plugin, plugin_source, slug

# Jobs find the Python that runs Snakemake, unless a conda environment comes before it, and the seedwise package.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))

try:
    STUDY = load_study(config, [Path(file) for file in workflow.configfiles])
except ConfigError as error:
    sys.exit(f"{error}")

CONFIG_FILE = " and ".join(os.path.relpath(file) for file in workflow.configfiles) or "the command line"
VARIANTS = [variant.name for variant in STUDY.variants]
LABELS = json.dumps({variant.name: variant.label or variant.name for variant in STUDY.variants})
PLAN = STUDY.analysis.model_dump_json()
RESULTS = STUDY.folder()
TABLES = [RESULTS / "summary.csv", RESULTS / "comparisons.csv"]
FIGURES = ["means", "differences", "power"] if len(VARIANTS) > 1 else ["means"]
PLOTS = [RESULTS / f"figures/{figure}.{kind}" for figure in FIGURES for kind in ("png", "svg")]
RECORDS = [STUDY.record_path(run.variant, run.seed) for run in STUDY.runs()]
SCRIPTS = HOME / "workflow/scripts"
DATASET = slug(STUDY.dataset.name)
RAW_DIGESTS = f"data/{DATASET}/SHA256SUMS"
PREPARED = f"data/{DATASET}.npz"
TRACKING = STUDY.tracking.model_dump_json()


wildcard_constraints:
    variant="|".join(re.escape(variant.name) for variant in STUDY.variants),
    seed=r"\d+",


def code_digest(*names):
    """Digest of the sources that decide a run's numbers: training, data, and the study's own functions."""
    own = [plugin_source(name) for name in names if is_plugin(name)]
    return content_digest([HOME / "seedwise/training", HOME / "seedwise/data", *filter(None, own)], HOME)


def lock_study():
    """Hold the study's lock while Snakemake lives; the kernel frees it, however Snakemake ends."""
    global STUDY_LOCK
    STUDY_LOCK = hold_lock(RESULTS / ".lock")
    try:
        STUDY_LOCK.__enter__()
    except LockHeldError:
        raise WorkflowError(
            f"another snakemake is running the study {STUDY.study} ({RESULTS}); wait for it, or stop it first"
        )


onstart:
    if workflow.is_main_process:
        lock_study()
