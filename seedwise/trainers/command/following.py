"""Which Python files a command reaches: those that it names, and what these import or name, directly or not.

Following errs on the side of more files. A module is looked for in every folder of the project, because PYTHONPATH,
`sys.path` and editable installs decide at run time which one is taken. A file or module that is only named, in a text
of the code, in a configuration file or in a setting, counts as imported. Where code can reach files in ways that cannot
be seen, such as importlib or subprocess, all files count.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from seedwise.basics.code_digest import imports_of, parse
from seedwise.basics.file_digests import FileDigests
from seedwise.basics.files import write_text

CACHE = Path(".snakemake/seedwise/outlines.json")
"""Where outlines of files are kept."""
CONFIGURATION = frozenset({".yaml", ".yml", ".toml", ".json", ".json5", ".cfg", ".ini", ".conf", ".xml", ".properties"})
"""Suffixes of files that can decide what a program does, or can be what it left: they count if git tracks them."""
_VERSION = 1
_LARGEST = 1_000_000  # bytes of a configuration file that is searched for names
_MOST = 20_000
_BY_ITSELF = ("sitecustomize.py", "usercustomize.py")

_PYTHON = re.compile(r"(python|pypy)[\d.]*w?")
# Programs that start the Python, or the Python file, that follows them and their options.
_LAUNCHERS = frozenset(
    {"env", "nice", "ionice", "nohup", "time", "timeout", "stdbuf", "taskset", "numactl", "chrt", "setsid", "xvfb-run"}
    | {"srun", "mpirun", "mpiexec", "uv", "poetry", "pdm", "pixi", "pipenv", "hatch", "conda", "mamba", "micromamba"}
    | {"torchrun", "accelerate", "deepspeed", "coverage", "kernprof", "horovodrun"}
)
_SUBCOMMANDS = frozenset({"run", "launch", "exec"})
# Modules after `python -m` that start the Python file, or the function, that follows.
_STARTERS = frozenset(
    {"torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch", "coverage", "cProfile", "trace"}
    | {"seedwise.call"}
)
# They import modules or start programs whose names they get at run time, also from configuration files.
_LOADERS = frozenset(
    {"importlib", "imp", "runpy", "pkgutil", "zipimport", "builtins", "subprocess", "pydoc", "pty", "pexpect", "sh"}
    | {"hydra", "gin", "jsonargparse", "pytorch_lightning.cli", "lightning.pytorch.cli", "stevedore", "pluggy"}
    | {"mmengine", "mmcv", "fairseq", "allennlp", "detectron2", "asyncio.subprocess", "lazy_loader", "pytest"}
)
_HARMLESS = ("importlib.metadata", "importlib.resources")
_OF_OS = re.compile(r"(exec|spawn|posix_spawn)\w*|system|popen|startfile")
_CALLED = frozenset({"__import__", "exec", "eval", "execfile"})
_ATTRIBUTES = frozenset(
    {"meta_path", "path_hooks", "import_module", "spec_from_file_location", "load_source", "LightningCLI"}
    | {"create_subprocess_exec", "create_subprocess_shell"}
)
_MADE_UP = re.compile(r"(^|[^\w./-])/?\.py\b|[%*?}\]][\w./-]*\.py\b")
_FILE = re.compile(r"[\w./-]*\w\.py\b")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+")


class Reached(NamedTuple):
    """The Python files that a command reaches.

    Attributes:
        names: relative to the folder; None if that cannot be told.
        why: why it cannot be told.
    """

    names: frozenset[str] | None
    why: str = ""


class Outline(NamedTuple):
    """What a file says about others.

    Attributes:
        imports: the modules that it imports as (level, name).
        named: files and dotted names in its texts.
        opaque: what in it can reach files that nothing names; empty if there is nothing.
    """

    imports: tuple[tuple[int, str], ...] = ()
    named: tuple[str, ...] = ()
    opaque: str = ""


def reach(
    folder: Path, sources: Collection[str], words: Sequence[str], cache: Path | None = None, stats: Path | None = None
) -> Reached:
    """Follow the imports of the Python files that a command starts.

    Args:
        folder: where the program runs.
        sources: the files of the project that can be code, relative to `folder`.
        words: of the command, and the texts of its settings.
        cache: a JSON file of outlines, keyed by content; None keeps nothing.
        stats: the JSON file of `seedwise.basics.file_digests`; None reads every file.
    """
    modules = _Modules(name for name in sources if name.endswith(".py"))
    entries, why = _entries(folder, set(sources), modules, words)
    if why:
        return Reached(None, why)
    outlines = _Outlines(folder, cache, stats)
    for name in sources:
        if _is_configuration(name):
            entries.update(modules.named(outlines.of(name).named))
    found: set[str] = set()
    waiting = [*sorted(entries), *(name for name in modules.files if PurePosixPath(name).name in _BY_ITSELF)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        outline = outlines.of(name)
        if outline.opaque:
            why = f"{name} {outline.opaque}"
            break
        waiting += modules.imported(name, outline.imports)
        waiting += modules.named(outline.named)
        waiting += modules.packages_above(name)
    outlines.save()
    return Reached(None, why) if why else Reached(frozenset(found))


def _entries(folder: Path, sources: Collection[str], modules: _Modules, words: Sequence[str]) -> tuple[set[str], str]:
    """Return the Python files that a command starts or names; or say why that cannot be told."""
    unknown = "the command starts no Python file that can be followed"
    start = _start(words)
    if start is None:
        return set(), unknown
    options = words[start + 1 :] if _PYTHON.fullmatch(_base(words[start])) else ()
    module = _module(options)
    if module is None:
        return set(), unknown
    entries: set[str] = set()
    for word in words:
        for text in (word, word.partition("=")[2]):
            name = os.path.normpath(os.path.relpath(text, folder) if text.startswith("/") else text) if text else ".."
            if name in modules.files:
                entries.add(name)
            elif name.endswith(".py"):  # elsewhere, or with a placeholder in its name
                return set(), f"the command names {text}, which is not in its folder"
            elif name in sources and not _is_configuration(name):
                return set(), f"the command names {name}"
            elif name == "." or any(file.startswith(f"{name}/") for file in modules.files):
                return set(), f"the command names the folder {name}"
    if module == "seedwise.call":
        entries.update(modules.named(_tokens(words[words.index(module) + 1])))
    elif module and not modules.module(module) and module not in _STARTERS:
        return set(), unknown  # it may import any module of the folder
    after = [word for option, word in pairwise(words) if option in ("-m", "--module")]  # torchrun has one as well
    entries.update(file for name in after for file in modules.module(name))
    if not entries:
        return set(), unknown
    return entries | set(modules.named(token for word in words for token in _tokens(word))), ""


def _is_configuration(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in CONFIGURATION


def _start(words: Sequence[str]) -> int | None:
    """Return the place of the Python, or of the Python file, that a command starts; None if that may be another."""
    before = ""
    for place, word in enumerate(words):
        if _PYTHON.fullmatch(_base(word)) or word.endswith(".py"):
            return place
        known = _base(word) in _LAUNCHERS or word in _SUBCOMMANDS or word.startswith("-") or "=" in word
        number = word.replace(".", "").rstrip("smhd").isdigit()
        if not (known or number or before.startswith("-")):
            return None
        before = word
    return None


def _base(word: str) -> str:
    return PurePosixPath(word).name


def _module(options: Sequence[str]) -> str | None:
    """Return the module that `python -m` runs, empty if it is a file; None if the program is the text after -c."""
    for place, word in enumerate(options):
        if word == "-m":
            return "".join(options[place + 1 : place + 2])
        if not word.startswith("-") and "".join(options[place - 1 : place]) not in ("-X", "-W"):
            return ""
        if not word.startswith("--") and word.endswith("c"):
            return None
    return ""


class _Modules:
    """The Python files of a project, by the names under which they can be imported from any of its folders."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = frozenset(files)
        self._by_name: dict[tuple[str, ...], list[str]] = {}
        for file in sorted(self.files):
            parts = PurePosixPath(file).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            for start in range(len(parts)):
                self._by_name.setdefault(parts[start:], []).append(file)

    def imported(self, importer: str, imports: Iterable[tuple[int, str]]) -> Iterator[str]:
        """Yield the files that imports can run."""
        above = PurePosixPath(importer).parents
        for level, name in imports:
            parts = tuple(part for part in name.split(".") if part)
            star = parts[-1:] == ("*",)
            parts = parts[:-1] if star else parts
            if level > len(above):
                continue
            if level:
                base = above[level - 1].parts
                found = [file for length in range(len(parts) + 1) for file in self._at((*base, *parts[:length]))]
            else:
                found = self._along(parts)
            yield from found
            if star:  # `__all__` of a package may name its modules
                packages = {PurePosixPath(file).parent for file in found if file.endswith("__init__.py")}
                yield from (file for file in self.files if PurePosixPath(file).parent in packages)

    def module(self, name: str) -> list[str]:
        """Return the files that `python -m name` runs."""
        parts = tuple(name.split("."))
        own = [*self._by_name.get(parts, []), *self._by_name.get((*parts, "__main__"), [])]
        return [*self._along(parts), *own] if own else []

    def named(self, tokens: Iterable[str]) -> Iterator[str]:
        """Yield the files that texts name: by their path, or as the module of a dotted name."""
        for token in tokens:
            if token.endswith(".py"):
                path = token.lstrip("./")
                yield from (file for file in self.files if file == path or file.endswith(f"/{path}"))
            else:
                yield from self._along(tuple(re.split("[.:]", token)))

    def packages_above(self, file: str) -> Iterator[str]:
        """Yield the `__init__` of each package that a file is in."""
        for place in PurePosixPath(file).parents:
            if (name := (place / "__init__.py").as_posix()) in self.files:
                yield name

    def _along(self, parts: tuple[str, ...]) -> list[str]:
        return [file for length in range(1, len(parts) + 1) for file in self._by_name.get(parts[:length], [])]

    def _at(self, parts: tuple[str, ...]) -> list[str]:
        place = PurePosixPath(*parts)
        names = [(place / "__init__.py").as_posix(), *([f"{place.as_posix()}.py"] if parts else [])]
        return [name for name in names if name in self.files]


class _Outlines:
    """Outlines of files, kept by their content."""

    def __init__(self, folder: Path, cache: Path | None, stats: Path | None) -> None:
        self._folder, self._cache = folder, cache
        self._contents = FileDigests(stats)
        self._known: dict[str, list[Any]] = {}
        self._used: dict[str, list[Any]] = {}
        if cache is not None:
            with suppress(OSError, ValueError, TypeError):
                self._known = dict(json.loads(cache.read_bytes()))

    def of(self, name: str) -> Outline:
        """Return the outline of a file."""
        file = self._folder / name
        key = f"{_VERSION}{file.suffix}:{self._contents.sha256(file)}"
        with suppress(KeyError, TypeError, ValueError):
            imports, named, opaque = self._known[key]
            outline = Outline(tuple((int(level), str(of)) for level, of in imports), tuple(named), str(opaque))
            self._used[key] = list(outline)
            return outline
        outline = _outline(file)
        self._used[key] = list(outline)
        return outline

    def save(self) -> None:
        """Save what is new; a failure to write it is harmless."""
        self._contents.save()
        if self._cache is not None and not self._used.keys() <= self._known.keys():
            kept = self._known if len(self._known) + len(self._used) <= _MOST else {}
            with suppress(OSError):
                write_text(self._cache, json.dumps(kept | self._used))


def _outline(file: Path) -> Outline:
    if file.suffix != ".py":
        if file.stat().st_size > _LARGEST:
            return Outline()
        return Outline(named=tuple(dict.fromkeys(_tokens(file.read_text(encoding="utf-8", errors="replace")))))
    tree = parse(file.read_bytes())
    if tree is None:
        return Outline(opaque="cannot be parsed")
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    pieces = {id(piece) for node in ast.walk(tree) for piece in _pieces(node)}
    named: dict[str, None] = {}
    opaque = ""
    for node in ast.walk(tree):
        opaque = opaque or _opaque(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            named.update(dict.fromkeys(_tokens(node.value)))
            if _MADE_UP.search(node.value) or (id(node) in pieces and ".py" in node.value):
                opaque = opaque or "makes up names of Python files"
    return Outline(tuple(dict.fromkeys(imports_of(tree))), tuple(named), opaque)


def _pieces(node: ast.AST) -> list[ast.expr]:
    """Return the parts of a text that is put together."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    return [node.left, node.right] if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else []


def _opaque(node: ast.AST) -> str:
    """Say what in a statement or expression can reach files that nothing names."""
    if isinstance(node, ast.Import):
        return next((f"imports {alias.name}" for alias in node.names if _loads(alias.name)), "")
    if isinstance(node, ast.ImportFrom) and not node.level:
        loads = any(_loads(f"{node.module}.{alias.name}") for alias in node.names)
        return f"imports {node.module}" if loads else ""
    if isinstance(node, ast.Name):
        return f"calls {node.id}" if node.id in _CALLED else ""
    if isinstance(node, ast.Attribute):
        of_os = isinstance(node.value, ast.Name) and node.value.id == "os" and _OF_OS.fullmatch(node.attr)
        return f"uses {node.attr}" if of_os or node.attr in _ATTRIBUTES else ""
    return ""


def _loads(name: str) -> bool:
    """Whether a module imports others, or starts programs, by names that it gets at run time."""
    if any(name == harmless or name.startswith(f"{harmless}.") for harmless in _HARMLESS):
        return False
    parts = name.split(".")
    if parts[0] == "os" and len(parts) == 2:
        return _OF_OS.fullmatch(parts[1]) is not None
    return any(".".join(parts[:length]) in _LOADERS for length in range(1, len(parts) + 1))


def _tokens(text: str) -> Iterator[str]:
    """Yield what may be the name of a Python file or module in a text."""
    yield from _FILE.findall(text)
    yield from (found for found in _DOTTED.findall(text) if not found.endswith(".py"))
