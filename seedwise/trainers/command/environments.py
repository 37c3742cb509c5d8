"""The environment in which a user's program runs: which Python, which packages, and a digest of them.

By default a program is looked up on PATH. A study can name a virtual environment, a conda environment or a uv project
instead. What is not there is an error before the first run.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from seedwise.basics.code_digest import DIGITS, combine
from seedwise.basics.errors import UserError
from seedwise.basics.files import hold_lock, sha256, write_text
from seedwise.basics.names import problem, quote
from seedwise.basics.sections import Section
from seedwise.trainers.command.environment_places import Place, check_lock, conda, uv, venv
from seedwise.trainers.command.interpreters import Installed, find_program, installed, interpreter_of, normalized
from seedwise.trainers.command.listing import is_environment, nearby

CONDA_STORE = Path(".snakemake/seedwise/conda")

REPORTED = (
    "torch torchvision torchaudio tensorflow keras jax jaxlib flax numpy scipy pandas scikit-learn xgboost lightgbm "
    "catboost lightning pytorch-lightning transformers datasets accelerate peft diffusers timm ray gymnasium "
    "stable-baselines3 hydra-core statsmodels"
)
"""Packages whose versions a run record names; the digest covers all."""

_LOCKS = {
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "pdm": "pdm.lock",
    "pixi": "pixi.lock",
    "pipenv": "Pipfile.lock",
    "Rscript": "renv.lock",
    "R": "renv.lock",
    "julia": "Manifest.toml",
    "cargo": "Cargo.lock",
    "node": "package-lock.json",
    "npm": "package-lock.json",
    "npx": "package-lock.json",
}
"""Programs whose packages a lock file names."""

# Programs that choose the Python for what they start: that of their own first line says nothing.
_CHOOSERS = frozenset({"uv", "uvx", "poetry", "pdm", "pixi", "pipenv", "hatch", "conda", "mamba", "micromamba"})
# Programs that start the program named after them.
_WRAPPERS = frozenset(
    {"env", "nice", "ionice", "nohup", "time", "timeout", "stdbuf", "taskset", "numactl", "chrt", "setsid", "xvfb-run"}
    | {"srun", "mpirun", "mpiexec", "exec", "catchsegv", "unbuffer"}
)

Text = Annotated[str, Field(min_length=1)]


class EnvironmentSettings(Section):
    """Where the program's packages are, if it is not to run with what is on PATH."""

    venv: Annotated[Text | None, Field(description="Folder of a virtual environment.", examples=["../repo/.venv"])] = (
        None
    )
    conda: Annotated[
        Text | None,
        Field(
            description="Conda environment: a YAML file that it is created from, its name, or its folder.",
            examples=["env.yaml"],
        ),
    ] = None
    uv: Annotated[Text | None, Field(description="Folder of a uv project, with uv.lock and .venv.")] = None
    lock: Annotated[
        Text | None,
        Field(description="File that names all packages; a change of it, and of nothing else, outdates the runs."),
    ] = None
    ignore: Annotated[
        tuple[Text, ...],
        Field(
            description="Packages that the program does not use: to add, update or remove one outdates no run.",
            examples=[["ipython", "black"]],
        ),
    ] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        named = [kind for kind in ("venv", "conda", "uv") if getattr(self, kind)]
        if len(named) > 1:
            raise problem(f"found {' and '.join(named)}; need one of venv, conda and uv")
        if not named and not self.lock and not self.ignore:
            raise problem("need one of venv, conda and uv, or lock: the file that names the packages")
        if self.ignore and (self.lock or self.uv):
            what = "lock" if self.lock else "uv.lock"
            raise problem(f"found ignore, but there is nothing to ignore: {what} alone decides")
        return self

    @property
    def elsewhere(self) -> bool:
        """Whether the packages are in another environment than that of the study, or of the PATH."""
        return bool(self.venv or self.conda or self.uv)


@dataclass(frozen=True)
class Environment:
    """Where a program runs.

    Attributes:
        variables: environment variables to set.
        removed: environment variables to remove.
        prefix: words that come before the program's own.
        program: the file that runs; None if it is known only once the environment has been created.
        interpreter: the Python that runs the program; None if the program is not written in Python.
        digest: of Python and all packages, or of the lock file; empty if nothing is known about them.
        packages: the version of each Python package that counts.
        versions: those of Python and of the packages that a run record names.
        editable: folders outside the environment from which its Python imports.
        location: folder of an environment that `prepare` creates; None if it is there already.
        create: the command that creates it.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    program: Path | None = None
    interpreter: Path | None = None
    digest: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    editable: tuple[Path, ...] = ()
    location: Path | None = None
    create: tuple[str, ...] = ()

    def applied(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables of a process that starts in this environment."""
        return {**{name: value for name, value in environ.items() if name not in self.removed}, **self.variables}


def program_of(words: Sequence[str]) -> str:
    """Return the program that a command starts: the first word, but after `env`, `nice`, `srun` and the like."""
    rest = list(words)
    while rest and Path(rest[0]).name in _WRAPPERS:
        later = [
            number
            for number, word in enumerate(rest[1:], 1)
            if not word.startswith("-") and "=" not in word and (os.sep in word or shutil.which(word))
        ]
        if not later:
            break
        rest = rest[later[0] :]
    return rest[0] if rest else ""


def resolve(
    settings: EnvironmentSettings | None,
    folder: Path,
    program: str,
    path: str,
    *,
    base: Path | None = None,
    environ: Mapping[str, str] | None = None,
    cache: Path | None = None,
    store: Path = CONDA_STORE,
) -> Environment:
    """Find the environment of a program, and what a run depends on in it.

    Args:
        settings: the study's `environment:`; None looks the program up on PATH.
        folder: where the program runs.
        program: the program, as `program_of` returns it.
        path: the PATH of the user.
        base: folder that the paths of `settings` are relative to; None is `folder`.
        environ: the other variables with which the program will run; None takes those of this process.
        cache: a JSON file that keeps what interpreters answered; None asks at every call.
        store: folder of the conda environments that `prepare` creates.

    Raises:
        UserError: the environment, the program in it or the lock file is not there.
    """
    base = (base or folder).absolute()
    variables = {**(os.environ if environ is None else environ), "PATH": path}
    ignored = frozenset(normalized(name) for name in settings.ignore) if settings else frozenset()
    place = _place(settings, base, path, variables, store, ignored)
    found = _Found()
    if place is None or place.location is None or is_environment(place.location):
        found = _look_up(place, folder, program, variables, cache)
    if place is not None and place.lock and found.packages:
        check_lock(place.lock, found.packages.packages)
    if settings is not None and settings.lock:
        digest = _content(base, settings.lock)
    else:
        counted = found.packages.without(ignored) if found.packages else None
        digest = _digest(place, counted) or _lock_above(folder, program)
    packages = found.packages.packages if found.packages else {}
    versions = {name: packages[name] for name in REPORTED.split() if name in packages}
    return Environment(
        variables=place.variables if place else {},
        removed=place.removed if place else (),
        prefix=place.prefix if place else (),
        program=found.program,
        interpreter=found.interpreter,
        digest=digest,
        packages={name: version for name, version in packages.items() if name not in ignored},
        versions={"python": found.packages.version, **versions} if found.packages else {},
        editable=found.packages.editable if found.packages else (),
        location=place.location if place else None,
        create=place.create if place else (),
    )


def _place(
    settings: EnvironmentSettings | None,
    base: Path,
    path: str,
    environ: Mapping[str, str],
    store: Path,
    ignored: Collection[str],
) -> Place | None:
    if settings is not None and settings.venv:
        return venv(base, settings.venv, path)
    if settings is not None and settings.uv:
        return uv(base, settings.uv, path, environ)
    if settings is not None and settings.conda:
        return conda(base, settings.conda, path, environ, store, ignored)
    return None


def _digest(place: Place | None, packages: Installed | None) -> str:
    """Digest an environment; empty if nothing is known about it."""
    parts = dict(place.parts) if place else {}
    if place is None or not place.parts:
        return packages.digest() if packages else ""
    if place.location is None and packages:  # what is created later has the digest of what it is created from
        parts["python"] = packages.version if place.key == "uv" else packages.digest()
    return combine(parts)


def prepare(environment: Environment, say: Callable[[str], None]) -> None:
    """Create the conda environment if it is not there; of several processes one does so, and the others wait.

    Raises:
        UserError: it cannot be created.
    """
    place = environment.location
    if place is None or not environment.create:
        return
    done = place.with_name(f"{place.name}.created")
    with hold_lock(place.with_name(f"{place.name}.lock"), on_wait=lambda: say(f"waiting for {place}")):
        if done.exists() and is_environment(place):
            return
        if place.exists():  # from a creation that was interrupted
            shutil.rmtree(place)
        say(f"creating the conda environment {place}; this takes minutes")
        variables = {**os.environ, "CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true"}
        made = subprocess.run(
            environment.create,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode or not is_environment(place):
            shutil.rmtree(place, ignore_errors=True)
            lines = [line.strip() for line in made.stdout.splitlines() if line.strip()]
            why = " / ".join(lines[-3:]) or f"it ended with status {made.returncode}"
            raise UserError(f"environment.conda: {Path(environment.create[0]).name} could not create it: {why}")
        write_text(done, " ".join(environment.create) + "\n")


@dataclass(frozen=True)
class _Found:
    program: Path | None = None
    interpreter: Path | None = None
    packages: Installed | None = None


def _look_up(place: Place | None, folder: Path, program: str, environ: Mapping[str, str], cache: Path | None) -> _Found:
    """Find a program, its interpreter and the packages of that; raises UserError."""
    path = os.pathsep.join([*([str(place.bin)] if place else []), environ["PATH"]])
    file = find_program(folder, program, path)
    if file is None:
        raise UserError(_not_found(folder, program, path, place))
    own = place.bin / "python" if place and (place.bin / "python").exists() else None
    interpreter = None if Path(program).name in _CHOOSERS else interpreter_of(file, folder, path)
    if interpreter is not None and not interpreter.exists():
        raise UserError(
            f"command.run: {file} is started by {interpreter}, which is not there; install {quote(program)} again"
        )
    if place and interpreter and not _is_below(interpreter, place.root):
        raise UserError(
            f"environment.{place.key}: {program} is not installed in {place.root}: {file} would run with the packages "
            f"of {interpreter}; install it there"
        )
    asked = own or interpreter
    if asked is None:
        return _Found(file)
    changed = Environment(place.variables, place.removed) if place else Environment()
    return _Found(file, interpreter, installed(asked, changed.applied(environ), cache))


def _is_below(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, by its path or by where links lead its folder."""
    return file.is_relative_to(folder) or file.parent.resolve().is_relative_to(folder.resolve())


def _not_found(folder: Path, program: str, path: str, place: Place | None) -> str:
    remedy = (
        "name the environment that has it: environment: {venv: …}" if place is None else f"install it in {place.root}"
    )
    if os.sep in program:
        file = folder / program
        if file.is_file():
            return f"command.run: {program} cannot be executed; run chmod +x {file}, or put its interpreter before it"
        return f"command.run: found {quote(program)}, which is not in {folder}{nearby(folder, program)}"
    if (folder / program).is_file():
        return f"command.run: {program} is not on PATH; for the file in {folder} write ./{program}"
    if re.fullmatch(r"python[\d.]*", program) and find_program(folder, "python3", path):
        return f"command.run: {program} is not on PATH; write python3, or {remedy}"
    # Among the thousands of names on a PATH one is always a little alike.
    guesses = difflib.get_close_matches(program, _programs(path), n=1, cutoff=0.8)
    hint = f"; did you mean {quote(guesses[0])}? Otherwise " if guesses else "; "
    return f"command.run: {program} is not on PATH{hint}{remedy}"


def _programs(path: str) -> list[str]:
    return [name for part in path.split(os.pathsep) if Path(part).is_dir() for name in os.listdir(part)]  # noqa: PTH208


def _content(base: Path, lock: str) -> str:
    file = base / Path(lock).expanduser()
    if not file.is_file():
        raise UserError(
            f"environment.lock: found {quote(lock)}, which is not there{nearby(base, lock) or f' ({file})'}"
        )
    return sha256(file)[:DIGITS]


def _lock_above(folder: Path, program: str) -> str:
    """Digest the lock file of the project around `folder` if the program is one that obeys it."""
    name = _LOCKS.get(Path(program).name)
    above = [folder.absolute(), *folder.absolute().parents]
    file = next((place / name for place in above if (place / name).is_file()), None) if name else None
    return sha256(file)[:DIGITS] if file else ""
