"""Digests of source code that change when the code's meaning can have changed, and only then.

Python is digested by its syntax tree, so that comments, docstrings and formatting do not count; any other file by its
content. What a program is made of is found by following its imports, also those inside functions, through the folders
that are given as roots: installed packages are not followed.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import itertools
import json
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.files import write_text

DIGITS = 12
CACHE = Path(".snakemake/seedwise/sources.json")
_NOT_MEANT = {"type_comment", "kind"}
_TEMPLATES = {".j2", ".css", ".js"}
VERSION = 2  # of how files are digested; part of the key of what is cached


class Source(NamedTuple):
    """What is known of one source file: its digest, and the modules that it imports as (level, name)."""

    digest: str
    imports: tuple[tuple[int, str], ...]


class CodeFiles:
    """Source files below some folders: what each imports, and digests of them.

    Args:
        roots: folders in which a module is looked for, as on `sys.path`, each with the one package that is followed
            there; None follows all.
        cache: a JSON file that keeps what was worked out, because parsing takes long; None keeps nothing. It is keyed
            by content, so that it may be deleted but cannot be wrong.
        packages: folders in which templates belong to the modules beside them; elsewhere anything may lie there.
    """

    def __init__(
        self, roots: Mapping[Path, str | None], cache: Path | None = None, packages: Sequence[Path] = ()
    ) -> None:
        self._roots = dict(roots)
        self._cache = cache
        self._packages = tuple(packages)
        self._known: dict[str, Source] = {}
        self._used: set[str] = set()
        self._new = False
        self._read = functools.cache(self._read_file)
        self._imported = functools.cache(self._imported_by)
        self._templates = functools.cache(_templates_in)
        self.name = functools.cache(self._name)
        if cache is not None:
            with suppress(OSError, ValueError, TypeError, AttributeError):
                for key, (digest, imports) in json.loads(cache.read_bytes()).items():
                    self._known[key] = Source(digest, tuple((int(level), str(name)) for level, name in imports))

    def imported(self, entries: Iterable[Path], without: Collection[str] = ()) -> list[Path]:
        """Return the entries and every file that they import, directly or not, in the order of their names.

        Templates beside a module of `packages` belong to it.

        Args:
            entries: Python files.
            without: files or folders, relative to their root, that are neither counted nor followed.
        """
        found: set[Path] = set()
        waiting = list(entries)
        while waiting:
            file = waiting.pop()
            if file not in found and not is_within(self.name(file), without):
                found.add(file)
                waiting += self._imported(file)
        return sorted(found, key=self.name)

    def digests(self, files: Iterable[Path]) -> dict[str, str]:
        """Return the digest of each file by its name relative to its root."""
        return {self.name(file): self._read(file).digest for file in files}

    def save(self) -> None:
        """Save the cache; a failure to write it is harmless."""
        if self._cache is not None and self._new:
            known = {key: self._known[key] for key in sorted(self._used)}
            with suppress(OSError):
                write_text(self._cache, json.dumps(known))
                self._new = False

    def _read_file(self, file: Path) -> Source:
        content = file.read_bytes()
        key = f"{VERSION}{file.suffix}:{hashlib.sha256(content).hexdigest()}"
        if key not in self._known:
            self._known[key], self._new = _examine(content, file.suffix), True
        self._used.add(key)
        return self._known[key]

    def _imported_by(self, file: Path) -> list[Path]:
        found = [
            module
            for level, name in self._read(file).imports
            for module in self._files_of(tuple(part for part in name.split(".") if part), level, file)
        ]
        return [*dict.fromkeys(found), *self._beside(file)]

    def _files_of(self, parts: tuple[str, ...], level: int, importer: Path) -> list[Path]:
        """Files that importing a module runs: its own and the `__init__` of each package above it."""
        if level:
            above = importer.parents[level - 1 : level]  # empty if there are more dots than folders
            return [
                file for place in above for file in (place / "__init__.py", *_along(place, parts)) if file.is_file()
            ]
        places = [root for root, package in self._roots.items() if package in (None, *parts[:1])]
        return next((files for place in places if (files := _along(place, parts))), [])

    def _beside(self, file: Path) -> list[Path]:
        """The templates in a module's folder, if they are known to be its own."""
        if file.suffix != ".py" or not any(file.is_relative_to(package) for package in self._packages):
            return []
        return self._templates(file.parent)

    def _name(self, file: Path) -> str:
        """Name a file relative to the first root that holds it, else by its folder's name and its own."""
        root = next((root for root in self._roots if file.is_relative_to(root)), None)
        return f"{file.parent.name}/{file.name}" if root is None else file.relative_to(root).as_posix()


def own_code(home: Path, folder: Path) -> CodeFiles:
    """Return the sources of the package and of the user's own functions.

    Args:
        home: folder that contains the package; nothing else in it is followed.
        folder: folder of the user's own functions, which may also be on PYTHONPATH.
    """
    on_path = (Path(part).resolve() for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)
    roots: dict[Path, str | None] = {home.resolve(): "seedwise"}
    roots |= {
        part: None for part in (folder.resolve(), *on_path) if part == folder.resolve() or not _is_installed(part)
    }
    return CodeFiles(roots, folder / CACHE, packages=[home.resolve() / "seedwise"])


def _is_installed(folder: Path) -> bool:
    """Whether a folder holds installed packages, as some machines' PYTHONPATH does."""
    return folder.name in ("site-packages", "dist-packages") or folder.is_relative_to(
        Path(sys.prefix).resolve() / "lib"
    )


def combine(digests: Mapping[str, str]) -> str:
    """Return one digest, 12 hex digits, of many by name."""
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:DIGITS]


def is_within(name: str, places: Collection[str]) -> bool:
    """Whether a file, named relative to its root, is one of `places` or lies in one of these folders."""
    return any(name == place or name.startswith(f"{place.rstrip('/')}/") for place in places)


def syntax_digest(content: bytes, suffix: str = ".py") -> str:
    """Digest a source, 12 hex digits: Python by its syntax tree, anything else by its content."""
    return _examine(content, suffix).digest


def parse(content: bytes) -> ast.Module | None:
    """Parse Python; None if that is not possible, as with Python 2."""
    # The warnings are of the user's code, whose own runs show them.
    with suppress(SyntaxError, ValueError, RecursionError), warnings.catch_warnings(action="ignore"):
        return ast.parse(content)
    return None


def _examine(content: bytes, suffix: str) -> Source:
    if suffix == ".py" and (tree := parse(content)) is not None:
        with suppress(RecursionError):
            meaning = hashlib.sha256("".join(_meaning(tree)).encode()).hexdigest()[:DIGITS]
            return Source(meaning, tuple(dict.fromkeys(imports_of(tree))))
    return Source(hashlib.sha256(content).hexdigest()[:DIGITS], ())


def _meaning(node: object) -> list[str]:
    """Write a syntax tree as text that is the same in every version of Python: empty fields are left out."""
    parts: list[str] = []
    _write(node, parts.append)
    return parts


def _write(node: object, write: Callable[[str], None]) -> None:
    if isinstance(node, ast.AST):
        write(f"({type(node).__name__}")
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or value == [] or name in _NOT_MEANT:
                continue
            write(f" {name}=")
            _write(value, write)
        write(")")
    elif isinstance(node, list):
        write("[")
        for item in node:
            if not _is_bare_text(item):  # a docstring, of whatever it documents
                _write(item, write)
                write(",")
        write("]")
    else:
        write(f"{type(node).__name__}:{node!r}")


def _is_bare_text(statement: object) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Go through the imports of a tree as (level, name); those for type checkers only are passed over."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            yield from imports_of(ast.Module(node.orelse, []))
            continue
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.level, module
            yield from ((node.level, f"{module}.{alias.name}".strip(".")) for alias in node.names)
        elif not isinstance(node, ast.expr):  # no expression holds a statement, and most of a tree is expressions
            yield from imports_of(node)


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def _templates_in(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.suffix in _TEMPLATES]


@functools.cache
def _along(root: Path, parts: tuple[str, ...]) -> list[Path]:
    """Return the files that importing a module runs, from the outermost package to the module itself."""
    if not parts:
        return []
    # Of the thousand names that a start asks for, most are no modules: text is faster to make than paths.
    place = os.path.join(root, *parts)  # noqa: PTH118
    candidates = (os.path.join(place, "__init__.py"), f"{place}.py")  # noqa: PTH118
    found = (file for file in candidates if os.path.isfile(file))  # noqa: PTH113
    return [*_along(root, parts[:-1]), *map(Path, itertools.islice(found, 1))]
