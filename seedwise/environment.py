"""The environment of a workflow's jobs, set once by the Snakefile and inherited by every job."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prepare(home: Path, tracking: str) -> None:
    """Let jobs find Python, the package, the scripts and the tracking settings.

    Tracking settings travel in the environment, not as parameters: another W&B project must not train runs anew.

    Args:
        home: folder of the Snakefile.
        tracking: the study's tracking settings, JSON.
    """
    # The Python that runs Snakemake; a conda environment of a rule comes before it.
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path.cwd())  # where a user's own functions lie
    _prepend("PYTHONPATH", home)
    os.environ["SEEDWISE_SCRIPTS"] = str(home / "workflow" / "scripts")
    os.environ["SEEDWISE_TRACKING"] = tracking


def _prepend(variable: str, folder: Path) -> None:
    known = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([str(folder), *(part for part in known if part and part != str(folder))])
