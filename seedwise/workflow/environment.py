"""The environment of a workflow's jobs, set once by the Snakefile and inherited by every job."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path


def prepare(scripts: Path, package: Path, results: Path, tracking: str) -> str:
    """Let jobs find Python, the package, the scripts and the tracking settings.

    Tracking settings travel in the environment, not as parameters: another W&B project must not train runs anew.

    Args:
        scripts: folder of the scripts that rules call.
        package: folder that holds the package.
        results: the study's folder; a workflow may import several studies, each with its own tracking settings.
        tracking: the study's tracking settings, JSON.

    Returns:
        Name of the variable that holds the tracking settings.
    """
    # The Python that runs Snakemake; a conda environment of a rule comes before it.
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path.cwd())  # where a user's own functions lie
    _prepend("PYTHONPATH", package)
    os.environ["SEEDWISE_SCRIPTS"] = str(scripts)
    # Names that differ stay different, and a shell's are ASCII.
    place = re.sub(r"[^A-Za-z0-9/]", lambda found: f"_{ord(found[0]):x}", str(results)).replace("/", "_")
    name = f"SEEDWISE_TRACKING_{place}"
    os.environ[name] = tracking
    return name


def container() -> str | None:
    """Image in which jobs run with `--sdm apptainer`: the user's SEEDWISE_CONTAINER, a file or a docker:// address."""
    return os.environ.get("SEEDWISE_CONTAINER") or None


def _prepend(variable: str, folder: Path) -> None:
    known = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([str(folder), *(part for part in known if part and part != str(folder))])
