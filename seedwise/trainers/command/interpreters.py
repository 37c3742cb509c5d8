"""Python interpreters: which one runs a program, and which packages it has."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from seedwise.basics.code_digest import combine
from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text

CACHE = Path(".snakemake/seedwise/environments.json")
"""What interpreters answered in this folder."""

_NAME = re.compile(r"(python|pypy)[\d.]*w?")
# What only installs packages, or is Seedwise itself, decides no number.
LEFT_OUT = frozenset({"seedwise", "pip", "setuptools", "wheel", "distribute", "pkg-resources"})
# They change which packages an interpreter finds.
_VARIABLES = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONNOUSERSITE",
    "PYTHONUSERBASE",
    "PYTHONSAFEPATH",
    "HOME",
    "CONDA_PREFIX",
)
_LIMIT = 120  # seconds: a cold network disk is slow

# Runs in the user's interpreter, of any version: Python 2 as well.
_QUESTION = r"""
import sys
if sys.path and sys.path[0] == "":
    del sys.path[0]  # the user's folder, where a file can have the name of a standard module
import json, os, platform, re
packages, editable, stamps = {}, [], [sys.executable, os.path.join(sys.prefix, "pyvenv.cfg")]
def add(name, version, detail):
    name = re.sub(r"[-_.]+", "-", name or "").lower()
    if name and name not in packages:
        packages[name] = (version or "") + detail
try:
    from importlib import metadata
except ImportError:
    metadata = None
if metadata is not None:
    import hashlib
    for found in metadata.distributions():
        try:
            name, version = found.metadata["Name"], found.version
            origin = json.loads(found.read_text("direct_url.json") or "{}")
        except Exception:
            continue
        detail, folder = "", origin.get("url", "")
        if origin.get("vcs_info"):
            detail = " (%s)" % origin["vcs_info"].get("commit_id", "")[:12]
        elif (origin.get("dir_info") or {}).get("editable"):
            if folder.startswith("file://"):
                from urllib.request import url2pathname
                editable.append(url2pathname(folder[7:]))
        elif folder.startswith("file:"):
            # Of a local folder the version says little; the list of files has their digests.
            lines = (found.read_text("RECORD") or "").splitlines()
            lines = sorted(line for line in lines if "sha256=" in line and ".dist-info/" not in line)
            detail = " (%s)" % hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()[:12]
        add(name, version, detail)
else:
    try:
        import pkg_resources
        for found in pkg_resources.working_set:
            add(found.project_name, found.version, "")
    except Exception:
        pass
prefixes = tuple(os.path.realpath(prefix) + os.sep for prefix in {sys.prefix, getattr(sys, "base_prefix", sys.prefix)})
for place in sys.path:
    stamps.append(place)
    if os.path.isdir(place):
        infos = [os.path.join(place, name, "PKG-INFO") for name in os.listdir(place) if name.endswith(".egg-info")]
        stamps.extend(infos)
        outside = not (os.path.realpath(place) + os.sep).startswith(prefixes)
        if outside and os.path.basename(place) not in ("site-packages", "dist-packages"):
            editable.append(place)
version = platform.python_version()
if platform.python_implementation() != "CPython":
    version += " (%s)" % platform.python_implementation()
print("\n@@" + json.dumps({"executable": sys.executable, "version": version, "packages": packages,
                           "editable": sorted(set(editable)), "stamps": stamps}))
"""


@dataclass(frozen=True)
class Installed:
    """What an interpreter has.

    Attributes:
        version: of Python, such as 3.11.7.
        packages: version of each package by its normalized name; of those from a repository or a local folder also
            the commit or a digest of their files.
        editable: folders outside the environment from which it imports, such as those of editable installs.
    """

    version: str
    packages: Mapping[str, str]
    editable: tuple[Path, ...] = field(default=())

    def without(self, ignored: Collection[str]) -> Installed:
        """Return the same without some packages."""
        packages = {name: version for name, version in self.packages.items() if name not in ignored}
        return replace(self, packages=packages)

    def digest(self) -> str:
        """Digest the version of Python and those of all packages, except those that only install others."""
        counted = {name: version for name, version in self.packages.items() if name not in LEFT_OUT}
        return combine({"python": self.version, **{f"package {name}": version for name, version in counted.items()}})


def normalized(name: str) -> str:
    """Return the name of a package as `Installed.packages` has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find_program(folder: Path, program: str, path: str) -> Path | None:
    """Return the file that runs when a shell in `folder` is given `program`; None if there is none."""
    if os.sep in program:
        file = folder / program
        return file if file.is_file() and os.access(file, os.X_OK) else None
    # Relative parts of PATH start from the folder where the program runs.
    places = os.pathsep.join(str(folder / part) if part else str(folder) for part in path.split(os.pathsep))
    found = shutil.which(program, path=places)
    return Path(found) if found else None


def interpreter_of(file: Path, folder: Path, path: str) -> Path | None:
    """Return the Python that runs a program: itself, or that of its first line; None if it is no Python program."""
    if _NAME.fullmatch(file.name):
        return _behind_shim(file, folder, path)
    if file.parent.name == "shims":
        real = _behind_shim(file, folder, path)
        if real is None or real == file:
            return None
        file = real
    named = _first_line(file)
    if not named:
        return None
    if Path(named[0]).name == "env":
        words = [word for word in named[1:] if not word.startswith("-") and "=" not in word]
        found = find_program(folder, words[0], path) if words else None
        if found is None or not _NAME.fullmatch(Path(words[0]).name):
            return None
        return _behind_shim(found, folder, path)
    return Path(named[0]) if _NAME.fullmatch(Path(named[0]).name) else None


def _first_line(file: Path) -> list[str]:
    """Split the line after #! into words; also in pip's form for long paths, where sh starts the interpreter."""
    try:
        with file.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return []
    if not head.startswith(b"#!"):
        return []
    first, _, rest = head[2:].decode(errors="replace").partition("\n")
    if first.strip() == "/bin/sh" and (long := re.match(r"'''exec' (\"[^\"]+\"|\S+)", rest)):
        return [long[1].strip('"')]
    with suppress(ValueError):
        return shlex.split(first.removeprefix(" "))
    return []


def _behind_shim(file: Path, folder: Path, path: str) -> Path:
    """Return the program that a shim of pyenv or asdf starts in `folder`; any other file is returned as it is."""
    if file.parent.name != "shims":
        return file
    for tool in ("pyenv", "asdf", "mise"):
        own = file.parent.parent / "bin" / tool
        command = str(own) if own.is_file() else shutil.which(tool, path=path)
        if command:
            variables = {**os.environ, "PATH": path}
            done = subprocess.run(
                [command, "which", file.name], cwd=folder, env=variables, capture_output=True, text=True, check=False
            )
            if not done.returncode and (found := Path(done.stdout.strip())).is_file():
                return found
    return file


def installed(interpreter: Path, environ: Mapping[str, str], cache: Path | None = None) -> Installed:
    """Return the packages of an interpreter.

    It is asked by starting it, unless none of the folders from which it imports has changed since the last time.

    Args:
        interpreter: path of the interpreter; not resolved, because a virtual environment is found by its path.
        environ: the variables with which it will run.
        cache: a JSON file that may be deleted at any time; None asks at every call.

    Raises:
        UserError: it does not start, or cannot list its packages.
    """
    variables = {name: environ[name] for name in _VARIABLES if environ.get(name)}
    key = combine({"interpreter": os.path.abspath(interpreter), **variables, "question": _QUESTION})  # noqa: PTH100
    known: dict[str, dict[str, object]] = {}
    if cache is not None:
        with suppress(OSError, ValueError, TypeError):
            known = dict(json.loads(cache.read_bytes()))
    with suppress(KeyError, TypeError, AttributeError):
        entry = known[key]
        stamps = entry["stamps"]
        if isinstance(stamps, dict) and stamps == _stamps(tuple(stamps)):
            return _parse(entry["answer"])
    answer = _ask(interpreter, environ)
    stamps = _stamps(tuple(answer.pop("stamps")))
    if cache is not None:
        with suppress(OSError):
            write_text(cache, json.dumps({**known, key: {"stamps": stamps, "answer": answer}}))
    return _parse(answer)


def _parse(answer: object) -> Installed:
    if not isinstance(answer, dict):
        raise TypeError
    return Installed(
        str(answer["version"]), dict(answer["packages"]), tuple(Path(place) for place in answer["editable"])
    )


def _stamps(files: tuple[str, ...]) -> dict[str, list[int] | None]:
    found: dict[str, list[int] | None] = {}
    for file in files:
        found[file] = None
        with suppress(OSError):
            status = Path(file).stat()
            found[file] = [status.st_size, status.st_mtime_ns, status.st_ino]
    return found


def _ask(interpreter: Path, environ: Mapping[str, str]) -> dict[str, list[str]]:
    command = [str(interpreter), "-c", _QUESTION]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environ, stdin=subprocess.DEVNULL, timeout=_LIMIT
        )
    except OSError as error:
        raise UserError(f"{interpreter}: cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{interpreter}: has not listed its packages within {_LIMIT} s") from error
    _, marked, answer = done.stdout.rpartition("\n@@")  # a sitecustomize may print as well
    if done.returncode or not marked:
        last = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
        raise UserError(f"{interpreter}: cannot list its packages: {last}")
    return dict(json.loads(answer))
