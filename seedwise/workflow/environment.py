"""The environment of a workflow's jobs, set once by the Snakefile and inherited by every job."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

LINK = Path(".snakemake/seedwise/package")


def prepare(scripts: Path, package: Path) -> None:
    """Let jobs find Python, the package and the scripts.

    Args:
        scripts: folder of the scripts that rules call.
        package: folder that holds the package.
    """
    # The Python that runs Snakemake; a conda environment of a rule comes before it.
    _prepend("PATH", str(Path(sys.executable).parent))
    _prepend("PYTHONPATH", _importable(Path.cwd(), Path()))  # where a user's own functions lie
    _prepend("PYTHONPATH", _importable(package, LINK))
    os.environ["SEEDWISE_SCRIPTS"] = str(scripts)


def container() -> str | None:
    """Image in which jobs run with `--sdm apptainer`: the user's SEEDWISE_CONTAINER, a file or a docker:// address."""
    return os.environ.get("SEEDWISE_CONTAINER") or None


def _importable(folder: Path, relative: Path) -> str:
    """Return the folder as a part of PYTHONPATH, whose parts colons separate.

    A folder with a colon in its path is named relative to the working folder, where every job starts: as that folder
    itself, or through a link in it.
    """
    if os.pathsep not in str(folder):
        return str(folder)
    if folder == Path.cwd():
        return "."
    relative.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        relative.symlink_to(folder)
    return str(relative)


def _prepend(variable: str, part: str) -> None:
    known = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([part, *(other for other in known if other and other != part)])
