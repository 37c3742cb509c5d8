"""The environment variables of a workflow's jobs, set once by the Snakefile and inherited by every job."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping
from pathlib import Path

from seedwise.basics.plugins import is_plugin
from seedwise.config.overrides import PROGRAMS
from seedwise.trainers.command.user_environment import CHANGED, KEPT, OF_ANOTHER_RUN, OF_BASH

LINKS = Path(".snakemake/seedwise")


def names_functions(study: Mapping[str, object]) -> bool:
    """Whether our jobs import a function that a study, as plain data, names as `package.module:function`.

    What a program imports is not meant: it has a process and a path of its own.
    """
    return _names_function({section: value for section, value in study.items() if section not in PROGRAMS})


def open_working_folder(study: Mapping[str, object]) -> bool:
    """Let this process import from the working folder if a study names functions there; return whether it does.

    Otherwise a `random.py` of the user's would stand in for Python's.
    """
    found = names_functions(study)
    if found:
        sys.path.insert(0, str(Path.cwd()))
    return found


def _names_function(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_names_function, (*value.keys(), *value.values())))
    if isinstance(value, (list, tuple)):
        return any(map(_names_function, value))
    return isinstance(value, str) and is_plugin(value)


def prepare(
    scripts: Path, package: Path, *, own_functions: bool = True, other_pythons: bool = False, alone: bool = True
) -> None:
    """Set the variables with which jobs find Python, the package and the scripts.

    The user's own PATH and PYTHONPATH are kept in SEEDWISE_USER_PATH and SEEDWISE_USER_PYTHONPATH, for programs of
    theirs. Variables by which all runs would become one run of a tracker are removed.

    Args:
        scripts: folder of the scripts that rules call; profiles lie beside the folder that contains it.
        package: folder that contains the package.
        own_functions: whether jobs call functions of the user's. Otherwise modules in the user's folder are not to be
            found, because any of them may have the name of a module that our scripts import.
        other_pythons: whether rules have a Python of their own, from a conda environment or a container.
        alone: whether there are no rules of another workflow, whose commands may need what the user's bash sets up.
    """
    for variable in CHANGED:
        # A job that is submitted to a cluster reads the Snakefile again, with variables that are already changed.
        os.environ.setdefault(f"{KEPT}{variable}", os.environ.get(variable, ""))
    # The Python that runs Snakemake; a rule's conda environment takes precedence.
    _prepend("PATH", str(folder_of_python()))
    for variable in (*OF_ANOTHER_RUN, *(OF_BASH if alone else ())):
        os.environ.pop(variable, None)
    if own_functions:
        _prepend("PYTHONPATH", _importable(Path.cwd(), Path()))
    if not _is_site_packages(package):
        _prepend("PYTHONPATH", _importable(package, LINKS / "package"))
    elif other_pythons:
        # That Python does not have the package, and must not get everything else that is installed beside it.
        _link(LINKS / "installed/seedwise", package / "seedwise")
        _prepend("PYTHONPATH", str(LINKS / "installed"))
    os.environ["SEEDWISE_SCRIPTS"] = str(scripts)
    # There are none, and looking for them among all packages takes a third of the time that a job needs to start.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    os.environ["SEEDWISE_PROFILES"] = str(scripts.parents[1] / "profiles")


def container() -> str | None:
    """Return the image in which jobs run with `--sdm apptainer`: $SEEDWISE_CONTAINER, a file or a docker:// address."""
    return os.environ.get("SEEDWISE_CONTAINER") or None


def folder_of_python() -> Path:
    """Return a folder in which `python` is the Python that runs Snakemake; a system's own may be `python3` only."""
    running = Path(sys.executable)
    beside = running.with_name("python")
    if beside.exists() and beside.samefile(running):
        return running.parent
    _link(LINKS / "bin/python", running)
    return (LINKS / "bin").absolute()


def _is_site_packages(folder: Path) -> bool:
    """Whether the Python that runs Snakemake finds the packages of a folder by itself."""
    places = [*site.getsitepackages(), site.getusersitepackages()]
    return folder.resolve() in {Path(place).resolve() for place in places}


def _importable(folder: Path, relative: Path) -> str:
    """Return a form of the folder that can be part of PYTHONPATH, where colons separate the parts.

    A folder with a colon in its path is given relative to the working folder, in which every job starts: as `.` if it
    is the working folder, else as a link in it.
    """
    if os.pathsep not in str(folder):
        return str(folder)
    if folder == Path.cwd():
        return "."
    _link(relative, folder)
    return str(relative)


def _link(path: Path, target: Path) -> None:
    """Make `path` a link to `target`, unless it is."""
    if path.is_symlink() and path.readlink() == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _prepend(variable: str, part: str) -> None:
    # Without a PATH, programs of the system are found all the same, such as git; `env -i` leaves none.
    known = os.environ.get(variable, os.defpath if variable == "PATH" else "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join([part, *(other for other in known if other and other != part)])
