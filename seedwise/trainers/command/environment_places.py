"""Where the packages of a program are: a virtual environment, a uv project or a conda environment."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from seedwise.basics.code_digest import combine
from seedwise.basics.errors import UserError
from seedwise.basics.files import sha256
from seedwise.basics.names import not_known, quote
from seedwise.trainers.command.interpreters import normalized
from seedwise.trainers.command.listing import is_environment, nearby

_MAY_BE_EXTRA = frozenset({"pip", "setuptools", "wheel", "seedwise"})


@dataclass(frozen=True)
class Place:
    """An environment on the disk.

    Attributes:
        key: the key of the study that names it.
        root: its folder.
        variables: environment variables to set.
        removed: environment variables to remove.
        prefix: words that come before the program's own.
        parts: what its digest is made of, apart from the packages that are installed.
        lock: the lock file that its packages have to agree with.
        location: its folder, if it is to be created.
        create: the command that creates it.
    """

    key: str
    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    location: Path | None = None
    create: tuple[str, ...] = ()
    lock: Path | None = None

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return self.root / "bin"


def venv(base: Path, text: str, path: str, key: str = "venv") -> Place:
    """Return the virtual environment in a folder, relative to `base`; raises UserError."""
    root = _absolute(base, text)
    if not (root / "pyvenv.cfg").is_file():
        if (root / "conda-meta").is_dir():
            raise UserError(f"environment.{key}: {root} is a conda environment; write environment: {{conda: {text}}}")
        above = next((place for place in root.parents if (place / "pyvenv.cfg").is_file()), None)
        if above is not None:
            own = os.path.relpath(above, base)
            raise UserError(f"environment.{key}: found {quote(text)}; need the environment's own folder: {own}")
        what = "which is no virtual environment" if root.exists() else "which is not there"
        near = sorted(
            os.path.relpath(place, base) for place in _folders(base, base.parent, root.parent) if is_environment(place)
        )
        hint = (
            f"there are: {', '.join(near)}" if near else f"make it with python3 -m venv {text} and install the packages"
        )
        raise UserError(f"environment.{key}: found {quote(text)}, {what}; {hint}")
    if not (root / "bin" / "python").exists():
        raise UserError(
            f"environment.{key}: the Python from which {root} was made is not there any more; make it again: "
            f"python3 -m venv --clear {text}"
        )
    return Place(key, root, {"VIRTUAL_ENV": str(root), "PATH": f"{root / 'bin'}{os.pathsep}{path}"}, ("PYTHONHOME",))


def uv(base: Path, text: str, path: str, environ: Mapping[str, str]) -> Place:
    """Return the environment of a uv project; raises UserError."""
    project = _absolute(base, text)
    if not (project / "pyproject.toml").is_file():
        what = "which has no pyproject.toml" if project.is_dir() else f"which is not there{nearby(base, text)}"
        raise UserError(f"environment.uv: found {quote(text)}, {what}; need the folder of a uv project")
    # In a workspace the lock and the environment lie at its root.
    root = next((place for place in (project, *project.parents) if (place / "uv.lock").is_file()), None)
    if root is None:
        raise UserError(f"environment.uv: {project} has no uv.lock; run uv sync --project {text}")
    where = root / environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if not (where / "pyvenv.cfg").is_file():
        raise UserError(f"environment.uv: {where} is not there; run uv sync --project {text}")
    found = venv(root, str(where), path, "uv")
    parts = {"uv.lock": sha256(root / "uv.lock")}
    return Place("uv", found.root, found.variables, found.removed, parts=parts, lock=root / "uv.lock")


def check_lock(lock: Path, packages: Mapping[str, str]) -> None:
    """Refuse packages that are not those of uv.lock: the lock's digest would speak of others than the runs used.

    Raises:
        UserError: a version differs, or a package is not in the lock file.
    """
    locked: dict[str, set[str]] = {}
    try:
        for entry in tomllib.loads(lock.read_text(encoding="utf-8")).get("package", []):
            locked.setdefault(entry["name"], set()).add(entry.get("version", ""))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise UserError(f"{lock}: cannot be read ({error}); run uv lock") from error
    for name, version in packages.items():
        known, found = locked.get(name, set()), version.split(" ")[0]
        if known and found not in known and "" not in known:
            wrong = f"{name} {found} is installed, but uv.lock has {' or '.join(sorted(known))}"
        elif not known and name not in _MAY_BE_EXTRA:
            wrong = f"{name} {found} is installed, but is not in uv.lock"
        else:
            continue
        raise UserError(
            f"environment.uv: {wrong}; run uv sync in {lock.parent}, or take what is installed: "
            f"environment: {{venv: {lock.parent / '.venv'}}}"
        )


def conda(
    base: Path, text: str, path: str, environ: Mapping[str, str], store: Path, ignored: Collection[str] = ()
) -> Place:
    """Return the conda environment of a YAML file, of a name or in a folder; raises UserError.

    Args:
        base: folder that paths are relative to.
        text: the file, name or folder.
        path: the PATH of the user.
        environ: the other environment variables.
        store: folder of the environments that are created.
        ignored: packages that do not count.
    """
    tool = _conda_program(path, environ)
    file = base / Path(text).expanduser()
    if text.endswith((".yaml", ".yml")):
        if not file.is_file():
            raise UserError(f"environment.conda: found {quote(text)}, which is not there{nearby(base, text)}")
        parts = {"conda": sha256(file)}
        root = (store / combine(parts)).absolute()
        small = Path(tool).name == "micromamba"
        words = ["create", "--yes"] if small else ["env", "create"]
        create = (tool, *words, "--prefix", str(root), "--file", str(file))
        return _of_conda(tool, root, parts, root, create)
    if os.sep in text or text.startswith("~"):
        root = _absolute(base, text)
        if not (root / "conda-meta").is_dir():
            what = "which is no conda environment" if root.exists() else "which is not there"
            raise UserError(f"environment.conda: found {quote(text)}, {what} ({root})")
    else:
        root = _by_name(text, tool, environ)
    # Also packages that are not written in Python. A file is named <name>-<version>-<build>.json.
    files = sorted(file.name for file in (root / "conda-meta").glob("*.json"))
    counted = [name for name in files if normalized(name.rsplit("-", 2)[0]) not in ignored]
    return _of_conda(tool, root, {"conda": " ".join(counted)})


def _of_conda(
    tool: str, root: Path, parts: Mapping[str, str], location: Path | None = None, create: tuple[str, ...] = ()
) -> Place:
    run = ["run", "--no-capture-output"] if Path(tool).name == "conda" else ["run"]  # the others never capture
    prefix = (tool, *run, "-p", str(root))
    return Place("conda", root, {}, ("PYTHONHOME", "VIRTUAL_ENV"), prefix, parts, location, create)


def _conda_program(path: str, environ: Mapping[str, str]) -> str:
    on_path = (shutil.which(name, path=path) for name in ("conda", "mamba", "micromamba"))
    found = next((tool for tool in (*on_path, environ.get("CONDA_EXE"), environ.get("MAMBA_EXE")) if tool), None)
    if found is None:
        raise UserError(
            "environment.conda: neither conda, mamba nor micromamba is on PATH; install one of them, or name a virtual "
            "environment: {venv: …}"
        )
    return found


def _by_name(name: str, tool: str, environ: Mapping[str, str]) -> Path:
    """Find a conda environment by its name, without the second that conda takes to say where it is."""
    home = Path(environ.get("HOME", "~")).expanduser()
    listed: Collection[str] = ()
    with suppress(OSError):
        listed = (home / ".conda" / "environments.txt").read_text(encoding="utf-8").split("\n")
    bases = [Path(environ["MAMBA_ROOT_PREFIX"])] if environ.get("MAMBA_ROOT_PREFIX") else []
    bases.append(Path(tool).resolve().parents[1])  # <base>/bin/conda or <base>/condabin/conda
    places = [Path(place) for place in environ.get("CONDA_ENVS_PATH", "").split(os.pathsep) if place]
    places += [place / "envs" for place in bases]
    candidates = [Path(line) for line in listed if line] + sorted(_folders(*places))
    known = {place.name: place for place in reversed(candidates) if (place / "conda-meta").is_dir()}
    known |= {"base": bases[-1]} if (bases[-1] / "conda-meta").is_dir() else {}
    if name not in known:
        raise UserError(
            f"environment.conda: {not_known(name, sorted(known), 'Environments')}"
            if known
            else f"environment.conda: found {quote(name)}, but there is no conda environment; write the folder of one"
        )
    return known[name]


def _absolute(base: Path, text: str) -> Path:
    return Path(os.path.abspath(base / Path(text).expanduser()))  # noqa: PTH100 -- resolve() would follow links


def _folders(*places: Path) -> Iterable[Path]:
    return {inner for place in places if place.is_dir() for inner in place.iterdir() if inner.is_dir()}
