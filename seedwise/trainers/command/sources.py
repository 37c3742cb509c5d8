"""Which files are the code of a user's program, and their digests.

Without `code:` in the study, these are the sources among the files that git tracks or does not ignore; without git,
those in the folder. Of Python files only those count that the command reaches, as far as that can be told (see
`following.py`). Sources are files in a programming language, and the configuration files that git tracks: an untracked
JSON or YAML file is as likely written by a run as read by one, and a run must not outdate itself. (Without git, all but
JSON count.) Configuration of tools, such as pyproject.toml, hidden files, profiles of Snakemake, and the files of
studies do not count.
Whatever the command itself names does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.code_digest import DIGITS, VERSION, is_within, syntax_digest
from seedwise.basics.errors import UserError
from seedwise.basics.file_digests import FILES_CACHE, FileDigests
from seedwise.basics.files import write_text
from seedwise.basics.names import quote
from seedwise.trainers.command.following import CACHE as OUTLINES
from seedwise.trainers.command.following import CONFIGURATION, reach
from seedwise.trainers.command.listing import is_pattern, matches, nearby, project_files

_LANGUAGES = """
.py .pyx .pxd .pyw .r .jl .sh .bash .zsh .fish .ps1 .c .cc .cpp .cxx .h .hh .hpp .hxx .inl .cu .cuh .cl .metal .rs .go
.java .kt .scala .clj .js .mjs .cjs .ts .lua .m .mm .pl .pm .rb .php .f .f90 .f95 .f03 .f08 .for .hs .ml .ex .exs .erl
.swift .zig .nim .d .cs .fs .vb .stan .bugs .jags .do .ado .sas .sps .sql .proto .awk .tcl .cmake .smk .gin .jsonnet
.libsonnet
"""
LANGUAGES = frozenset(_LANGUAGES.split())
"""Suffixes of programs, in lower case. Notebooks are not among them: opening one changes it."""

MAKERS = frozenset({"Makefile", "makefile", "GNUmakefile", "Dockerfile", "CMakeLists.txt", "justfile", "Snakefile"})

_OF_TOOLS = """
pyproject.toml setup.cfg tox.ini pytest.ini mypy.ini ruff.toml codecov.yml mkdocs.yml docker-compose.yml compose.yml
package.json package-lock.json tsconfig.json renovate.json _config.yml environment.yml environment.yaml pixi.toml
"""
OF_TOOLS = frozenset(_OF_TOOLS.split())
"""Configuration of tools and packages. What is installed has a digest of its own."""

MOST = 20_000
CACHE = Path(".snakemake/seedwise/program.json")
"""Where digests of syntax trees are kept; those of contents are in the same file as those of data."""

_REMEDY = 'name the files of the program with code: ["*.py", "src/**/*.py"]'
_IN_BRACES = re.compile(rb"(?:\s|#[^\n]*\n|---)*\{")
"""How YAML begins that is written as JSON is, with braces."""

_PROFILE = re.compile(r"(?:.*/)?profiles/[^/]+/(?:config|profile)(?:\.v\d+\+)?\.ya?ml")
_SETTINGS_OF_SNAKEMAKE = re.compile(
    rb"^(?:default-resources|set-resources|set-threads|rerun-incomplete|latency-wait|restart-times|use-conda"
    rb"|software-deployment-method|cluster-generic-[a-z-]+|slurm-[a-z-]+)\s*:",
    re.MULTILINE,
)
"""What only a profile has: a program may have a `scheduler` or `jobs`, too."""


class Code(NamedTuple):
    """The files that are a program's code.

    Attributes:
        files: in the order of their names.
        why_all: why all Python files of the project count; empty if only those count that the command reaches, or those
            that the study names.
    """

    files: list[Path]
    why_all: str = ""


def listed_files(
    folder: Path, patterns: Sequence[str] | None, without: Collection[str] = (), section: str = "command"
) -> list[str]:
    """Return the names of the files that can be a program's code, relative to its folder.

    Args:
        folder: where the program runs.
        patterns: globs relative to `folder`; None takes all sources of the project.
        without: files and folders, relative to `folder`, that are not code: data, and what the study itself writes.
        section: of the study, for messages: command or function.

    Raises:
        UserError: a pattern matches nothing, or there are too many files.
    """
    if not folder.is_dir():
        raise UserError(
            f"{section}.folder: found {quote(str(folder))}, which is no folder{nearby(folder.parent, folder.name)}"
        )
    names = (
        set(_default(folder, without))
        if patterns is None
        else set(_named(folder, patterns, without, f"{section}.code"))
    )
    if len(names) > MOST:
        raise UserError(f"{folder}: {len(names)} files count as code, more than {MOST}; {_REMEDY}")
    return sorted(names)


def program_files(
    folder: Path,
    patterns: Sequence[str] | None,
    words: Sequence[str] = (),
    without: Collection[str] = (),
    listed: Sequence[str] | None = None,
    cached: bool = False,
) -> Code:
    """Return the files that are the program's code.

    Args:
        folder: where the program runs.
        patterns: globs relative to `folder`; None takes the sources of the project that the command reaches.
        words: the words of the command and the texts of its settings; one that names a file below `folder` makes it
            code, whatever it is.
        without: files and folders, relative to `folder`, that are not code.
        listed: what `listed_files` returned; None calls it.
        cached: whether what is found in files is kept in the working folder.

    Raises:
        UserError: see `listed_files`.
    """
    names = set(listed_files(folder, patterns, without) if listed is None else listed)
    names.update(name for name in named_by(folder, words) if not is_within(name, without))
    why_all = ""
    if patterns is None:
        caches = (OUTLINES, FILES_CACHE) if cached else (None, None)
        reached, why_all = reach(folder, sorted(names), words, *caches)
        if reached is not None:
            names = {name for name in names if name in reached or not name.endswith(".py")}
    return Code([folder / name for name in sorted(names)], why_all)


def named_by(folder: Path, words: Iterable[str]) -> list[str]:
    """Return the files below `folder` that words of a command name, also as the value in `--option=value`."""
    found: dict[str, None] = {}
    for word in words:
        for text in (word, word.partition("=")[2]):
            name = os.path.normpath(os.path.relpath(text, folder) if text.startswith("/") else text) if text else ".."
            # A NUL, or a text that is longer than a name can be, is no file either.
            with suppress(OSError, ValueError):
                if not name.startswith("..") and (folder / name).is_file() and not _is_installed(folder, name):
                    found[name] = None
    return list(found)


def _is_installed(folder: Path, name: str) -> bool:
    """Whether a file lies in an environment, as `.venv/bin/python` does: its packages have a digest of their own."""
    return any((folder / place / "pyvenv.cfg").exists() for place in Path(name).parents)


def code_digests(folder: Path, files: Iterable[Path], cache: Path | None, stats: Path | None) -> dict[str, str]:
    """Return the digest of each file of a program by its name relative to `folder`.

    Python is digested by its syntax tree, a notebook by its cells of code, anything else by its content.

    Args:
        folder: where the program runs.
        files: what `program_files` returns.
        cache: a JSON file of what parsing gave, keyed by content; None keeps nothing.
        stats: the JSON file of `seedwise.basics.file_digests`; None reads every file.
    """
    contents = FileDigests(stats)
    known: dict[str, str] = {}
    if cache is not None:
        with suppress(OSError, ValueError, TypeError):
            known = dict(json.loads(cache.read_bytes()))
    used: dict[str, str] = {}
    found = {}
    start = f"{folder}{os.sep}"
    for file in files:
        inside = str(file).startswith(start) and ".." not in file.parts
        name = str(file)[len(start) :] if inside else os.path.relpath(file, folder)
        content = contents.sha256(file)
        found[name] = content[:DIGITS]
        if file.suffix in (".py", ".ipynb"):
            key = f"{VERSION}{file.suffix}:{content}"
            used[key] = known.get(key) or _meaning(file)
            found[name] = used[key]
    contents.save()
    if cache is not None and not used.keys() <= known.keys():
        # What other studies in this folder use stays, up to a size at which reading it would cost more than it saves.
        kept = known if len(known) + len(used) <= MOST else {}
        with suppress(OSError):
            write_text(cache, json.dumps(kept | used))
    return found


def _meaning(file: Path) -> str:
    content = file.read_bytes()
    if file.suffix == ".ipynb":
        with suppress(ValueError, KeyError, TypeError):
            cells = [cell["source"] for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
            sources = [cell if isinstance(cell, str) else "".join(cell) for cell in cells]
            return syntax_digest(json.dumps(sources).encode(), ".json")
    return syntax_digest(content, file.suffix)


def _default(folder: Path, without: Collection[str]) -> list[str]:
    tracked, others = project_files(folder, without, _REMEDY)
    in_git = bool(tracked)
    sources = [name for name in tracked if _is_source(name, configuration=True)]
    sources += [name for name in others if _is_source(name, configuration=not in_git and not name.endswith(".json"))]
    profiles = {name.rpartition("/")[0] for name in (*tracked, *others) if _is_profile(folder, name)}
    return [name for name in sources if name.rpartition("/")[0] not in profiles and not _is_study(folder / name)]


def _is_source(name: str, configuration: bool) -> bool:
    parts = name.split("/")
    if any(part.startswith(".") for part in parts) or parts[-1] in OF_TOOLS:
        return False
    suffix = os.path.splitext(parts[-1])[1].lower()  # noqa: PTH122 -- a tenth of the time of Path
    return suffix in LANGUAGES or parts[-1] in MAKERS or (configuration and suffix in CONFIGURATION)


def _is_profile(folder: Path, name: str) -> bool:
    """Whether a file is the config of a Snakemake profile, which says where runs are done."""
    if _PROFILE.fullmatch(name) is None:
        return False
    return _SETTINGS_OF_SNAKEMAKE.search((folder / name).read_bytes()[:65_536]) is not None


def _is_study(file: Path) -> bool:
    """Whether a file is the YAML file of a study: another study beside this one is not this one's code."""
    if file.suffix not in (".yaml", ".yml"):
        return False
    with file.open("rb") as stream:
        text = stream.read(65_536)
    before = rb"[{,]\s*" if _IN_BRACES.match(text) else rb"^"
    keys = (before + rb"[\"']?" + key + rb"[\"']?\s*:" for key in (b"study", b"variants"))
    return all(re.search(key, text, re.MULTILINE) for key in keys)


def _named(folder: Path, patterns: Sequence[str], without: Collection[str], key: str) -> list[str]:
    found = []
    for pattern in patterns:
        files = matches(folder, pattern)
        if not files and (folder / pattern).is_dir():
            inside = quote(f"{pattern.rstrip('/')}/**/*.py")
            raise UserError(f"{key}: found {quote(pattern)}, which is a folder; write {inside}")
        if not files:
            guess = nearby(folder, pattern)
            shown = guess or f'; in {folder} need a file, or a pattern such as "*.py" or "src/**/*.py"'
            what = "matches no file" if is_pattern(pattern) else "is no file"
            raise UserError(f"{key}: found {quote(pattern)}, which {what}{shown}")
        found += [name for name in files if not is_within(name, without)]
    return found
