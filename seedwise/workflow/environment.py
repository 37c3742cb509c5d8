"""The environment variables of a workflow's jobs, set once by the Snakefile and inherited by every job."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LINK = Path(".snakemake/seedwise/package")


def prepare(scripts: Path, package: Path) -> None:
    """Set the variables with which jobs find Python, the package and the scripts.

    Args:
        scripts: folder of the scripts that rules call.
        package: folder that contains the package.
    """
    # The Python that runs Snakemake; a rule's conda environment takes precedence.
    _prepend("PATH", str(Path(sys.executable).parent))
    _prepend("PYTHONPATH", _importable(Path.cwd(), Path()))  # for the user's own functions
    _prepend("PYTHONPATH", _importable(package, LINK))
    os.environ["SEEDWISE_SCRIPTS"] = str(scripts)


def container() -> str | None:
    """Return the image in which jobs run with `--sdm apptainer`: $SEEDWISE_CONTAINER, a file or a docker:// address."""
    return os.environ.get("SEEDWISE_CONTAINER") or None


def _importable(folder: Path, relative: Path) -> str:
    """Return a form of the folder that can be part of PYTHONPATH, where colons separate the parts.

    A folder with a colon in its path is given relative to the working folder, in which every job starts: as `.` if it
    is the working folder, else as a link in it.
    """
    if os.pathsep not in str(folder):
        return str(folder)
    if folder == Path.cwd():
        return "."
    relative.parent.mkdir(parents=True, exist_ok=True)
    if not relative.is_symlink() or relative.readlink() != folder:
        relative.unlink(missing_ok=True)
        relative.symlink_to(folder)
    return str(relative)


def _prepend(variable: str, part: str) -> None:
    known = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([part, *(other for other in known if other and other != part)])
