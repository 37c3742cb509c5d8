"""What the runs of a user's program depend on, and where they take place, worked out when a workflow starts."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.code_digest import combine
from seedwise.basics.errors import UserError
from seedwise.basics.file_digests import FILES_CACHE
from seedwise.basics.names import not_known
from seedwise.basics.secrets import hold
from seedwise.basics.words import shortened
from seedwise.config.study import DRAFT_METRIC, Study, Variant
from seedwise.trainers.command.data import data_digests, located
from seedwise.trainers.command.environments import Environment as Found
from seedwise.trainers.command.environments import EnvironmentSettings, prepare, program_of, resolve
from seedwise.trainers.command.interpreters import CACHE as ENVIRONMENTS
from seedwise.trainers.command.interpreters import LEFT_OUT
from seedwise.trainers.command.outputs.settings import paths
from seedwise.trainers.command.place import Environment, ProgramPlace, VariantPlace
from seedwise.trainers.command.revisions import lacking, resolve_revision, uncommitted, worktree
from seedwise.trainers.command.settings import Command, Function, plain
from seedwise.trainers.command.sources import CACHE, code_digests, listed_files, program_files
from seedwise.trainers.command.user_environment import user_environment
from seedwise.workflow.environment import folder_of_python

READERS = ("tensorboard", "mlflow")
"""Packages without which their files cannot be read."""


class Data(NamedTuple):
    """The data of a program."""

    digest: str
    parts: Mapping[str, str]


class ProgramCode:
    """The code, data and environments of a study's program.

    Args:
        study: the study.
        base: folder of its file, from which the program's folder is relative.
        results: folder of the study's results.

    Attributes:
        code: digest of each source file, by variant.
        why_all: why all Python files of the project count; empty if only those do that the command reaches.
        data: that the runs read.
        environments: digest of the environment, by variant.
        packages: version of each package, by the digest of the environment.

    Raises:
        UserError: the program, its code, its data or its environment cannot be found.
    """

    def __init__(self, study: Study, base: Path, results: Path) -> None:
        assert study.program
        self._study, self._program = study, study.program
        hold(study.program.env)  # from here on, our messages do not show them, and the jobs inherit them
        section = _section(self._program)
        self.folder = (base / Path(self._program.folder).expanduser()).resolve()
        if not self.folder.is_dir():
            raise UserError(f"{section}.folder: {self.folder} is not a folder; it is relative to {base}")
        _require_readers(self._program)
        self._without = tuple(_inside(self.folder, results.resolve().parent)) + self._program.data
        parts = data_digests(self.folder, self._program.data, FILES_CACHE, f"{section}.data")
        for entry in self._program.link:
            located(self.folder, entry, f"{section}.link")
        self.data = Data(combine(parts), parts)
        self._base = base
        self._found: dict[EnvironmentSettings | None, Found] = {}
        self._places = {variant.name: self._place(variant, results) for variant in study.variants}
        self.why_all = ""
        folders = {place.folder for place in self._places.values()}
        listed = {folder: listed_files(Path(folder), self._program.code, self._without, section) for folder in folders}
        self._digested: dict[tuple[str, ...], Mapping[str, str]] = {}
        self.code = {name: self._code(name, listed[place.folder]) for name, place in self._places.items()}
        self.packages = {found.digest: _parts(found) for found in self._found.values() if found.digest}
        self.environments = {name: place.environment.digest for name, place in self._places.items()}

    def _code(self, name: str, listed: Sequence[str]) -> Mapping[str, str]:
        """Digest the code of a variant; settings can name files, such as a configuration file."""
        there, words = Path(self._places[name].folder), self._study.program_settings(name).named()
        same = (str(there), *words)
        if same not in self._digested:
            code = program_files(there, self._program.code, words, self._without, listed, cached=True)
            self.why_all = self.why_all or code.why_all
            self._digested[same] = code_digests(there, code.files, CACHE, FILES_CACHE)
        return self._digested[same]

    def _place(self, variant: Variant, results: Path) -> VariantPlace:
        folder, commit = self.folder, None
        if variant.revision:
            commit = resolve_revision(self.folder, variant.revision)
            link = (*self._program.data, *self._program.link)
            folder = worktree(self.folder, commit, results.resolve() / ".revisions", link)
        return VariantPlace(
            folder=str(folder), original=str(self.folder), environment=self._environment(variant), commit=commit
        )

    def _environment(self, variant: Variant) -> Environment:
        chosen = variant.environment or self._program.environment
        if chosen not in self._found:
            self._found[chosen] = self._find(chosen)
        found = self._found[chosen]
        words = ", ".join(
            f"{'Python' if name == 'python' else name} {version}" for name, version in found.versions.items()
        )
        return Environment(
            variables={**found.variables, **dict.fromkeys(found.removed)},
            prefix=found.prefix,
            digest=found.digest or "none",
            words=words or None,
            versions=found.versions,
            editable=tuple(map(str, found.editable)),
        )

    def _find(self, chosen: EnvironmentSettings | None) -> Found:
        environ = user_environment()
        path = environ.get("PATH", os.defpath)
        if isinstance(self._program, Function) and not (chosen and chosen.elsewhere):
            # It runs where the study runs, whatever `python` is on the user's PATH.
            path = os.pathsep.join([str(folder_of_python()), path])
            found = resolve(
                chosen, self.folder, sys.executable, path, base=self._base, environ=environ, cache=ENVIRONMENTS
            )
            return replace(found, variables={**found.variables, "PATH": path})
        program = program_of(self._program.words)
        return resolve(chosen, self.folder, program, path, base=self._base, environ=environ, cache=ENVIRONMENTS)

    def notes(self) -> list[str]:
        """Return what users of revisions may not expect: changes that a revision is without, files of Git LFS."""
        found: list[str] = []
        revisions = {name: place for name, place in self._places.items() if place.commit}
        if not revisions:
            return found
        head, changed = resolve_revision(self.folder, "HEAD"), uncommitted(self.folder)
        for name, place in revisions.items():
            if changed and place.commit == head:
                found.append(f"variant {name} is without changes that are not committed: {shortened(changed)}")
            if pointers := lacking(Path(place.folder)):
                found.append(
                    f"variant {name} has Git LFS pointers instead of files; run git lfs pull: {shortened(pointers)}"
                )
        return found

    def is_prepared(self, variant: Variant) -> bool:
        """Whether the environment of a variant is there; `prepare` creates one that is not."""
        return self._found[variant.environment or self._program.environment].program is not None

    def prepare(self, say: Callable[[str], None]) -> None:
        """Create the environments that are not there; raises UserError if one cannot be created."""
        for chosen, found in self._found.items():
            prepare(found, say)
            if found.create:  # now its packages are known
                self._found[chosen] = self._find(chosen)
        for variant in self._study.variants:
            place = self._places[variant.name]
            self._places[variant.name] = replace(place, environment=self._environment(variant))

    def place(self, retries: int = 0) -> ProgramPlace:
        """Return what the jobs need to know; `retries` is how often Snakemake repeats a failed run."""
        study, program = self._study, self._program
        common = self._places[study.analysis.baseline]
        read = paths(program.results, program.history, program.scores)
        resume = program.resume
        return ProgramPlace(
            metric=study.analysis.metric,
            higher_is_better=study.analysis.higher_is_better,
            common=common,
            of_variant={name: place for name, place in self._places.items() if place != common},
            history=plain(program.history),
            reads=[path for path in read if "{out}" not in path],
            link=(*program.data, *program.link),
            code=program.code,
            data=program.data,
            without=self._without,
            time_limit=program.time_limit,
            failures=program.failures,
            checkpoint=resume.checkpoint if resume else None,
            checkpoint_args=resume.args if resume else "",
            wandb_mode=None if study.tracking.wandb.mode in ("online", "auto") else "offline",
            retries=retries,
            first_seed=study.seeds[0] if program.canary else None,
            started=time.time(),
            mirrored=study.tracking.mirrors,
        )


def metric_problems(study: Study) -> Iterator[str]:
    """Yield a problem if the metric that decides is the draft's, or if no source of results names it."""
    metric, program = study.analysis.metric, study.program
    sources = program.results if program else None
    names = [None if isinstance(source, str) else source.names for source in sources or ()]
    known = [name for given in names for name in given or ()]
    if program and metric == DRAFT_METRIC and metric not in known:
        yield f"analysis.metric: {metric} is only what the draft says; `seedwise try` lists the numbers that it finds"
    elif sources and all(given is not None for given in names) and metric not in known:
        yield f"analysis.metric: {not_known(metric, known, 'Metrics under results')}"


def require_metric(study: Study, config: str) -> None:
    """Fail before the first run if no run can have the metric that decides.

    Raises:
        UserError: it names the config.
    """
    if problems := [f"{config}: {problem}" for problem in metric_problems(study)]:
        raise UserError("\n".join(problems))


def _require_readers(program: Command | Function) -> None:
    """Fail before the first run if a package that reads the results is missing; raises UserError."""
    for key in ("results", "history"):
        value = getattr(program, key)
        for source in value if isinstance(value, tuple) else [value]:
            kind = getattr(source, "kind", None)
            if kind in READERS and importlib.util.find_spec(kind) is None:
                raise UserError(
                    f"{_section(program)}.{key}: reading what {kind} has stored needs the package {kind}, beside "
                    f"Seedwise: pip install {kind}"
                )


def _parts(environment: Found) -> dict[str, str]:
    """Return the version of Python and of each package, so that a status can name what has changed."""
    python = environment.versions.get("python")
    packages = {name: version for name, version in environment.packages.items() if name not in LEFT_OUT}
    return {**({"Python": python} if python else {}), **packages}


def _section(program: Command | Function) -> str:
    return "command" if isinstance(program, Command) else "function"


def _inside(folder: Path, results: Path) -> list[str]:
    return [results.relative_to(folder).as_posix()] if results.is_relative_to(folder) else []
